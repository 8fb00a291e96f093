// Drafts without a draft model: what followed the last tokens the last time they stood somewhere in the prompt, in the texts
// given as hints, or in the reply itself. Editing a file mostly copies it, so whole lines come for one pass. After
// SuffixDecoding (arXiv 2411.04975), with hashed n-grams of three lengths in place of the suffix tree: constant work a token,
// 24 bytes a token. One a request; engine thread only.
#pragma once

#include <array>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/backends/backend.h"

namespace wright::engine {

class SuffixIndex {
 public:
  // Hints first: what stands in the prompt, later, wins over them.
  SuffixIndex(std::span<const std::vector<TokenId>> hints, std::span<const TokenId> prompt);
  void append(TokenId id);
  // Up to `longest` tokens that may follow; longer where the match is longer, empty without one.
  std::vector<TokenId> draft(int longest) const;

 private:
  static constexpr std::array<int, 3> kGrams{8, 4, 2};
  static constexpr TokenId kBreak = -1;  // between texts; no gram spans it
  std::vector<TokenId> text_;
  std::array<std::unordered_map<std::uint64_t, std::int32_t>, 3> after_;  // hash of a gram -> where its last occurrence ends
};

}  // namespace wright::engine
