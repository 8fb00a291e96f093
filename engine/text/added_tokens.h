// Added tokens (special and user-defined): found in the text before anything else, longest match at the leftmost place.
// Immutable once built, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/text/tokenizer.h"

namespace wright::engine {

struct AddedToken {
  TokenId id = -1;
  std::string text;
  bool lstrip = false, rstrip = false;  // takes the white space before or after it
  bool single_word = false;             // only between characters that are no letters, digits or underscores
  bool anywhere = false;                // matched in untrusted text too (SentencePiece's user-defined symbols)
};

// Bytes up to `end` (from the previous range's end) are trusted or not.
struct TrustRange {
  std::size_t end;
  bool trusted;
};

struct Segment {
  std::string_view text;  // of the input
  TokenId id = -1;        // an added token, or -1: text between
};

class AddedTokens {
 public:
  void add(AddedToken token);
  const AddedToken* find(std::string_view text) const;
  // Cuts `text`. A token that is not `anywhere` must lie in trusted bytes from end to end.
  std::vector<Segment> cut(std::string_view text, std::span<const TrustRange> trust) const;

 private:
  struct Node {
    std::unordered_map<unsigned char, std::uint32_t> next;
    std::int32_t token = -1;
  };
  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  bool first_[256] = {};
};

}  // namespace wright::engine
