#include "engine/run/pass_builder.h"

namespace wright::engine {

void PassBuilder::clear() {
  entries_.clear();
  tokens_.clear();
  outputs_.clear();
}

int PassBuilder::add_run(const Sequence& sequence, std::span<const TokenId> tokens, int n_outputs) {
  const int first = static_cast<int>(outputs_.size());
  const int n = static_cast<int>(tokens.size());
  entries_.push_back({sequence.page_ids(), {}, sequence.past(), n, sequence.state()});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  for (int i = n_outputs; i > 0; --i) outputs_.push_back(rows() - i);
  return first;
}

int PassBuilder::add_tree(const Sequence& sequence, int past, std::span<const TokenId> tokens,
                          std::vector<std::int32_t> parents, std::span<const std::int32_t> outputs) {
  const int first = static_cast<int>(outputs_.size());
  const int base = rows();
  std::vector<PageId> pages = sequence.page_ids();
  pages.resize((static_cast<std::size_t>(past) + limits::kTokensPerPage - 1) / limits::kTokensPerPage);
  entries_.push_back({std::move(pages), std::move(parents), past, static_cast<std::int32_t>(tokens.size()), -1});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  for (const std::int32_t row : outputs) outputs_.push_back(base + row);
  return first;
}

Result<void> PassBuilder::run(Backend& backend, const Context& context) {
  std::vector<PassSequence> sequences;
  sequences.reserve(entries_.size());
  for (const Entry& e : entries_) sequences.push_back({e.pages, e.past, e.n_new, e.state, e.parents});
  const std::size_t floats = outputs_.size() * static_cast<std::size_t>(n_vocab_);
  if (logits_.size() < floats) logits_.resize(floats);
  return backend.run(context, {tokens_, sequences, outputs_, logits_.data()});
}

}  // namespace wright::engine
