// Replies of every family: what they mean, that any cut of the stream gives the same, and that broken ones are repaired.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>

#include "engine/chat/harmony.h"
#include "engine/chat/reply_format.h"

using namespace wright::engine;
using nlohmann::json;

namespace {

const std::vector<ToolSpec> kTools = {
    {"get_weather", "", json::parse(R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"opts":{"type":"object"}}})")},
    {"write_file", "", json::parse(R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}}})")},
};

json collect(std::vector<ReplyDelta> deltas) {
  std::string text, reasoning;
  json calls = json::array();
  for (const auto& d : deltas) {
    if (d.kind == ReplyDelta::Kind::text) text += d.text;
    if (d.kind == ReplyDelta::Kind::reasoning) reasoning += d.text;
    if (d.kind == ReplyDelta::Kind::tool_call) calls.push_back({{"name", d.tool_call.name}, {"arguments", d.tool_call.arguments}});
  }
  return {{"text", text}, {"reasoning", reasoning}, {"calls", calls}};
}

std::unique_ptr<ReplyParser> make(const std::string& format, std::optional<std::string> tail, const std::vector<ToolSpec>& tools) {
  if (format == "harmony") return make_harmony_reply_parser(nullptr, tools);
  const ReplyFormat* f = find_reply_format(format);
  REQUIRE(f);
  return make_reply_parser(*f, tools, tail);
}

json parse(const std::string& format, const std::string& text, std::optional<std::string> tail, const std::vector<std::size_t>& cuts, bool& repaired,
           const std::vector<ToolSpec>& tools = kTools) {
  auto parser = make(format, tail, tools);
  std::vector<ReplyDelta> all;
  std::size_t at = 0;
  const auto take = [&](std::vector<ReplyDelta> d) { all.insert(all.end(), d.begin(), d.end()); };
  for (const std::size_t cut : cuts) {
    take(parser->feed(-1, std::string_view(text).substr(at, cut - at)));
    at = cut;
  }
  take(parser->feed(-1, std::string_view(text).substr(at)));
  take(parser->finish());
  repaired = parser->repaired();
  return collect(all);
}

struct Case {
  const char *format, *text;
  const char* want;  // {"text","reasoning","calls"}
  bool repaired = false;
  std::optional<std::string> tail = "";
};

const std::vector<Case>& cases() {
  static const std::vector<Case> rows = {
      {"plain", "Hello\nworld\n", R"({"text":"Hello\nworld\n","reasoning":"","calls":[]})"},
      {"plain", "<think>\nhm\n</think>\n\nHi<|im_end|>", R"({"text":"Hi","reasoning":"hm","calls":[]})"},
      {"plain", "if a < b and c<d: <thin", R"({"text":"if a < b and c<d: <thin","reasoning":"","calls":[]})"},
      {"hermes-json", "why\n</think>\n\nok", R"({"text":"ok","reasoning":"why","calls":[]})", false, "<think>\n"},
      {"hermes-json", "why\n</think>\n\nok", R"({"text":"ok","reasoning":"why","calls":[]})", false, std::nullopt},
      {"hermes-json", "Sure.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>\n<tool_call>\n{\"name\":\"a\",\"arguments\":{}}\n</tool_call><|im_end|>",
       R"({"text":"Sure.","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"Paris"}},{"name":"a","arguments":{}}]})"},
      {"hermes-json", "<tool_call>{\"name\":\"write_file\",\"arguments\":{\"path\":\"x\",\"content\":\"a </tool_call> b {\"}}</tool_call>",
       R"({"text":"","reasoning":"","calls":[{"name":"write_file","arguments":{"path":"x","content":"a </tool_call> b {"}}]})"},
      {"hermes-json", "<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Paris', 'days': 2,}}\n</tool_call>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"Paris","days":2}}]})", true},
      {"hermes-json", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Par",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"Par"}}]})", true},
      {"hermes-json", "<tool_call>garbage</tool_call> end", R"({"text":"<tool_call>garbage</tool_call> end","reasoning":"","calls":[]})", true},
      {"qwen3-coder-xml", "Do:\n<tool_call>\n<function=write_file>\n<parameter=path>\na.txt\n</parameter>\n<parameter=content>\n1\n\n</parameter>\n</function>\n</tool_call>",
       R"({"text":"Do:","reasoning":"","calls":[{"name":"write_file","arguments":{"path":"a.txt","content":"1\n"}}]})"},
      {"qwen3-coder-xml", "<function=get_weather>\n<parameter=days>\n3\n</parameter>\n<parameter=opts>\n{\"a\": [1]}\n</parameter>\n</function>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"days":3,"opts":{"a":[1]}}}]})"},
      {"deepseek-r1", "think</think>\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Rome\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
       R"({"text":"","reasoning":"think","calls":[{"name":"get_weather","arguments":{"city":"Rome"}}]})", false, "<think>\n"},
      {"deepseek-v3.1", "ok<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"R\"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>a<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       R"({"text":"ok","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"R"}},{"name":"a","arguments":{}}]})"},
      {"deepseek-v3.2", "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">5</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">5</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"5","days":5}}]})"},
      {"llama3-json", "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}<|eot_id|>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"Oslo"}}]})"},
      {"llama3-json", "<|python_tag|>brave_search.call(query=\"a, b)\")<|eom_id|>",
       R"j({"text":"","reasoning":"","calls":[{"name":"brave_search","arguments":{"query":"a, b)"}}]})j"},
      {"llama3-json", "{\"answer\": 5}", R"({"text":"{\"answer\": 5}","reasoning":"","calls":[]})", true},
      {"mistral-v3", "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"X\"}, \"id\": \"abcdefghi\"}]</s>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"X"}}]})"},
      {"mistral-v11", "hm[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{\"city\": \"X\"}[TOOL_CALLS]a[ARGS]{}</s>",
       R"({"text":"hm","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"X"}},{"name":"a","arguments":{}}]})"},
      {"glm4", "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>12</arg_value>\n<arg_key>days</arg_key>\n<arg_value>12</arg_value>\n</tool_call>",
       R"({"text":"","reasoning":"","calls":[{"name":"get_weather","arguments":{"city":"12","days":12}}]})"},
      {"minimax-m2", "r</think>\n\nT<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Paris</parameter>\n</invoke>\n</minimax:tool_call>[e~[",
       R"({"text":"T","reasoning":"r","calls":[{"name":"get_weather","arguments":{"city":"Paris"}}]})", false, "<think>\n"},
      {"gemma4", "<|channel>thought\nhm\n<channel|><|tool_call>call:get_weather{city:<|\"|>P, {x}<|\"|>,days:3,opts:{a:[1,<|\"|>b<|\"|>]}}<tool_call|>",
       R"({"text":"","reasoning":"hm","calls":[{"name":"get_weather","arguments":{"city":"P, {x}","days":3,"opts":{"a":[1,"b"]}}}]})"},
      {"harmony", "<|channel|>analysis<|message|>r<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{\"city\":\"P\"}<|call|>",
       R"({"text":"","reasoning":"r","calls":[{"name":"get_weather","arguments":{"city":"P"}}]})"},
      {"harmony", "<|channel|>final<|message|>Hello <| world<|return|>", R"({"text":"Hello <| world","reasoning":"","calls":[]})"},
      {"harmony", "plain words", R"({"text":"plain words","reasoning":"","calls":[]})", true},
  };
  return rows;
}

}  // namespace

