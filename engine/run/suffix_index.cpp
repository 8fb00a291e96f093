#include "engine/run/suffix_index.h"

#include <algorithm>

#include "base/hash.h"

namespace wright::engine {
namespace {

std::uint64_t hash_gram(const TokenId* first, int n) {
  return hash64({reinterpret_cast<const char*>(first), static_cast<std::size_t>(n) * sizeof(TokenId)});
}

}  // namespace

SuffixIndex::SuffixIndex(std::span<const std::vector<TokenId>> hints, std::span<const TokenId> prompt) {
  for (const auto& hint : hints) {
    for (const TokenId id : hint) append(id);
    text_.push_back(kBreak);
  }
  for (const TokenId id : prompt) append(id);
}

// A gram is entered when the token after it arrives, so that the newest gram finds an older place, not itself.
void SuffixIndex::append(TokenId id) {
  const auto end = static_cast<std::int32_t>(text_.size());
  for (std::size_t g = 0; g < kGrams.size(); ++g) {
    const int n = kGrams[g];
    if (end < n || std::find(text_.end() - n, text_.end(), kBreak) != text_.end()) continue;
    after_[g][hash_gram(text_.data() + end - n, n)] = end;
  }
  text_.push_back(id);
}

std::vector<TokenId> SuffixIndex::draft(int longest) const {
  const auto size = static_cast<std::int32_t>(text_.size());
  for (std::size_t g = 0; g < kGrams.size(); ++g) {
    const int n = kGrams[g];
    if (size < n) continue;
    const auto found = after_[g].find(hash_gram(text_.data() + size - n, n));
    if (found == after_[g].end()) continue;
    const std::int32_t from = found->second;
    if (!std::equal(text_.end() - n, text_.end(), text_.begin() + from - n)) continue;  // a hash collision
    std::vector<TokenId> out;
    for (std::int32_t i = from; i < size && static_cast<int>(out.size()) < std::min(longest, 2 * n) && text_[static_cast<std::size_t>(i)] != kBreak; ++i)
      out.push_back(text_[static_cast<std::size_t>(i)]);
    return out;
  }
  return {};
}

}  // namespace wright::engine
