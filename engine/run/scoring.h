// A scoring: log P of many alternatives behind prefixes of one text. The longest prefix is read once (and cached); then each
// group's trie hangs on its prefix as tree rows, root = the prefix's last token, cut to fit passes with ancestors repeated.
// Only rows that have children are computed, and the backend answers the log-probabilities of those children, no logits.
// Models with recurrent layers, and candidates longer than a pass, go the plain way: a copy of the sequence for each
// candidate. Engine thread only.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/run/job.h"
#include "engine/run/token_trie.h"
#include "engine/run/totals.h"

namespace wright::engine {

class Scoring final : public Job {
 public:
  struct Parts {
    CacheStore& store;
    Totals& totals;
    ScoreSink deliver;
    int max_rows;  // of a pass
  };
  // The request is valid: 1 <= prefix <= text, known ids, all within the context, and not every candidate empty.
  Scoring(RequestId id, ScoreRequest request, Parts parts);

  Result<void> plan(PassBuilder& pass, const PassRoom& room) override;
  bool absorb(const PassBuilder& pass) override;
  void pass_lost() override;
  void release_memory() override;
  void end(Finish finish, Error error) override;
  bool decoding() const override { return false; }
  bool holds_memory() const override { return base_.past() > 0; }
  std::size_t least_tokens() const override;

 private:
  // One trie's rows in the planned pass.
  struct Part {
    std::size_t group;
    std::vector<std::int32_t> asked;  // nodes whose children's log-probabilities come, in row order
    int first_logprob;
  };
  // A candidate on its own copy of the sequence.
  struct Single {
    std::size_t group, candidate;
    Sequence sequence;
    int end, n_outputs, first_logprob;  // of the planned pass
    std::size_t scored = 0;            // tokens
  };
  int base_target() const;
  Result<void> plan_base(PassBuilder& pass, const PassRoom& room);
  Result<void> plan_tries(PassBuilder& pass, const PassRoom& room);
  Result<void> plan_singles(PassBuilder& pass, const PassRoom& room);
  Result<bool> start_single();
  void absorb_part(const PassBuilder& pass, const Part& part);
  bool absorb_single(const PassBuilder& pass, Single& single);
  void skip_finished();
  void finish();

  const ScoreRequest request_;
  const Parts parts_;
  std::vector<std::size_t> order_;          // groups by rising prefix
  std::vector<TokenTrie> tries_;            // by group; without nodes when scored singly
  bool single_ = false;                     // this request goes the plain way
  Sequence base_;                           // the text as far as it is read
  std::size_t at_group_ = 0;                // in order_
  std::size_t next_node_ = 0;               // tries: in the group at_group_; singles: the next candidate
  int planned_base_ = 0;                    // end of the planned prefill chunk; 0: none
  std::vector<Part> parts_planned_;
  std::size_t after_group_ = 0, after_node_ = 0;  // where the next pass goes on if this one comes through
  std::vector<Single> singles_;
  ScoreReply reply_;
  std::int64_t computed_ = 0, computed_base_ = 0, gained_ = 0;
  std::optional<TimePoint> started_, read_;
};

}  // namespace wright::engine
