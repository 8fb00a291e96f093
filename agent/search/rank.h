// The model's opinion of candidates: log P(changed lines and up to two that follow | the file up to there) minus the same for the
// original, in batches over shared prefixes (Engine::score). Two stages: the changed lines alone for all, what follows for the best
// tenth. Source of the rule and of the weights: measured, see daemon/doc/results.md. Called by the searching thread; blocks.
#pragma once

#include <string>
#include <vector>

#include "agent/search/locate.h"

namespace wright::agent::search {

class Ranker {
 public:
  Ranker(engine::Engine& engine, const std::vector<Source>& sources, std::string description)
      : engine_(engine), sources_(sources), description_(std::move(description)) {}

  // Sets `model` of as many candidates as the time allows, in the given order, then orders all of them by score. Candidates that
  // were not reached keep their prior and come after those of equal prior that were. Returns how many were scored.
  Result<std::size_t> rank(const Context& context, std::vector<Candidate>& candidates, Duration budget);
  std::size_t tokens() const { return tokens_; }

 private:
  // One request a file and window.
  Result<void> score(const Context& context, std::vector<Candidate*> batch, int following);

  Result<bool> score_in_time(const Context& context, const std::vector<Candidate*>& batch, int following);

  engine::Engine& engine_;
  const std::vector<Source>& sources_;
  const std::string description_;
  std::size_t tokens_ = 0;
};

// score = model + prior + suspicion, the weights in one place.
double total_score(const Candidate& candidate, bool scored);

}  // namespace wright::agent::search
