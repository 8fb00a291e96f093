// Gathers the rows of one pass from several jobs and, after the pass, hands each its logits or log-probabilities. Lives for one pass; the buffers
// are the scheduler's and reused. Engine thread only.
#pragma once

#include <span>
#include <vector>

#include "engine/run/sequence.h"

namespace wright::engine {

class PassBuilder {
 public:
  // `max_outputs`: rows of logits that the buffer may hold.
  PassBuilder(int n_vocab, int max_rows, int max_outputs) : n_vocab_(n_vocab), max_rows_(max_rows), max_outputs_(max_outputs) {}
  void clear();

  int rows() const { return static_cast<int>(tokens_.size()); }
  int rows_left() const { return max_rows_ - rows(); }
  int outputs_left() const { return max_outputs_ - static_cast<int>(outputs_.size()); }

  // `sequence`'s positions [past, past + tokens.size()) as a plain run; logits of the last `n_outputs` rows. Pages must be
  // reserved. Returns the number of the first of these rows' logits.
  int add_run(const Sequence& sequence, std::span<const TokenId> tokens, int n_outputs);
  // The same, but of the last next.size() rows the log-probability of their next token. Returns the number of the first.
  int add_scored_run(const Sequence& sequence, std::span<const TokenId> tokens, std::span<const TokenId> next);
  // Tree rows behind the first `past` tokens of `sequence`; of the rows in `asked` (ascending, within the tree) the
  // log-probabilities of `ids`. Returns the number of the first of them.
  int add_scored_tree(const Sequence& sequence, int past, std::span<const TokenId> tokens, std::vector<std::int32_t> parents,
                      std::span<const AskedRow> asked, std::span<const TokenId> ids);

  Result<void> run(Backend& backend, const Context& context);
  std::span<const float> logits(int output) const {
    return {logits_.data() + static_cast<std::size_t>(output) * static_cast<std::size_t>(n_vocab_), static_cast<std::size_t>(n_vocab_)};
  }
  float logprob(int number) const { return logprobs_[static_cast<std::size_t>(number)]; }

 private:
  struct Entry {
    std::vector<PageId> pages;
    std::vector<std::int32_t> parents;
    std::int32_t past, n_new;
    StateSlot state;
  };
  const int n_vocab_, max_rows_, max_outputs_;
  std::vector<Entry> entries_;
  std::vector<TokenId> tokens_;
  std::vector<std::int32_t> outputs_;
  std::vector<AskedRow> asked_;
  std::vector<TokenId> asked_ids_;
  std::vector<float> logits_, logprobs_;
};

}  // namespace wright::engine
