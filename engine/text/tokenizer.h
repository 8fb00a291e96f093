// Text to token ids and back, exactly as the model's own tokenizer does. Immutable after loading, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wright::engine {

class Weights;
using TokenId = std::int32_t;

struct EncodeOptions {
  bool parse_special = true;  // false: every added token is ordinary text (user and file content)
};

// A span of template output: special tokens are parsed only where trusted.
struct TextSpan {
  std::string text;
  bool trusted = false;  // written by the template, not by a user, file or tool
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // Never adds BOS or EOS.
  virtual std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const = 0;
  // Special tokens are cut out of trusted spans only; pre-tokenisation runs over the text between them as a whole,
  // whatever span it came from (so that ids equal those of the joined text).
  virtual std::vector<TokenId> encode_spans(std::span<const TextSpan> spans) const = 0;
  // Bytes of one token; special tokens give their text. Empty for an id outside the vocabulary.
  virtual std::string_view bytes(TokenId id) const = 0;
  virtual std::string decode(std::span<const TokenId> ids) const = 0;
  virtual int size() const = 0;
  virtual bool is_special(TokenId id) const = 0;  // control tokens, not shown to users
  virtual std::optional<TokenId> find(std::string_view token) const = 0;  // an added or special token by its text
  virtual TokenId bos() const = 0;  // -1: none
  virtual TokenId eos() const = 0;
  virtual std::vector<TokenId> end_tokens() const = 0;  // all that end a generation (eos, eot, im_end …)
};

// From a GGUF or hub folder (tokenizer.json beside it).
Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const Weights& weights);
// From a file as `wright tokenize TOKENIZER` takes it.
Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& path);

}  // namespace wright::engine
