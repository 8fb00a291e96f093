// SentencePiece tokenizers, BPE by score and unigram (Kudo 2018; github.com/google/sentencepiece), with byte fallback. Control
// pieces are matched only in trusted spans (encode_spans), user-defined symbols everywhere. Immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/vocabulary.h"

namespace wright::engine {

enum class PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct SentencePiece {
  std::string text;  // with U+2581 for spaces
  float score = 0;
  PieceType type = PieceType::normal;
};

struct SentencePieceParts {
  std::vector<SentencePiece> pieces;  // by id
  Vocabulary vocabulary;              // roles and added tokens known to the file; pieces are filled from above
  bool unigram = false;
  bool prefix_space = true;
  bool remove_extra_spaces = false;
};

Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(SentencePieceParts parts, std::string_view what);

}  // namespace wright::engine
