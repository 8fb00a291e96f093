// Names of pre-tokenisers in GGUF files and what they mean. The patterns are those of the models' own tokenizers.
#include <fmt/format.h>

#include "engine/text/pre_tokenizer.h"

namespace wright::engine {
namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kKimi =
    R"(\p{Han}+|[^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])*(?:(?!\p{Han})[\p{Ll}\p{Lm}\p{Lo}\p{M}])+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])+(?:(?!\p{Han})[\p{Ll}\p{Lm}\p{Lo}\p{M}])*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepSeekWords =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBailing =
    R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kSeed =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{L}|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Row {
  const char* names;        // separated by blanks
  const char* patterns[3];  // steps, each cuts what the ones before left
  bool nfc, ignore_merges;
};

constexpr Row kRows[] = {
    {"gpt-2 gpt2 phi-2 mpt olmo jais gigachat trillion granite-docling roberta-bpe jina-es jina-de jina-v2-es "
     "jina-v2-de jina-v2-code jina-v1-en jina-v3 a.x-4.0 mellum modern-bert exaone4",
     {kGpt2}, false, false},
    {"smollm starcoder refact command-r codeshell exaone minerva-7b", {R"(\p{N})", kGpt2}, false, false},
    {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2", {kLlama3}, false, true},
    {"dbrx smaug-bpe chatglm-bpe glm4", {kLlama3}, false, false},
    {"qwen2 deepseek-r1-qwen megrez kormo", {kQwen2}, true, false},
    {"stablelm2 hunyuan solar-open grok-2", {kQwen2}, false, false},
    {"qwen35", {kQwen35}, true, false},
    {"gpt-4o llama4 kanana2 o200k", {kO200k}, false, false},
    {"minimax-m2", {kO200k}, false, false},
    {"tekken", {kTekken}, false, true},
    {"kimi-k2", {kKimi}, false, false},
    {"deepseek-v3 hunyuan-dense", {R"(\p{N}{1,3})", R"([一-龥぀-ゟ゠-ヿ]+)", kDeepSeekWords}, false, false},
    {"bailingmoe bailingmoe2 llada-moe", {kBailing}, false, false},
    {"seed-coder", {kSeed}, false, false},
};

bool contains_word(std::string_view words, std::string_view word) {
  for (std::size_t at = 0; (at = words.find(word, at)) != std::string_view::npos; at += word.size()) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

Result<PreTokenizer> pre_tokenizer_by_name(std::string_view name) {
  for (const Row& row : kRows) {
    if (name.empty() || !contains_word(row.names, name)) continue;
    PreTokenizer out;
    out.byte_level = true;
    out.ignore_merges = row.ignore_merges;
    if (row.nfc) out.normalize.push_back({NormalizeStep::Kind::nfc, std::nullopt, "", ""});
    for (const char* pattern : row.patterns) {
      if (!pattern) break;
      WRIGHT_TRY(auto regex, Regex::compile(pattern, name));
      out.splits.push_back({std::move(regex)});
    }
    return out;
  }
  return Error{ErrorKind::invalid, fmt::format("unknown pre-tokeniser \"{}\" (tokenizer.ggml.pre)", name),
               "use a newer Wright, or the model's folder with its tokenizer.json"};
}

Result<PreTokenizer> pre_tokenizer_by_pattern(std::string_view pattern, std::string_view what) {
  WRIGHT_TRY(auto regex, Regex::compile(pattern, what));
  PreTokenizer out;
  out.byte_level = true;
  out.splits.push_back({std::move(regex)});
  return out;
}

}  // namespace wright::engine
