// The model's opinion of candidates: log P(changed lines and up to two that follow | the file up to there) minus the same for the
// original, in batches over shared prefixes (Engine::score). Two stages: the changed lines alone for all, what follows for those in
// front. Source of the rule and of the weights: measured, see daemon/doc/results.md. One object a search, used by its reading thread.
#pragma once

#include <string>
#include <vector>

#include "agent/search/frontier.h"
#include "agent/search/locate.h"

namespace wright::agent::search {

class Ranker {
 public:
  Ranker(engine::Engine& engine, const std::vector<Source>& sources, std::string description)
      : engine_(engine), sources_(sources), description_(std::move(description)) {}

  // Reads the frontier's candidates until all are read or the context is done, then closes it. How many were read.
  Result<std::size_t> read(const Context& context, Frontier& frontier);
  // Reads a few, with the lines that follow, and orders them.
  Result<void> sort(const Context& context, std::vector<Candidate>& candidates);
  std::size_t tokens() const { return tokens_; }
  double seconds() const { return seconds_; }  // of reading

 private:
  // One request a file and window.
  Result<void> score(const Context& context, std::vector<Candidate*> batch, int following);

  // false: the context is done
  Result<bool> score_in_time(const Context& context, const std::vector<Candidate*>& batch, int following);
  Result<std::size_t> read_all(const Context& context, Frontier& frontier);

  engine::Engine& engine_;
  const std::vector<Source>& sources_;
  const std::string description_;
  std::size_t tokens_ = 0;
  double seconds_ = 0;
};

// What is made of a reading: higher is likelier.
double opinion(const Reading& reading);

// score = model + prior + suspicion, the weights in one place.
double total_score(const Candidate& candidate, bool scored);

}  // namespace wright::agent::search
