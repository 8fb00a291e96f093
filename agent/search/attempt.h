// Trying candidates: two at a time where the machine has the cores, each verified by the whole test command; then the choice among those
// that passed, and its minimisation. Where the test runner is known, a candidate is screened first (watched_run.h) and run plainly
// only when it passes that. One object a search, used by its thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <list>
#include <optional>
#include <unordered_set>
#include <vector>

#include "agent/search/candidate.h"
#include "agent/search/frontier.h"
#include "agent/search/locate.h"
#include "agent/search/outcome.h"
#include "agent/search/tamper.h"
#include "agent/search/trial.h"
#include "agent/search/watched_run.h"

namespace wright::agent::search {

using Progress = std::function<void(const FixProgress&)>;

// A candidate that passed the whole command.
struct Passed {
  Candidate candidate;
  Outcome outcome;
};

unsigned workers();  // trials at a time

class Attempts {
 public:
  struct Limits {
    Duration quick{}, patient{};  // of one run: at first; for those that reached it when nothing else passed, and for plain runs after a screening
    int more_plain = 0, more_risky = 0;  // further runs after a pass: of a plain edit; of a guard or deletion
  };
  Attempts(const Context& context, const FixRequest& request, Trials& trials, const std::vector<Source>& sources, FixReport& report,
           const Outcome& before, const TestTexts& tests, const Progress& progress, Screen screen, Limits limits);
  ~Attempts();

  // Where candidates come from; no candidate and not `end`: ask again when something has happened.
  using Next = std::function<Frontier::Offer()>;
  // Tries them up to a number of runs (of the whole search), or until enough were tried after the first that passed.
  Result<void> run(const Next& next, int until_runs);
  Result<void> run(const std::vector<Candidate>& candidates, int until_runs);
  // Those that reached the limit, plainly and with the patient one, the likeliest first.
  bool any_slow() const { return !slow_.empty(); }
  Result<void> run_slow_again(int until_runs);
  const std::vector<Passed>& passed() const { return passed_; }
  bool out_of_runs() const { return report_.runs >= request_.max_runs; }
  double seconds_per_run() const { return seconds_per_run_; }
  // Leaves out edits that are not needed.
  Result<void> minimise(Passed& passed);
  // Failed, but came further than the unpatched program: halves of a fix.
  const std::vector<Candidate>& improving() const { return improving_; }

 private:
  enum class Kind : std::uint8_t { screening, plain, patient };
  struct Flight {
    Candidate candidate;
    Kind kind;
    int runs;  // of the search when it started
    std::optional<Result<TrialResult>> result;  // guarded by mutex_
    std::future<void> task;
  };
  void launch(const Candidate& candidate, Kind kind);
  // Lands those that have ended, after waiting up to `most` for one.
  Result<void> land(std::chrono::milliseconds most);
  Result<void> land(Flight flight);
  Result<void> land_all();
  void passed(const Candidate& candidate, const Outcome& outcome, FixProgress note);
  int stop_at(int until_runs) const;

  const Context& context_;
  const Context flights_context_;  // cancelled with this object
  const FixRequest& request_;
  Trials& trials_;
  const std::vector<Source>& sources_;
  FixReport& report_;
  const Outcome& before_;
  const TestTexts& tests_;
  const Progress& progress_;
  const Screen screen_;
  const Limits limits_;
  double seconds_per_run_;
  std::vector<Passed> passed_;
  int runs_at_pass_ = 0;
  std::vector<Candidate> slow_, improving_;
  std::unordered_set<std::uint64_t> tried_;
  std::mutex mutex_;
  std::condition_variable landed_;
  std::list<Flight> flights_;
};

// What a passing candidate is worth: the model's opinion, with deletions and guards last.
double preference(const Candidate& candidate);
FixPatch make_patch(const std::vector<Source>& sources, const Passed& passed);

}  // namespace wright::agent::search
