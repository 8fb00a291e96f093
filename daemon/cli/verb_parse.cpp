#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/services.h"
#include "daemon/cli/verbs.h"
#include "engine/chat/chat_format.h"
#include "engine/chat/harmony.h"
#include "engine/chat/reply_format.h"
#include "engine/text/tokenizer.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "wright parse FORMAT [--strict] [--tokenizer FILE]\n"
    "\n"
    "Reads model replies as JSON on stdin and prints what they say: text, reasoning, tool calls.\n"
    "  FORMAT       harmony, hermes-json, qwen3-coder-xml, deepseek-r1, deepseek-v3.1, deepseek-v3.2, llama3-json,\n"
    "               mistral-v3, mistral-v11, glm4, minimax-m2, gemma4, plain, or a model\n"
    "  stdin        {\"tools\"?, \"completions\": [{\"text\" | \"ids\", \"prompt_tail\"?} …]}\n"
    "  --strict     {\"error\"} in the place of a reply that had to be repaired\n"
    "  --tokenizer  for completions given as ids (a model brings its own)\n";

struct Setting {
  std::string format;  // "harmony" or a row of the table
  std::shared_ptr<const engine::Tokenizer> tokenizer;
  bool strict = false;
};

std::vector<engine::ToolSpec> tools_of(const Json& json) {
  std::vector<engine::ToolSpec> out;
  if (!json.is_array()) return out;
  for (const Json& entry : json) {
    const Json& f = entry.is_object() && entry.contains("function") ? entry["function"] : entry;
    if (f.is_object() && f.contains("name") && f["name"].is_string())
      out.push_back({f["name"].get<std::string>(), f.value("description", Json("")).is_string() ? f.value("description", "") : "", f.value("parameters", Json::object())});
  }
  return out;
}

// Feeds one completion to `feed(id, bytes)`.
template <class Feed>
Result<void> feed_all(const Setting& setting, const Json& completion, Feed feed) {
  if (completion.contains("text") && completion["text"].is_string()) {
    feed(-1, completion["text"].get<std::string>());
    return {};
  }
  if (!completion.contains("ids") || !completion["ids"].is_array()) return Error{ErrorKind::usage, "a completion needs \"text\" or \"ids\"", ""};
  if (!setting.tokenizer) return Error{ErrorKind::usage, "completions given as ids need a vocabulary", "add --tokenizer FILE, or give the text"};
  for (const Json& id : completion["ids"]) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= setting.tokenizer->size())
      return Error{ErrorKind::usage, "an id lies outside the vocabulary", ""};
    feed(id.get<engine::TokenId>(), std::string(setting.tokenizer->bytes(id.get<engine::TokenId>())));
  }
  return {};
}

Result<nlohmann::ordered_json> parse_harmony(const Setting& setting, const Json& completion) {
  engine::HarmonyParser parser(setting.tokenizer);
  WRIGHT_CHECK(feed_all(setting, completion, [&](engine::TokenId id, const std::string& bytes) { parser.feed(id, bytes); }));
  parser.finish();
  if (setting.strict && !parser.fault().empty()) return nlohmann::ordered_json{{"error", parser.fault()}};
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  for (const auto& m : parser.messages()) messages.push_back(engine::harmony_to_json(m));
  return nlohmann::ordered_json{{"messages", std::move(messages)}};
}

