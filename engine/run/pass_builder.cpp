#include "engine/run/pass_builder.h"

namespace wright::engine {

void PassBuilder::clear() {
  entries_.clear();
  tokens_.clear();
  outputs_.clear();
  asked_.clear();
  asked_ids_.clear();
}

int PassBuilder::add_run(const Sequence& sequence, std::span<const TokenId> tokens, int n_outputs) {
  const int first = static_cast<int>(outputs_.size());
  const int n = static_cast<int>(tokens.size());
  entries_.push_back({sequence.page_ids(), {}, sequence.past(), n, sequence.state()});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  for (int i = n_outputs; i > 0; --i) outputs_.push_back(rows() - i);
  return first;
}

int PassBuilder::add_scored_run(const Sequence& sequence, std::span<const TokenId> tokens, std::span<const TokenId> next) {
  const int first = static_cast<int>(asked_ids_.size());
  add_run(sequence, tokens, 0);
  for (int i = static_cast<int>(next.size()); i > 0; --i) asked_.push_back({rows() - i, 1});
  asked_ids_.insert(asked_ids_.end(), next.begin(), next.end());
  return first;
}

int PassBuilder::add_scored_tree(const Sequence& sequence, int past, std::span<const TokenId> tokens, std::vector<std::int32_t> parents,
                                 std::span<const AskedRow> asked, std::span<const TokenId> ids) {
  const int first = static_cast<int>(asked_ids_.size());
  const int base = rows();
  std::vector<PageId> pages = sequence.page_ids();
  pages.resize((static_cast<std::size_t>(past) + limits::kTokensPerPage - 1) / limits::kTokensPerPage);
  entries_.push_back({std::move(pages), std::move(parents), past, static_cast<std::int32_t>(tokens.size()), -1});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  for (const AskedRow& a : asked) asked_.push_back({base + a.row, a.n});
  asked_ids_.insert(asked_ids_.end(), ids.begin(), ids.end());
  return first;
}

Result<void> PassBuilder::run(Backend& backend, const Context& context) {
  std::vector<PassSequence> sequences;
  sequences.reserve(entries_.size());
  for (const Entry& e : entries_) sequences.push_back({e.pages, e.past, e.n_new, e.state, e.parents});
  const std::size_t floats = outputs_.size() * static_cast<std::size_t>(n_vocab_);
  if (logits_.size() < floats) logits_.resize(floats);
  logprobs_.resize(asked_ids_.size());
  return backend.run(context, {tokens_, sequences, outputs_, logits_.data(), asked_, asked_ids_, logprobs_.data()});
}

}  // namespace wright::engine
