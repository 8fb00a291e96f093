// The prefix cache: a radix tree whose digits are pages. A node is one page of up to 64 tokens (fewer only in a leaf) and at
// most one snapshot of the recurrent state after its last token. All sessions share it, so a fork, a rewind or a subagent
// with the same beginning finds its prefix computed. Handles are reference-counted: what a sequence took stays alive when the
// tree lets go. One tree a loaded model (identity: its fingerprint, KV type and options). Engine thread only; nothing fails.
//
// After SGLang's RadixAttention (arXiv 2312.07104), with pages as the unit, so that a node never has to be split.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <vector>

#include "engine/run/pages.h"

namespace wright::engine {

class RadixTree {
 public:
  RadixTree();
  ~RadixTree();

  struct Match {
    int tokens = 0;               // length of the cached prefix
    std::vector<PageRef> pages;   // cover it; the last may hold more tokens than that (copy before writing)
    StateRef state;               // after exactly `tokens`, when asked for
  };
  // The longest cached prefix of `tokens`. With `need_state` the longest one that ends at a snapshot.
  Match match(std::span<const TokenId> tokens, bool need_state);

  // Keeps `tokens` (pages cover them). `state`, if any, is that after the last of them. What is there already stays.
  void insert(std::span<const TokenId> tokens, std::span<const PageRef> pages, StateRef state);

  // Drops the least recently used leaf whose memory nobody else holds; false when there is none.
  bool evict_one();
  void clear();

  std::size_t cached_tokens() const { return cached_tokens_; }
  std::size_t nodes() const { return nodes_; }

 private:
  struct Node;
  using NodePtr = std::unique_ptr<Node>;
  void touch(Node* node);
  Node* add(Node* parent, std::span<const TokenId> tokens, PageRef page);
  void remove(Node* leaf);
  NodePtr root_;
  std::set<std::pair<std::uint64_t, Node*>> leaves_;  // by time of last use
  std::uint64_t now_ = 0;
  std::size_t cached_tokens_ = 0, nodes_ = 0;
};

}  // namespace wright::engine
