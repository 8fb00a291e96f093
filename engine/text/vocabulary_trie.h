// The vocabulary as a trie over bytes, laid out in preorder, so that a walk prunes a subtree by one jump. Special tokens and tokens
// without bytes are left out. Immutable, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/text/tokenizer.h"

namespace wright::engine {

struct VocabularyTrie {
  struct Node {
    std::uint8_t byte = 0;
    std::int32_t depth = 0;    // bytes from the root, from 1
    std::int32_t end = 0;      // index of the first node behind this subtree
    std::int32_t tokens = -1;  // index into `lists` of the tokens that end here; -1: none
  };
  std::vector<Node> nodes;
  std::vector<std::vector<TokenId>> lists;
  std::int32_t max_depth = 0;
  int vocabulary = 0;
  std::vector<TokenId> ends;   // tokens that end a generation

  explicit VocabularyTrie(const Tokenizer& tokenizer);
};

}  // namespace wright::engine
