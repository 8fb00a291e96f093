// Every string of the reference tokenizers, byte for byte; and what provenance changes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/text/loaders.h"
#include "tests/support/shared.h"

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

void check(const std::string& vocabulary, const std::string& golden_path, bool decodes) {
  const auto tokenizer = load_tokenizer_file(vocabulary);
  INFO(vocabulary << (tokenizer ? "" : ": " + tokenizer.error().text()));
  REQUIRE(tokenizer.ok());
  const Json strings = load(*test::shared_path("golden/tokenizers/strings.json"));
  const Json golden = load(golden_path);
  const auto ties = golden.value("ties", std::vector<std::size_t>());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const auto text = strings[i].get<std::string>();
    auto want = golden["ids"][i].get<std::vector<TokenId>>();
    auto got = (*tokenizer)->encode(text);
    if (decodes) {
      const auto expected = golden.contains("decoded") ? golden["decoded"].value(std::to_string(i), text) : text;
      wrong += (*tokenizer)->decode(want) != expected;
    }
    if (std::find(ties.begin(), ties.end(), i) != ties.end()) {
      std::sort(want.begin(), want.end());
      std::sort(got.begin(), got.end());
    }
    wrong += got != want;
    auto plain = golden["ids"][i];
    if (golden.contains("plain")) plain = golden["plain"].value(std::to_string(i), plain);
    if (ties.empty()) wrong += (*tokenizer)->encode(text, {false}) != plain.get<std::vector<TokenId>>();
    // Text of any origin gives the same ids when its spans are all of one kind, however it is cut.
    if (ties.empty()) {
      const std::size_t cut = text.size() / 2;
      const std::vector<TextSpan> spans = {{text.substr(0, cut), false}, {text.substr(cut), false}};
      wrong += (*tokenizer)->encode_spans(spans) != (*tokenizer)->encode(text, {false});
    }
    if (wrong) FAIL("string " << i << ": " << strings[i].dump());
  }
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
  check(file, *folder + "/" + row.golden + ".json", row.decodes);
}
