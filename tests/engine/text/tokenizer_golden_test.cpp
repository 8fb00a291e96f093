// Every string of the reference tokenizers, and of the project's own vocabularies, byte for byte; and what provenance changes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/format/weights.h"
#include "engine/text/loaders.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::engine;

namespace {

Json load(const std::string& path) {
  const auto text = read_file(path);
  REQUIRE(text.ok());
  const auto json = parse_json(*text, path);
  REQUIRE(json.ok());
  return *json;
}

// A vocabulary out of an archive, unpacked once into the temporary folder of this user.
std::string unpacked(const std::string& archive, const std::string& inside) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("wright-vocabularies-" + std::to_string(getuid()));
  fs::create_directories(folder);
  const fs::path file = folder / inside;
  if (!fs::exists(file)) {
    const auto scratch = folder / (".unpack-" + std::to_string(getpid()));
    fs::create_directories(scratch);
    const std::string command = "cd '" + scratch.string() + "' && cmake -E tar xf '" + archive + "'";
    REQUIRE(std::system(command.c_str()) == 0);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(scratch)) fs::rename(entry.path(), folder / entry.path().filename(), ignored);
    fs::remove_all(scratch, ignored);
  }
  return file.string();
}

void check(const Tokenizer& tokenizer, const Json& strings, const Json& golden, bool decodes) {
  const auto ties = golden.value("ties", std::vector<std::size_t>());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const auto text = strings[i].get<std::string>();
    auto want = golden["ids"][i].get<std::vector<TokenId>>();
    auto got = tokenizer.encode(text);
    if (decodes) {
      const auto expected = golden.contains("decoded") ? golden["decoded"].value(std::to_string(i), text) : text;
      wrong += tokenizer.decode(want) != expected;
    }
    if (std::find(ties.begin(), ties.end(), i) != ties.end()) {
      std::sort(want.begin(), want.end());
      std::sort(got.begin(), got.end());
    }
    wrong += got != want;
    auto plain = golden["ids"][i];
    if (golden.contains("plain")) plain = golden["plain"].value(std::to_string(i), plain);
    if (ties.empty()) wrong += tokenizer.encode(text, {false}) != plain.get<std::vector<TokenId>>();
    // Text of any origin gives the same ids when its spans are all of one kind, however it is cut.
    if (ties.empty()) {
      const std::size_t cut = text.size() / 2;
      const std::vector<TextSpan> spans = {{text.substr(0, cut), false}, {text.substr(cut), false}};
      wrong += tokenizer.encode_spans(spans) != tokenizer.encode(text, {false});
    }
    if (wrong) FAIL("string " << i << ": " << strings[i].dump());
  }
}

// The same vocabulary as a GGUF holds it, its pre-tokeniser by name.
std::string gguf_of(const Json& file, const std::string& pre) {
  std::vector<std::string> tokens, merges;
  std::vector<std::int32_t> types;
  const auto put = [&](std::size_t id, const std::string& text, std::int32_t type) {
    if (id >= tokens.size()) tokens.resize(id + 1), types.resize(id + 1, 5);  // 5: unused
    tokens[id] = text;
    types[id] = type;
  };
  for (const auto& [text, id] : file["model"]["vocab"].items()) put(id, text, 1);
  for (const auto& token : file["added_tokens"]) put(token["id"], token["content"], token["special"] ? 3 : 4);
  for (const auto& merge : file["model"]["merges"]) merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  test::GgufBytes out;
  out.header(0, 6).key("general.architecture", std::string("llama")).key("tokenizer.ggml.model", std::string("gpt2"));
  out.key("tokenizer.ggml.pre", pre).key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.token_type", types).key("tokenizer.ggml.merges", merges);
  return out.pad().str();
}

}  // namespace

TEST_CASE("tokenizers: equal to their references on every golden string", "[golden]") {
  const auto folder = test::shared_path("golden/tokenizers");
  if (!folder) return;
  struct Row {
    const char *file, *archive, *golden;
    bool decodes;
  };
  const Row row = GENERATE(values<Row>({
      {"o200k_base.tiktoken", nullptr, "o200k_harmony", true},
      {"deepseek-v3/tokenizer.json", "deepseek-v3", "deepseek_v3", true},
      {"qwen2/tokenizer.json", "qwen2", "qwen2", false},
      {"tekken/tekken.json", "tekken", "tekken", true},
      {"spm-bpe-prefix.model", nullptr, "spm-bpe-prefix", true},
      {"spm-bpe-user.model", nullptr, "spm-bpe-user", true},
      {"spm-unigram-prefix.model", nullptr, "spm-unigram-prefix", true},
      {"spm-unigram-user.model", nullptr, "spm-unigram-user", true},
  }));
  const std::string file = row.archive ? unpacked(*folder + "/vocab/" + row.archive + ".tar.xz", row.file)
                                       : *folder + "/vocab/" + row.file;
  const auto tokenizer = load_tokenizer_file(file);
  INFO(file << (tokenizer ? "" : ": " + tokenizer.error().text()));
  REQUIRE(tokenizer.ok());
  check(**tokenizer, load(*folder + "/strings.json"), load(*folder + "/" + row.golden + ".json"), row.decodes);
}

TEST_CASE("tokenizers: the project's own vocabularies, a kind of pre-tokeniser each") {
  const std::string folder = WRIGHT_SOURCE_DIR "/tests/data/tokenizers/";
  const std::string kind = GENERATE("gpt2", "prefix-space", "smollm", "llama3", "qwen2", "o200k", "deepseek", "llama2", "metaspace-first");
  INFO(kind);
  const Json strings = load(folder + "strings.json"), golden = load(folder + kind + ".json");
  REQUIRE(strings.size() >= 30);
  Json file = load(folder + golden["base"].get<std::string>() + ".vocab.json");
  for (const char* part : {"added_tokens", "normalizer", "pre_tokenizer"}) file[part] = golden[part];
  file["model"]["ignore_merges"] = golden["ignore_merges"];
  const auto tokenizer = load_json_tokenizer(dump_json(file), kind, "");
  INFO((tokenizer ? "" : tokenizer.error().text()));
  REQUIRE(tokenizer.ok());
  check(**tokenizer, strings, golden, true);
  if (golden["gguf"].is_null()) return;
  test::TempFolder scratch({{"m.gguf", gguf_of(file, golden["gguf"])}});
  const auto weights = open_weights(scratch.path() + "/m.gguf");
  REQUIRE(weights.ok());
  const auto named = load_gguf_tokenizer(**weights);
  INFO((named ? "" : named.error().text()));
  REQUIRE(named.ok());
  for (const Json& string : strings) {
    const auto text = string.get<std::string>();
    if (text.find("<|end|>") == text.npos) CHECK((*named)->encode(text) == (*tokenizer)->encode(text));  // GGUF has no lstrip, rstrip
    CHECK((*named)->encode(text, {false}) == (*tokenizer)->encode(text, {false}));
  }
}
