#include "engine/text/vocabulary_trie.h"

#include <algorithm>
#include <string_view>

namespace wright::engine {
namespace {

struct Entry {
  std::string_view bytes;
  TokenId id;
};

void add_subtree(VocabularyTrie& trie, std::span<const Entry> entries, std::size_t depth) {
  for (std::size_t i = 0; i < entries.size();) {
    if (entries[i].bytes.size() <= depth) {  // ends at the parent, which has taken it
      ++i;
      continue;
    }
    const char byte = entries[i].bytes[depth];
    std::size_t j = i;
    while (j < entries.size() && entries[j].bytes.size() > depth && entries[j].bytes[depth] == byte) ++j;
    const std::size_t at = trie.nodes.size();
    trie.nodes.push_back({static_cast<std::uint8_t>(byte), static_cast<std::int32_t>(depth + 1), 0, -1});
    trie.max_depth = std::max(trie.max_depth, static_cast<std::int32_t>(depth + 1));
    std::vector<TokenId> here;
    for (std::size_t k = i; k < j && entries[k].bytes.size() == depth + 1; ++k) here.push_back(entries[k].id);
    if (!here.empty()) {
      trie.nodes[at].tokens = static_cast<std::int32_t>(trie.lists.size());
      trie.lists.push_back(std::move(here));
    }
    add_subtree(trie, entries.subspan(i, j - i), depth + 1);
    trie.nodes[at].end = static_cast<std::int32_t>(trie.nodes.size());
    i = j;
  }
}

}  // namespace

VocabularyTrie::VocabularyTrie(const Tokenizer& tokenizer) : vocabulary(tokenizer.size()), ends(tokenizer.end_tokens()) {
  constexpr std::size_t kLongest = 512;  // bytes; longer tokens are never worth a walk this deep
  std::vector<Entry> entries;
  for (TokenId id = 0; id < tokenizer.size(); ++id) {
    const std::string_view bytes = tokenizer.bytes(id);
    if (!bytes.empty() && bytes.size() <= kLongest && !tokenizer.is_special(id)) entries.push_back({bytes, id});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.bytes != b.bytes ? a.bytes < b.bytes : a.id < b.id; });
  add_subtree(*this, entries, 0);
}

}  // namespace wright::engine
