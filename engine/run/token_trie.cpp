#include "engine/run/token_trie.h"

#include <algorithm>
#include <numeric>

namespace wright::engine {

TokenTrie::TokenTrie(TokenId last_of_prefix, std::span<const std::vector<TokenId>> candidates)
    : nodes(1, Node{last_of_prefix, -1, 0, {}, 0}), paths(candidates.size()) {
  // In sorted order each candidate shares its beginning with the one before, and numbering is depth-first.
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return candidates[a] < candidates[b]; });
  const std::vector<TokenId>* before = nullptr;
  const std::vector<std::int32_t>* before_path = nullptr;
  for (const std::size_t c : order) {
    const std::vector<TokenId>& tokens = candidates[c];
    std::vector<std::int32_t>& path = paths[c];
    if (before) {
      const auto shared = std::mismatch(tokens.begin(), tokens.end(), before->begin(), before->end()).first - tokens.begin();
      path.assign(before_path->begin(), before_path->begin() + shared);
    }
    for (std::size_t t = path.size(); t < tokens.size(); ++t) {
      const std::int32_t parent = t ? path[t - 1] : 0;
      const auto id = static_cast<std::int32_t>(nodes.size());
      nodes.push_back({tokens[t], parent, static_cast<std::int32_t>(t + 1), {}, 0});
      nodes[static_cast<std::size_t>(parent)].children.push_back(id);
      path.push_back(id);
    }
    before = &tokens;
    before_path = &path;
  }
}

}  // namespace wright::engine