Result<nlohmann::ordered_json> parse_reply(const Setting& setting, const Json& completion, const std::vector<engine::ToolSpec>& tools) {
  const engine::ReplyFormat* format = engine::find_reply_format(setting.format);
  std::optional<std::string> tail;
  if (completion.contains("prompt_tail") && completion["prompt_tail"].is_string()) tail = completion["prompt_tail"].get<std::string>();
  const auto parser = engine::make_reply_parser(*format, tools, tail);
  std::string text, reasoning;
  nlohmann::ordered_json calls = nlohmann::ordered_json::array();
  const auto take = [&](const std::vector<engine::ReplyDelta>& deltas) {
    for (const auto& d : deltas) {
      if (d.kind == engine::ReplyDelta::Kind::text) text += d.text;
      else if (d.kind == engine::ReplyDelta::Kind::reasoning) reasoning += d.text;
      else calls.push_back({{"name", d.tool_call.name}, {"arguments", nlohmann::ordered_json::parse(dump_json(d.tool_call.arguments))}});
    }
  };
  WRIGHT_CHECK(feed_all(setting, completion, [&](engine::TokenId id, const std::string& bytes) { take(parser->feed(id, bytes)); }));
  take(parser->finish());
  if (setting.strict && parser->repaired())
    return nlohmann::ordered_json{{"error", "the reply departs from the format " + setting.format}};
  const char* finish = calls.empty() ? "stop" : "tool_calls";
  return nlohmann::ordered_json{{"role", "assistant"}, {"content", text},    {"reasoning_content", reasoning},
                                {"tool_calls", calls}, {"finish", finish}, {"repaired", parser->repaired()}};
}

Result<void> work(Setting setting, const std::string& tokenizer) {
  if (setting.format != "harmony" && !engine::find_reply_format(setting.format)) {
    WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), setting.format));
    WRIGHT_TRY(const auto sources, engine::chat_templates(path));
    WRIGHT_TRY(setting.tokenizer, engine::load_tokenizer(path));
    WRIGHT_TRY(const auto format, engine::make_chat_format(sources, "", "", setting.tokenizer));
    setting.format = format->name();
  }
  const std::string own = daemon::Folders::from_environment().cache + "/models/o200k_base.tiktoken";
  if (setting.format == "harmony" && !setting.tokenizer && tokenizer.empty() && exists(own)) {
    WRIGHT_TRY(setting.tokenizer, engine::load_tokenizer(own));
  }
  if (!tokenizer.empty()) {
    WRIGHT_TRY(setting.tokenizer, engine::load_tokenizer(tokenizer));
  }
  WRIGHT_TRY(const auto input, read_stdin());
  WRIGHT_TRY(const auto json, parse_json(input, "stdin"));
  if (!json.is_object() || !json.contains("completions") || !json["completions"].is_array())
    return Error{ErrorKind::usage, "stdin: expected {\"completions\": […]}", "see wright parse --help"};
  const auto tools = tools_of(json.value("tools", Json()));
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Json& completion : json["completions"]) {
    if (!completion.is_object()) return Error{ErrorKind::usage, "stdin: a completion is an object", "see wright parse --help"};
    WRIGHT_TRY(auto one, setting.format == "harmony" ? parse_harmony(setting, completion) : parse_reply(setting, completion, tools));
    results.push_back(std::move(one));
  }
  const std::string out = results.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0) return Error{ErrorKind::io, "cannot write to stdout", ""};
  return {};
}

}  // namespace

int verb_parse(const std::vector<std::string>& args) {
  Setting setting;
  std::string tokenizer;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--help" || args[i] == "-h") return std::fputs(kHelp, stdout), 0;
    if (args[i] == "--strict") setting.strict = true;
    else if (args[i] == "--tokenizer" && i + 1 < args.size()) tokenizer = args[++i];
    else if (args[i].size() > 1 && args[i][0] == '-') return fail({ErrorKind::usage, "parse: unknown option " + args[i], "see wright parse --help"});
    else if (setting.format.empty()) setting.format = args[i];
    else return fail({ErrorKind::usage, "parse: more than one FORMAT: " + args[i], "see wright parse --help"});
  }
  if (setting.format.empty()) return fail({ErrorKind::usage, "parse: FORMAT is missing", "see wright parse --help"});
  if (const auto done = work(std::move(setting), tokenizer); !done) return fail(done.error());
  return 0;
}

}  // namespace wright::cli