TEST_CASE("reply parsers: the meaning of each family's replies") {
  for (const Case& c : cases()) {
    INFO(c.format << ": " << c.text);
    bool repaired = false;
    CHECK(parse(c.format, c.text, c.tail, {}, repaired) == json::parse(c.want));
    CHECK(repaired == c.repaired);
  }
}

TEST_CASE("reply parsers: any cut of the stream gives the same") {
  std::mt19937 random(7);
  for (const Case& c : cases()) {
    const std::string text = c.text;
    bool whole = false;
    const json want = parse(c.format, text, c.tail, {}, whole);
    const auto check = [&](const std::vector<std::size_t>& cuts) {
      bool repaired = false;
      if (parse(c.format, text, c.tail, cuts, repaired) != want || repaired != whole) FAIL(c.format << " differs: " << text);
    };
    for (std::size_t cut = 0; cut <= text.size(); ++cut) check({cut});
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < text.size(); ++i) every.push_back(i);
    check(every);
    for (int n = 0; n < 20; ++n) {
      std::vector<std::size_t> cuts;
      for (std::size_t i = 1; i < text.size(); ++i)
        if (random() % 4 == 0) cuts.push_back(i);
      check(cuts);
    }
  }
}

TEST_CASE("reply parsers: a reply cut anywhere never loses its words") {
  for (const Case& c : cases()) {
    const std::string text = c.text;
    for (std::size_t end = 0; end <= text.size(); ++end) {
      bool repaired = false;
      const json got = parse(c.format, text.substr(0, end), c.tail, {}, repaired);
      CHECK(got["calls"].size() <= json::parse(c.want)["calls"].size());
    }
  }
}

TEST_CASE("reply parsers: the project's own completions of every format, whole and cut") {
  std::ifstream in(WRIGHT_SOURCE_DIR "/tests/data/replies/replies.jsonl");
  std::string line;
  REQUIRE(std::getline(in, line));
  std::vector<ToolSpec> tools;
  const json first = json::parse(line);
  for (const json& t : first["tools"]) tools.push_back({t["name"].get<std::string>(), "", t["parameters"]});
  std::mt19937 random(11);
  std::map<std::string, int> counts;
  while (std::getline(in, line)) {
    const json c = json::parse(line);
    const std::string format = c["format"], text = c["text"];
    std::optional<std::string> tail;
    if (c.contains("tail")) tail = c["tail"].get<std::string>();
    INFO(format << ": " << line);
    bool repaired = false;
    CHECK(parse(format, text, tail, {}, repaired, tools) == c["expected"]);
    CHECK_FALSE(repaired);
    std::vector<std::size_t> every, some;
    for (std::size_t i = 1; i < text.size(); ++i) {
      every.push_back(i);
      if (random() % 5 == 0) some.push_back(i);
    }
    CHECK(parse(format, text, tail, every, repaired, tools) == c["expected"]);
    CHECK(parse(format, text, tail, some, repaired, tools) == c["expected"]);
    ++counts[format];
  }
  CHECK(counts.size() == reply_format_names().size());  // harmony is no row of the table, plain has no calls
  for (const auto& [format, n] : counts) CHECK(n >= 30);
}
