#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "base/json.h"
#include "base/utf8.h"
#include "engine/text/constraint.h"

using namespace wright;
using namespace wright::engine;

namespace {

// Every byte is a token, and so are some longer texts; the last id ends a generation.
class ByteTokenizer final : public Tokenizer {
 public:
  ByteTokenizer() {
    for (int i = 0; i < 256; ++i) pieces_.emplace_back(1, static_cast<char>(i));
    for (const char* text : {"{\"", "\":", "\": \"", "\"}", "\",\"", "true", "tru", "name", "na", " ", "  ", "\n", "ab", "12", "한", "\xED\x95", "}}", "null"})
      pieces_.emplace_back(text);
    pieces_.emplace_back("<end>");
  }
  std::vector<TokenId> encode(std::string_view text, EncodeOptions) const override {
    std::vector<TokenId> out;
    for (const char c : text) out.push_back(static_cast<unsigned char>(c));
    return out;
  }
  std::vector<TokenId> encode_spans(std::span<const TextSpan> spans) const override {
    std::vector<TokenId> out;
    for (const auto& s : spans)
      for (const TokenId id : encode(s.text, {})) out.push_back(id);
    return out;
  }
  std::string_view bytes(TokenId id) const override { return pieces_.at(static_cast<std::size_t>(id)); }
  std::string decode(std::span<const TokenId> ids) const override {
    std::string out;
    for (const TokenId id : ids) out += bytes(id);
    return out;
  }
  int size() const override { return static_cast<int>(pieces_.size()); }
  bool is_special(TokenId id) const override { return id == size() - 1; }
  std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
  TokenId bos() const override { return -1; }
  TokenId eos() const override { return size() - 1; }
  std::vector<TokenId> end_tokens() const override { return {size() - 1}; }

 private:
  std::vector<std::string> pieces_;
};

std::shared_ptr<const Tokenizer> tokenizer() {
  static const auto made = std::make_shared<const ByteTokenizer>();
  return made;
}

bool allowed(const TokenMask& mask, TokenId id) { return (mask[static_cast<std::size_t>(id) / 64] >> (id % 64)) & 1; }

// Whether the whole text is accepted, byte by byte.
bool accepts(const Constraint& constraint, std::string_view text) {
  auto state = constraint.start();
  for (const TokenId id : tokenizer()->encode(text)) {
    TokenMask mask;
    state->mask(mask);
    const auto next = state->advance(id);
    CHECK(allowed(mask, id) == (next != nullptr));
    if (!next) return false;
    state = next;
  }
  return state->complete();
}

struct Row {
  const char* schema;
  std::vector<std::string> good, bad;
};

}  // namespace

