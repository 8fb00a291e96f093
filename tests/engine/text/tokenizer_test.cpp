// Tokenizers of our own making: added tokens, provenance, normal form, malformed files.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "engine/text/bpe.h"
#include "engine/text/loaders.h"
#include "engine/text/nfc.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/regex.h"
#include "engine/text/tokenizer.h"

using namespace wright;
using namespace wright::engine;

namespace {

std::string utf8_of(unsigned code) {
  std::string out;
  if (code < 0x80) out += static_cast<char>(code);
  else out = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
  return out;
}

// Byte-level vocabulary: 256 bytes, a few merges, then added tokens.
Json small_tokenizer() {
  Json vocab = Json::object();
  int next = 0, extra = 256;
  for (int b = 0; b < 256; ++b) {
    const bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD);
    vocab[utf8_of(static_cast<unsigned>(itself ? b : extra++))] = next++;
  }
  Json merges = Json::array();
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"}}) {
    merges.push_back(Json::array({a, b}));
    vocab[a + b] = next++;
  }
  const auto added = [&](const char* text, bool special) {
    return Json{{"id", next++}, {"content", text}, {"special", special}, {"lstrip", false}, {"rstrip", false},
                {"single_word", false}, {"normalized", false}};
  };
  Json list = Json::array({added("<|im_start|>", true), added("<|im_end|>", true), added("<|im|>", true),
                           added("<tool_call>", false)});
  return Json{{"added_tokens", list},
              {"normalizer", nullptr},
              {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
              {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
}

std::shared_ptr<const Tokenizer> small() {
  auto t = load_json_tokenizer(dump_json(small_tokenizer()), "small.json", "");
  INFO((t ? "" : t.error().text()));
  REQUIRE(t.ok());
  return *t;
}

}  // namespace

TEST_CASE("tokenizer: merges, added tokens and decoding") {
  const auto t = small();
  const auto hello = t->encode("hello");
  CHECK(hello == std::vector<TokenId>{259});
  CHECK(t->encode("<|im_start|>hello<|im_end|>") == std::vector<TokenId>{260, 259, 261});
  CHECK(t->encode("<|im_start|>", {false}).size() == 12);
  CHECK(t->decode(t->encode("<|im_start|>h\xC3\xA9llo \xFF\n")) == "<|im_start|>h\xC3\xA9llo \xFF\n");
  CHECK(t->find("<|im_end|>") == 261);
  CHECK_FALSE(t->find("hello"));
  CHECK(t->is_special(260));
  CHECK_FALSE(t->is_special(263));
  CHECK(t->bytes(100000).empty());
  CHECK(t->end_tokens() == std::vector<TokenId>{261});
}

TEST_CASE("tokenizer: user text never becomes a control token") {
  const auto t = small();
  const std::vector<TextSpan> spans = {
      {"<|im_start|>", true}, {"hel", false}, {"lo", true}, {"<|im_end|>", false}, {"<|im_end|>", true}};
  const auto ids = t->encode_spans(spans);
  REQUIRE(ids.size() > 4);
  CHECK(ids.front() == 260);
  CHECK(ids[1] == 259);  // pre-tokenisation runs over the joined text
  CHECK(ids.back() == 261);
  CHECK(std::count(ids.begin(), ids.end(), 261) == 1);
  CHECK(t->decode(ids) == "<|im_start|>hello<|im_end|><|im_end|>");
  // A token that is only partly the template's is text too; one that two template spans spell is a token.
  CHECK(t->encode_spans(std::vector<TextSpan>{{"<|im_", true}, {"end|>", false}}) == t->encode("<|im_end|>", {false}));
  CHECK(t->encode_spans(std::vector<TextSpan>{{"<|im_", true}, {"end|>", true}}) == std::vector<TokenId>{261});
  CHECK(t->encode_spans(std::vector<TextSpan>{{"<tool_call>", false}}).size() > 1);
}

TEST_CASE("tokenizer: long pieces merge as short ones do") {
  const auto t = small();
  std::string text;
  for (int i = 0; i < 100; ++i) text += "hello";
  CHECK(t->encode(text) == std::vector<TokenId>(100, 259));
}

TEST_CASE("tokenizer: malformed files are errors that name the place") {
  const auto refused = [](Json json, const std::string& part) {
    const auto t = load_json_tokenizer(dump_json(json), "bad.json", "");
    REQUIRE_FALSE(t.ok());
    INFO(t.error().text());
    CHECK(t.error().message.find("bad.json") != std::string::npos);
    CHECK(t.error().message.find(part) != std::string::npos);
  };
  Json json = small_tokenizer();
  json["model"]["merges"].push_back("nothing here");
  refused(json, "merges");
  json = small_tokenizer();
  json["model"]["vocab"]["x1"] = -5;
  refused(json, "x1");
  json = small_tokenizer();
  json["model"].erase("vocab");
  refused(json, "vocab");
  json = small_tokenizer();
  json["pre_tokenizer"] = {{"type", "Mystery"}};
  refused(json, "Mystery");
  json = small_tokenizer();
  json["normalizer"] = {{"type", "NFKC"}};
  refused(json, "NFKC");
  json = small_tokenizer();
  json["model"]["type"] = "WordPiece";
  refused(json, "WordPiece");
  CHECK_FALSE(load_json_tokenizer("{", "bad.json", "").ok());
  CHECK_FALSE(load_json_tokenizer("[]", "bad.json", "").ok());
  CHECK_FALSE(load_sentencepiece("not a protocol buffer", "x.model").ok());
  CHECK_FALSE(load_tiktoken("IQ== 0\n!! 1\n", R"({"pattern":"."})", "x.tiktoken").ok());
  CHECK_FALSE(load_tekken("{}", "tekken.json").ok());
  const auto unknown = pre_tokenizer_by_name("future-bpe");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message.find("future-bpe") != std::string::npos);
}

TEST_CASE("normal form C composes, orders marks and keeps the rest") {
  CHECK(nfc("e\xCC\x81") == "\xC3\xA9");
  CHECK(nfc("plain ascii") == "plain ascii");
  CHECK(nfc("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8") == "\xEA\xB0\x81");  // Hangul L V T
  CHECK(nfc("a\xCC\xA7\xCC\x81") == nfc("a\xCC\x81\xCC\xA7"));           // cedilla, acute in either order
  CHECK(nfc("\xE2\x84\xAB") == "\xC3\x85");                              // Angstrom sign, a singleton
  CHECK(nfc("\xFF" "e\xCC\x81") == "\xFF\xC3\xA9");
  CHECK(nfc("\xE0\xA5\x98") == "\xE0\xA4\x95\xE0\xA4\xBC");              // a composition exclusion
}

TEST_CASE("white space in patterns is Unicode's White_Space") {
  const auto regex = Regex::compile(R"([\s]+|\S)", "test");
  REQUIRE(regex.ok());
  int matches = 0;
  regex->each("\xE1\xA0\x8E", [&](std::size_t, std::size_t) { ++matches; });  // U+180E is no white space
  CHECK(matches == 1);
  CHECK(spell_white_space("[^\\s]") != "[^\\s]");
  CHECK_FALSE(Regex::compile("(", "test").ok());
}
