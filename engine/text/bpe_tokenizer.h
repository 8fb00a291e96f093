// BPE tokenizers of the GPT-2 line (byte-level: GGUF "gpt2", tiktoken, tekken, most tokenizer.json) and those of
// tokenizer.json that merge characters with byte fallback (Llama 2, Gemma). Immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/text/bpe.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/vocabulary.h"

namespace wright::engine {

using TokenMap = std::unordered_map<std::string, TokenId>;

struct BpeParts {
  Vocabulary vocabulary;
  PreTokenizer pre;
  MergeTable merges;
  // Texts that merging works on: bytes when pre.byte_level, else the vocabulary's own spelling. Added tokens are not in it
  // unless the file's vocabulary has them.
  TokenMap tokens;
  TokenId unknown = -1;      // characters: what has neither token nor bytes; -1: an error at load unless bytes are complete
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool strip_decoded_space = false;  // decode() takes one leading space off
};

Result<std::shared_ptr<const Tokenizer>> make_bpe_tokenizer(BpeParts parts, std::string_view what);

// Fills `merges` from a vocabulary in which a token's rank is its order (tiktoken): every split of a token into two tokens
// is a merge of that rank.
void merges_from_ranks(const TokenMap& tokens, const std::vector<std::pair<std::string, TokenId>>& by_rank, MergeTable& merges);

}  // namespace wright::engine
