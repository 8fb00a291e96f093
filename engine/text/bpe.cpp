#include "engine/text/bpe.h"

#include <queue>

namespace wright::engine {
namespace {

constexpr std::size_t kShort = 32;  // up to here scanning beats a heap

void merge_short(const MergeTable& table, std::vector<TokenId>& ids) {
  constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t ranks[kShort];
  TokenId joined[kShort];
  std::size_t n = ids.size();
  const auto look = [&](std::size_t i) {
    const auto* merge = i + 1 < n ? table.find(ids[i], ids[i + 1]) : nullptr;
    ranks[i] = merge ? merge->rank : kNone;
    joined[i] = merge ? merge->joined : -1;
  };
  for (std::size_t i = 0; i < n; ++i) look(i);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i)
      if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] == kNone) break;
    ids[best] = joined[best];
    --n;
    for (std::size_t i = best + 1; i < n; ++i) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
      joined[i] = joined[i + 1];
    }
    look(best);
    if (best > 0) look(best - 1);
  }
  ids.resize(n);
}

struct Candidate {
  std::uint32_t rank;
  std::uint32_t at;
  TokenId left, right, joined;
  bool operator>(const Candidate& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
};

}  // namespace

void MergeTable::reserve(std::size_t merges) {
  std::size_t slots = 16;
  while (slots < merges * 2) slots *= 2;
  if (slots > slots_.size()) grow(slots);
}

void MergeTable::grow(std::size_t slots) {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(slots, {kEmpty, {0, -1}});
  mask_ = slots - 1;
  for (const Slot& s : old) {
    if (s.key == kEmpty) continue;
    std::size_t i = slot_of(s.key);
    while (slots_[i].key != kEmpty) i = (i + 1) & mask_;
    slots_[i] = s;
  }
}

void MergeTable::add(TokenId left, TokenId right, std::uint32_t rank, TokenId joined) {
  if ((count_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 16 : slots_.size() * 2);
  const std::uint64_t key = key_of(left, right);
  std::size_t i = slot_of(key);
  while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & mask_;
  if (slots_[i].key == key && slots_[i].merge.rank <= rank) return;
  count_ += slots_[i].key != key;
  slots_[i] = {key, {rank, joined}};
}

void merge_pairs(const MergeTable& table, std::vector<TokenId>& ids) {
  const std::size_t n = ids.size();
  if (n < 2) return;
  if (n <= kShort) return merge_short(table, ids);
  std::vector<std::uint32_t> next(n), previous(n);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap;
  const auto push = [&](std::size_t left, std::size_t right) {
    if (const auto* m = table.find(ids[left], ids[right]))
      heap.push({m->rank, static_cast<std::uint32_t>(left), ids[left], ids[right], m->joined});
  };
  for (std::size_t i = 0; i < n; ++i) {
    next[i] = static_cast<std::uint32_t>(i + 1);
    previous[i] = static_cast<std::uint32_t>(i - 1);
    if (i + 1 < n) push(i, i + 1);
  }
  constexpr TokenId kGone = -2;
  while (!heap.empty()) {
    const Candidate c = heap.top();
    heap.pop();
    const std::size_t right = ids[c.at] == c.left ? next[c.at] : n;
    if (right >= n || ids[right] != c.right) continue;  // merged meanwhile
    ids[c.at] = c.joined;
    ids[right] = kGone;
    next[c.at] = next[right];
    if (next[right] < n) {
      previous[next[right]] = c.at;
      push(c.at, next[right]);
    }
    if (c.at > 0) push(previous[c.at], c.at);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; i = next[i]) ids[kept++] = ids[i];
  ids.resize(kept);
}

}  // namespace wright::engine
