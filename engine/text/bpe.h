// Byte pair encoding over token ids: repeatedly joins the adjacent pair with the lowest rank, leftmost first among equals
// (Sennrich et al. 2016, as tiktoken and tokenizers do it). Immutable once built, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/text/tokenizer.h"

namespace wright::engine {

// Pair of ids -> rank and joined id: open addressing, built once.
class MergeTable {
 public:
  struct Merge {
    std::uint32_t rank;
    TokenId joined;
  };
  void reserve(std::size_t merges);
  // The first entry of a pair stays unless `rank` is lower.
  void add(TokenId left, TokenId right, std::uint32_t rank, TokenId joined);
  // Null when the pair does not merge.
  const Merge* find(TokenId left, TokenId right) const {
    if (slots_.empty()) return nullptr;
    const std::uint64_t key = key_of(left, right);
    for (std::size_t i = slot_of(key);; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return &slots_[i].merge;
      if (slots_[i].key == kEmpty) return nullptr;
    }
  }

 private:
  struct Slot {
    std::uint64_t key;
    Merge merge;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static std::uint64_t key_of(TokenId a, TokenId b) {
    return std::uint64_t{static_cast<std::uint32_t>(a)} << 32 | static_cast<std::uint32_t>(b);
  }
  std::size_t slot_of(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 32) & mask_;
  }
  void grow(std::size_t slots);
  std::vector<Slot> slots_;
  std::size_t mask_ = 0, count_ = 0;
};

// Joins `ids` in place until no adjacent pair merges. O(n log n).
void merge_pairs(const MergeTable& table, std::vector<TokenId>& ids);

}  // namespace wright::engine
