// Rank files: tiktoken's text form and Mistral's tekken.json. A token's rank is its order of merging.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "engine/text/bpe_tokenizer.h"
#include "engine/text/loaders.h"

namespace wright::engine {
namespace {

constexpr std::int64_t kMaxVocabulary = 16 * 1024 * 1024;
using Ranked = std::vector<std::pair<std::string, TokenId>>;

Result<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    if (c == '=') break;
    int v;
    if (c >= 'A' && c <= 'Z') v = c - 'A';
    else if (c >= 'a' && c <= 'z') v = c - 'a' + 26;
    else if (c >= '0' && c <= '9') v = c - '0' + 52;
    else if (c == '+') v = 62;
    else if (c == '/') v = 63;
    else return Error{ErrorKind::invalid, "not base64", ""};
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  return out;
}

Error broken(const std::string& path, std::string what) {
  return {ErrorKind::invalid, fmt::format("{}: {}", path, what), "the file is damaged; fetch it again"};
}

void fill(BpeParts& parts, Ranked& ranked) {
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  parts.tokens.reserve(ranked.size());
  for (const auto& [bytes, id] : ranked) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= parts.vocabulary.pieces.size()) parts.vocabulary.resize(index + 1);
    parts.vocabulary.pieces[index] = bytes;
    parts.tokens.emplace(bytes, id);
  }
  merges_from_ranks(parts.tokens, ranked, parts.merges);
  parts.pre.ignore_merges = true;  // a piece that is a token is that token, in both formats
}

void add_special(BpeParts& parts, const std::string& text, TokenId id) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= parts.vocabulary.pieces.size()) parts.vocabulary.resize(index + 1);
  parts.vocabulary.pieces[index] = text;
  parts.vocabulary.special[index] = true;
  parts.vocabulary.added.add({id, text});
}

}  // namespace

TokenizerResult load_tiktoken(std::string_view ranks, std::string_view description, const std::string& path) {
  WRIGHT_TRY(const auto json, parse_json(description, path + " (description)"));
  const JsonView root(json, "description");
  WRIGHT_TRY(const auto pattern_field, root.at("pattern"));
  WRIGHT_TRY(const auto pattern, pattern_field.string());
  BpeParts parts;
  WRIGHT_TRY(parts.pre, pre_tokenizer_by_pattern(pattern, path));
  Ranked ranked;
  std::size_t line = 0;
  while (!ranks.empty()) {
    ++line;
    const std::string_view text = ranks.substr(0, ranks.find('\n'));
    ranks.remove_prefix(std::min(ranks.size(), text.size() + 1));
    if (text.empty()) continue;
    const std::size_t blank = text.find(' ');
    TokenId id = -1;
    auto bytes = from_base64(text.substr(0, blank));
    if (blank != std::string_view::npos) std::from_chars(text.data() + blank + 1, text.data() + text.size(), id);
    if (!bytes || bytes->empty() || id < 0 || id >= kMaxVocabulary)
      return broken(path, fmt::format("line {}: expected base64 and a rank", line));
    ranked.emplace_back(std::move(*bytes), id);
  }
  fill(parts, ranked);
  WRIGHT_TRY(const auto vocab_size, root.integer_or("vocab_size", 0));
  if (vocab_size > static_cast<std::int64_t>(parts.vocabulary.pieces.size()) && vocab_size < kMaxVocabulary)
    parts.vocabulary.resize(static_cast<std::size_t>(vocab_size));
  if (root.has("special_tokens"))
    for (const auto& [text, id] : root.raw()["special_tokens"].items()) {
      if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= kMaxVocabulary)
        return broken(path, fmt::format("special token \"{}\" has no usable id", text));
      add_special(parts, text, id.get<TokenId>());
    }
  const auto role = [&](const char* name) {
    const AddedToken* token = parts.vocabulary.added.find(name);
    return token ? token->id : -1;
  };
  parts.vocabulary.bos = role("<|startoftext|>");
  parts.vocabulary.eos = role("<|return|>") >= 0 ? role("<|return|>") : role("<|endoftext|>");
  return make_bpe_tokenizer(std::move(parts), path);
}

TokenizerResult load_tekken(std::string_view text, const std::string& path) {
  WRIGHT_TRY(const auto json, parse_json(text, path));
  const JsonView root(json);
  WRIGHT_TRY(const auto config, root.at("config"));
  WRIGHT_TRY(const auto pattern_field, config.at("pattern"));
  WRIGHT_TRY(const auto pattern, pattern_field.string());
  WRIGHT_TRY(const auto specials, config.integer_or("default_num_special_tokens", 1000));
  WRIGHT_TRY(const auto size, config.integer_or("default_vocab_size", 131072));
  WRIGHT_TRY(const auto vocab, root.at("vocab"));
  if (specials < 0 || size < specials || size > kMaxVocabulary) return config.error("sizes are out of range");
  BpeParts parts;
  WRIGHT_TRY(parts.pre, pre_tokenizer_by_pattern(pattern, path));
  Ranked ranked;
  const auto used = std::min<std::size_t>(vocab.size(), static_cast<std::size_t>(size - specials));
  for (std::size_t i = 0; i < used; ++i) {
    WRIGHT_TRY(const auto entry, vocab.at(i));
    WRIGHT_TRY(const auto bytes_field, entry.at("token_bytes"));
    WRIGHT_TRY(const auto encoded, bytes_field.string());
    auto bytes = from_base64(encoded);
    if (!bytes || bytes->empty()) return bytes_field.error("not base64");
    WRIGHT_TRY(const auto rank, entry.integer_or("rank", static_cast<std::int64_t>(i)));
    if (rank < 0 || rank >= kMaxVocabulary) return entry.error("rank is out of range");
    ranked.emplace_back(std::move(*bytes), static_cast<TokenId>(rank + specials));
  }
  fill(parts, ranked);
  if (root.has("special_tokens")) {
    WRIGHT_TRY(const auto list, root.at("special_tokens"));
    for (std::size_t i = 0; i < list.size(); ++i) {
      WRIGHT_TRY(const auto entry, list.at(i));
      WRIGHT_TRY(const auto name_field, entry.at("token_str"));
      WRIGHT_TRY(const auto name, name_field.string());
      WRIGHT_TRY(const auto rank, entry.integer_or("rank", static_cast<std::int64_t>(i)));
      if (rank < 0 || rank >= specials) return entry.error("rank is out of range");
      add_special(parts, name, static_cast<TokenId>(rank));
    }
    const auto role = [&](const char* name) {
      const AddedToken* token = parts.vocabulary.added.find(name);
      return token ? token->id : -1;
    };
    parts.vocabulary.bos = role("<s>");
    parts.vocabulary.eos = role("</s>");
  }
  return make_bpe_tokenizer(std::move(parts), path);
}

}  // namespace wright::engine
