// Trying candidates: two at a time where the machine has the cores, in order, each verified by the whole test command; then the choice
// among those that passed, and its minimisation. One object a search, used by its thread.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <unordered_set>
#include <vector>

#include "agent/search/candidate.h"
#include "agent/search/locate.h"
#include "agent/search/outcome.h"
#include "agent/search/tamper.h"
#include "agent/search/trial.h"

namespace wright::agent::search {

using Progress = std::function<void(const FixProgress&)>;

// A candidate that passed the whole command.
struct Passed {
  Candidate candidate;
  Outcome outcome;
};

class Attempts {
 public:
  Attempts(const Context& context, const FixRequest& request, Trials& trials, const std::vector<Source>& sources, FixReport& report,
           const Outcome& before, const TestTexts& tests, const Progress& progress)
      : context_(context), request_(request), trials_(trials), sources_(sources), report_(report), before_(before), tests_(tests), progress_(progress) {}

  // Per-run limits: `limit` at first; candidates that reach it are tried once more with `patient` when nothing else passed.
  void set_limits(Duration limit, Duration patient) { limit_ = limit, patient_ = patient; }
  // Tries `candidates` from `from` on. After the first that passes: `more` further runs. Returns where it stopped.
  Result<std::size_t> run(const std::vector<Candidate>& candidates, std::size_t from, int until_runs, int more);
  // Those that reached the limit, with the patient one.
  Result<void> run_slow_again(int until_runs, int more);
  const std::vector<Passed>& passed() const { return passed_; }
  bool out_of_runs() const { return report_.runs >= request_.max_runs; }
  // Leaves out edits that are not needed.
  Result<void> minimise(Passed& passed);
  // Failed, but came further than the unpatched program: halves of a fix.
  const std::vector<Candidate>& improving() const { return improving_; }
  // Keys of all that was tried.
  const std::unordered_set<std::uint64_t>& tried() const { return tried_; }

 private:
  struct Flight {
    const Candidate* candidate;
    std::future<Result<TrialResult>> result;
  };
  Flight launch(const Candidate& candidate, Duration limit);
  Result<bool> land(Flight flight, bool keep_slow);

  const Context& context_;
  const FixRequest& request_;
  Trials& trials_;
  const std::vector<Source>& sources_;
  FixReport& report_;
  const Outcome& before_;
  const TestTexts& tests_;
  const Progress& progress_;
  Duration limit_ = std::chrono::seconds(60), patient_ = std::chrono::seconds(60);
  std::vector<Passed> passed_;
  std::vector<Candidate> slow_, improving_;
  std::unordered_set<std::uint64_t> tried_;
};

// What a passing candidate is worth: the model's opinion, with deletions and guards last.
double preference(const Candidate& candidate);
FixPatch make_patch(const std::vector<Source>& sources, const Passed& passed);

}  // namespace wright::agent::search
