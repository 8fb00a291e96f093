#include <fmt/format.h>

#include "engine/format/weights.h"
#include "engine/text/bpe_tokenizer.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/loaders.h"
#include "engine/text/sentencepiece.h"

namespace wright::engine {
namespace {

enum TokenType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };  // ggml

TokenId meta_id(const Weights& weights, const char* key, std::size_t size) {
  if (!weights.meta(key)) return -1;
  const auto id = meta_int(weights, key);
  return id && *id >= 0 && static_cast<std::size_t>(*id) < size ? static_cast<TokenId>(*id) : -1;
}

bool meta_bool(const Weights& weights, const char* key, bool fallback) {
  const MetaValue* value = weights.meta(key);
  const bool* flag = value ? std::get_if<bool>(value) : nullptr;
  return flag ? *flag : fallback;
}

Error broken(const Weights& weights, std::string message) {
  return {ErrorKind::invalid, fmt::format("{}: {}", weights.path(), message), "the file is damaged; fetch it again"};
}

void roles(const Weights& weights, Vocabulary& vocabulary) {
  const std::size_t n = vocabulary.pieces.size();
  vocabulary.bos = meta_id(weights, "tokenizer.ggml.bos_token_id", n);
  vocabulary.eos = meta_id(weights, "tokenizer.ggml.eos_token_id", n);
  if (vocabulary.eos >= 0) vocabulary.ends.push_back(vocabulary.eos);
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const TokenId id = meta_id(weights, key, n); id >= 0) vocabulary.ends.push_back(id);
}

TokenizerResult load_bpe(const Weights& weights, const std::vector<std::string>& tokens,
                         const std::vector<std::int64_t>* types) {
  WRIGHT_TRY(const auto pre_name, meta_string(weights, "tokenizer.ggml.pre"));
  auto pre = pre_tokenizer_by_name(pre_name);
  if (!pre) return Error{pre.error().kind, weights.path() + ": " + pre.error().message, pre.error().next};
  const auto* merges = meta_strings(weights, "tokenizer.ggml.merges");
  if (!merges) return broken(weights, "tokenizer.ggml.merges is missing");
  BpeParts parts;
  parts.pre = std::move(*pre);
  parts.vocabulary.resize(tokens.size());
  TokenMap by_spelling;
  by_spelling.reserve(tokens.size());
  parts.tokens.reserve(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::int64_t type = types ? (*types)[i] : std::int64_t{kNormal};
    if (type == kControl || type == kUserDefined || type == kUnknown) {
      parts.vocabulary.pieces[i] = tokens[i];
      parts.vocabulary.special[i] = type != kUserDefined;
      parts.vocabulary.added.add({id, tokens[i]});
    } else {
      parts.vocabulary.pieces[i] = bytes_or_text(tokens[i]);
      parts.tokens.emplace(parts.vocabulary.pieces[i], id);
    }
    by_spelling.emplace(tokens[i], id);
  }
  parts.merges.reserve(merges->size());
  std::string joined;
  for (std::size_t rank = 0; rank < merges->size(); ++rank) {
    const std::string& merge = (*merges)[rank];
    const std::size_t cut = merge.find(' ', 1);  // a token may start with a space, never hold one later
    if (cut == std::string::npos) return broken(weights, fmt::format("tokenizer.ggml.merges[{}] has no space", rank));
    joined.assign(merge, 0, cut);
    const auto left = by_spelling.find(joined);
    const auto right = by_spelling.find(merge.substr(cut + 1));
    joined.append(merge, cut + 1);
    const auto both = by_spelling.find(joined);
    if (left == by_spelling.end() || right == by_spelling.end() || both == by_spelling.end())
      return broken(weights, fmt::format("tokenizer.ggml.merges[{}] names a token that the vocabulary lacks", rank));
    parts.merges.add(left->second, right->second, static_cast<std::uint32_t>(rank), both->second);
  }
  parts.unknown = meta_id(weights, "tokenizer.ggml.unknown_token_id", tokens.size());
  roles(weights, parts.vocabulary);
  return make_bpe_tokenizer(std::move(parts), weights.path());
}

TokenizerResult load_spm(const Weights& weights, const std::vector<std::string>& tokens,
                         const std::vector<std::int64_t>* types, bool unigram) {
  const auto* value = weights.meta("tokenizer.ggml.scores");
  const auto* scores = value ? std::get_if<std::vector<double>>(value) : nullptr;
  if (!scores || scores->size() != tokens.size())
    return broken(weights, "tokenizer.ggml.scores is missing or not as long as tokenizer.ggml.tokens");
  if (!types) return broken(weights, "tokenizer.ggml.token_type is missing");
  SentencePieceParts parts;
  parts.unigram = unigram;
  parts.prefix_space = meta_bool(weights, "tokenizer.ggml.add_space_prefix", true);
  parts.remove_extra_spaces = meta_bool(weights, "tokenizer.ggml.remove_extra_whitespaces", false);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    parts.pieces.push_back({tokens[i], static_cast<float>((*scores)[i]), static_cast<PieceType>((*types)[i])});
  parts.vocabulary.resize(tokens.size());
  roles(weights, parts.vocabulary);
  return make_sentencepiece_tokenizer(std::move(parts), weights.path());
}

}  // namespace

TokenizerResult load_gguf_tokenizer(const Weights& weights) {
  WRIGHT_TRY(const auto model, meta_string(weights, "tokenizer.ggml.model"));
  const auto* tokens = meta_strings(weights, "tokenizer.ggml.tokens");
  if (!tokens || tokens->empty()) return broken(weights, "tokenizer.ggml.tokens is missing or empty");
  const std::vector<std::int64_t>* types = nullptr;
  if (const auto* value = weights.meta("tokenizer.ggml.token_type")) {
    types = std::get_if<std::vector<std::int64_t>>(value);
    if (!types || types->size() != tokens->size())
      return broken(weights, "tokenizer.ggml.token_type is not as long as tokenizer.ggml.tokens");
  }
  if (model == "gpt2") return load_bpe(weights, *tokens, types);
  if (model == "llama") return load_spm(weights, *tokens, types, false);
  if (model == "t5") return load_spm(weights, *tokens, types, true);
  return Error{ErrorKind::invalid, fmt::format("{}: tokenizer model \"{}\" is not supported", weights.path(), model),
               "supported are gpt2, llama and t5; use the model's folder with its tokenizer.json"};
}

}  // namespace wright::engine
