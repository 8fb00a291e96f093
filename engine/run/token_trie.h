// The candidates of one scoring group as a trie over tokens: a beginning that many share is one row. Node 0 is the last token
// of the prefix; nodes are numbered so that a parent precedes its children (depth-first). Value; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/backends/backend.h"

namespace wright::engine {

struct TokenTrie {
  struct Node {
    TokenId token = -1;
    std::int32_t parent = -1;
    std::int32_t depth = 0;              // rows above it, node 0 included
    std::vector<std::int32_t> children;
    float logprob = 0;                   // of token behind its parent; written by scoring
  };
  std::vector<Node> nodes;
  std::vector<std::vector<std::int32_t>> paths;  // by candidate: the nodes of its tokens

  TokenTrie(TokenId last_of_prefix, std::span<const std::vector<TokenId>> candidates);
};

}  // namespace wright::engine
