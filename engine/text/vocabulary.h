// What every tokenizer has: the bytes of each id, which ids are special, and the ids with a role. Built by the loaders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/added_tokens.h"
#include "engine/text/tokenizer.h"

namespace wright::engine {

struct Vocabulary {
  std::vector<std::string> pieces;  // bytes of each id; "" for ids that stand for nothing
  std::vector<bool> special;        // control tokens
  AddedTokens added;
  TokenId bos = -1, eos = -1;
  std::vector<TokenId> ends;        // eos and what else the file says ends a generation

  void resize(std::size_t n) {
    pieces.resize(n);
    special.resize(n);
  }
  bool holds(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < pieces.size(); }
  // Adds to `ends` the special tokens whose names say that they end a turn; call once all are known.
  void find_ends();
};

// The part of Tokenizer that a vocabulary answers.
class VocabularyTokenizer : public Tokenizer {
 public:
  explicit VocabularyTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  std::vector<TokenId> encode_spans(std::span<const TextSpan> spans) const override;
  std::string_view bytes(TokenId id) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  int size() const override { return static_cast<int>(vocabulary_.pieces.size()); }
  bool is_special(TokenId id) const override;
  std::optional<TokenId> find(std::string_view token) const override;
  TokenId bos() const override { return vocabulary_.bos; }
  TokenId eos() const override { return vocabulary_.eos; }
  std::vector<TokenId> end_tokens() const override { return vocabulary_.ends; }

 protected:
  // Appends the ids of the text between two added tokens; `first`: it starts the input.
  virtual void encode_text(std::string_view text, bool first, std::vector<TokenId>& out) const = 0;
  // Whether encode() parses added tokens that are not `anywhere`.
  virtual bool parses_special(const EncodeOptions& options) const { return options.parse_special; }
  const Vocabulary vocabulary_;

 private:
  std::vector<TokenId> encode_ranges(std::string_view text, std::span<const TrustRange> trust) const;
};

}  // namespace wright::engine