TEST_CASE("constraint: what each keyword lets through") {
  const Row rows[] = {
      {R"({"type":"boolean"})", {"true", "false"}, {"tru", "null", "\"true\"", "true "}},
      {R"({"type":["string","null"]})", {"null", "\"\"", R"("a\"b\\\/\n\u00e9\ud83d\ude80한")"}, {"\"", "\"\n\"", R"("\ud83d")", R"("\x")", "1", "\"\xff\""}},
      {R"({"type":"integer"})", {"0", "-1", "123456"}, {"01", "-", "-0", "1.0", "1e3"}},
      {R"({"type":"integer","minimum":-12,"maximum":105})", {"-12", "-9", "0", "9", "10", "99", "100", "105"}, {"-13", "106", "110", "1000", "-100"}},
      {R"({"type":"integer","exclusiveMinimum":7,"exclusiveMaximum":9.5})", {"8", "9"}, {"7", "10"}},
      {R"({"type":"number"})", {"0", "-0.5", "1e9", "1.25E-3"}, {"1.", ".5", "+1", "NaN"}},
      {R"({"type":"number","minimum":-1,"maximum":2})", {"-1", "-0.75", "0", "1.999", "2", "2.0", "-1.00"}, {"2.1", "-1.5", "3"}},
      {R"({"enum":["a",1,null,{"k":[1]}]})", {"\"a\"", "1", "null", R"({"k":[1]})"}, {"\"b\"", "2"}},
      {R"({"type":"string","enum":["x",1]})", {"\"x\""}, {"1"}},
      {R"({"const":"ü\"\n"})", {R"("ü\"\n")"}, {"\"u\""}},
      {R"({"type":"string","minLength":2,"maxLength":3})", {"\"ab\"", "\"한글a\"", R"("\n\n")"}, {"\"a\"", "\"abcd\""}},
      {R"({"type":"string","pattern":"^[a-c]{2,3}(x|\\d+)?$"})", {"\"ab\"", "\"abcx\"", "\"aa42\""}, {"\"a\"", "\"abcd\"", "\"abx1\""}},
      {R"({"type":"string","pattern":"b+"})", {"\"b\"", "\"abba\"", R"("\nb\"")"}, {"\"a\"", "\"\""}},
      {R"({"type":"string","pattern":"^\\w+@[^@\\s]+\\.(com|kr)$"})", {"\"me@x.kr\""}, {"\"me@x\"", "\"me @x.kr\""}},
      {R"({"type":"array","items":{"type":"integer"}})", {"[]", "[1]", "[1, 2,3]", "[\n  1\n]"}, {"[1,]", "[,1]", "[\"a\"]", "[1"}},
      {R"({"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3})", {"[1,2]", "[1,2,3]"}, {"[1]", "[1,2,3,4]", "[]"}},
      {R"({"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}],"items":false})", {"[]", "[\"a\"]", "[\"a\",true]"}, {"[true]", "[\"a\",true,1]"}},
      {R"({"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"string"},"c":{"type":"null"}},"required":["b","a"]})",
       {R"({"b":1,"a":"x"})", R"({"b": 1, "a": "x", "c": null})", "{\n  \"b\": 1,\n  \"a\": \"x\"\n}"},
       {R"({"a":"x","b":1})", R"({"b":1})", R"({"b":1,"a":"x","d":1})", R"({"b":1,"a":"x",})", "{}"}},
      {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}})", {"{}", R"({"a":1})", R"({"b":1})", R"({"a":1,"b":2})"}, {R"({"b":1,"a":2})", R"({,"b":1})"}},
      {R"({"type":"object","properties":{"ab":{"type":"integer"}},"additionalProperties":{"type":"boolean"}})",
       {R"({"ab":1})", R"({"ab":1,"abc":true,"a":false,"":true,"한":true})", R"({"x":true})"}, {R"({"ab":true})", R"({"x":1})", R"({"x":true,"ab":true})", R"({"\u0061b":true})"}},
      {R"({"type":"object","additionalProperties":false})", {"{}"}, {R"({"a":1})"}},
      {R"({"type":"object"})", {"{}", R"({"a":{"b":[1,{"c":null}]}})"}, {"[]", R"({"a":})"}},
      {R"({})", {"null", "[1,\"a\",{}]", "-1.5"}, {"nul", "[", ""}},
      {R"({"anyOf":[{"type":"object","properties":{"k":{"const":"a"},"v":{"type":"integer"}},"required":["k","v"]},
                    {"type":"object","properties":{"k":{"const":"b"},"v":{"type":"string"}},"required":["k","v"]}]})",
       {R"({"k":"a","v":1})", R"({"k":"b","v":"x"})"}, {R"({"k":"a","v":"x"})", R"({"k":"b","v":1})"}},
      {R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"integer"}},"required":["b"]}]})",
       {R"({"a":1,"b":2})"}, {R"({"a":1})", R"({"b":2})"}},
      {R"({"$defs":{"node":{"type":"object","properties":{"n":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["n","next"]}},"$ref":"#/$defs/node"})",
       {R"({"n":1,"next":null})", R"({"n":1,"next":{"n":2,"next":{"n":3,"next":null}}})"}, {R"({"n":1})", R"({"n":1,"next":{"n":2}})"}},
  };
  for (const Row& row : rows) {
    INFO(row.schema);
    const auto schema = parse_json(row.schema, "schema");
    REQUIRE(schema.ok());
    const auto constraint = compile_schema(tokenizer(), *schema);
    if (!constraint.ok()) FAIL(constraint.error().text());
    for (const auto& text : row.good) {
      INFO(text);
      CHECK(accepts(**constraint, text));
    }
    for (const auto& text : row.bad) {
      INFO(text);
      CHECK_FALSE(accepts(**constraint, text));
    }
  }
}

TEST_CASE("constraint: what is not supported or can't be met is named") {
  const std::pair<const char*, const char*> rows[] = {
      {R"-({"type":"object","patternProperties":{"a":{}}})-", "patternProperties"},
      {R"-({"type":"array","uniqueItems":true})-", "uniqueItems"},
      {R"-({"type":"string","pattern":"(?=a)"})-", "look-ahead"},
      {R"-({"type":"string","pattern":"(a)\\1"})-", "back-reference"},
      {R"-({"type":"string","pattern":"(a"})-", "')' is missing"},
      {R"-({"type":"string","pattern":"a","minLength":3})-", "length"},
      {R"-({"properties":{"x":{"type":"colour"}}})-", "#/properties/x/type"},
      {R"-({"$ref":"#/$defs/missing"})-", "not there"},
      {R"-({"$ref":"http://example.com/x"})-", "only references into this schema"},
      {R"-({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"})-", "no finite text"},
      {R"-({"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"})-", "leads back to itself"},
      {R"-({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})-", "no finite text"},
      {R"-({"type":"integer","minimum":3,"maximum":2})-", "minimum"},
      {R"-({"type":"string","pattern":"((a|a)*{1000}){1000}"})-", ""},
      {R"-({"type":"string","pattern":"(a{1000}){1000}"})-", "too large"},
      {R"-({"type":"array","minItems":999999999,"items":{"type":"null"}})-", "too large"},
      {R"-({"enum":[]})-", "enum"},
      {"5", "must be an object"},
  };
  for (const auto& [text, words] : rows) {
    INFO(text);
    const auto constraint = compile_schema(tokenizer(), *parse_json(text, "schema"));
    REQUIRE_FALSE(constraint.ok());
    CHECK(constraint.error().message.find(words) != std::string::npos);
  }
}

TEST_CASE("constraint: any walk along the masks can be closed, and gives JSON that is accepted") {
  const char* schemas[] = {
      R"({"type":"object","properties":{"name":{"type":"string"},"tags":{"type":"array","items":{"enum":["ab","cd"]}},"n":{"type":"number"},"o":{}},"required":["name"]})",
      R"({"type":"string","pattern":"^(ab)+\\d{2}$"})",
      R"({})",
      R"({"type":"object","additionalProperties":{"type":"array","items":{"type":"integer","minimum":-5,"maximum":50}}})"};
  std::mt19937 random(7);
  for (const char* text : schemas) {
    const auto constraint = *compile_schema(tokenizer(), *parse_json(text, "schema"));
    for (int round = 0; round < 60; ++round) {
      auto state = constraint->start();
      std::string out;
      for (int i = 0, n = static_cast<int>(random() % 60); i < n; ++i) {
        TokenMask mask;
        state->mask(mask);
        std::vector<TokenId> ids;
        for (TokenId id = 0; id < tokenizer()->size(); ++id)
          if (allowed(mask, id)) ids.push_back(id);
        REQUIRE_FALSE(ids.empty());
        CHECK(allowed(mask, tokenizer()->eos()) == state->complete());
        const TokenId id = ids[random() % ids.size()];
        if (id == tokenizer()->eos()) break;
        state = state->advance(id);
        REQUIRE(state);
        out += tokenizer()->bytes(id);
      }
      const std::string close = state->shortest_close();
      INFO(out << " + " << close);
      CHECK(accepts(*constraint, out + close));
      CHECK(parse_json(out + close, "text").ok());
      CHECK(close.size() < 400);
    }
  }
}

TEST_CASE("constraint: forced text, choices and plain patterns") {
  const auto schema = *compile_schema(tokenizer(), *parse_json(R"({"type":"object","properties":{"path":{"type":"string"}},"required":["path"]})", "schema"));
  auto state = schema->start();
  CHECK(state->forced() == "{");
  state = state->advance('{')->advance('"');
  CHECK(state->forced() == "path\":");
  const std::vector<std::string> texts = {"yes", "yesterday", "no"};
  const auto choices = *compile_choices(tokenizer(), texts);
  for (const auto& text : texts) CHECK(accepts(*choices, text));
  CHECK_FALSE(accepts(*choices, "yest"));
  CHECK(choices->start()->advance('n')->forced() == "o");
  const auto pattern = *compile_pattern(tokenizer(), "[0-9]+(\\.[0-9]+)?");
  CHECK(accepts(*pattern, "12.5"));
  CHECK_FALSE(accepts(*pattern, "a12.5"));
  CHECK_FALSE(accepts(*pattern, "12."));
}
