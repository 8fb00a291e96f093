#include "agent/search/attempt.h"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

#include "agent/search/propose.h"
#include "tools/patch/unified_diff.h"

namespace wright::agent::search {

namespace {

unsigned workers() { return std::clamp(std::thread::hardware_concurrency() / 2 + 1, 1u, 8u); }

}  // namespace

// How far the tests came: those that passed, else the line of the test file that the failure is at.
std::pair<int, int> progress_of(const Outcome& outcome) {
  if (outcome.passed >= 0) return {outcome.passed, 0};
  int line = 0;
  for (const Place& place : outcome.stack)
    if (is_protected(place.file, "") || &place == &outcome.stack.front()) line = std::max(line, place.line);
  return {-1, line};
}

double preference(const Candidate& c) { return c.score - (c.risk == Risk::deletion ? 30 : c.risk == Risk::guard ? 15 : 0); }

FixPatch make_patch(const std::vector<Source>& sources, const Passed& passed) {
  const Candidate& c = passed.candidate;
  const Source& source = sources[static_cast<std::size_t>(c.file)];
  const Region& region = source.regions[static_cast<std::size_t>(c.region)];
  const std::string text = apply_edits(source.text(), c.edits);
  FixPatch patch;
  patch.diff = tools::patch::make_unified_diff(source.text(), text, {.old_name = source.name});
  patch.files.emplace_back(source.name, text);
  patch.before.emplace(source.name, source.text());
  patch.description = fmt::format("{} in {} at {}:{}", c.op, region.name.empty() ? "code outside functions" : region.name + "()", source.name, c.line);
  patch.tests_after = passed.outcome.line;
  return patch;
}

Attempts::Flight Attempts::launch(const Candidate& candidate, Duration limit) {
  const Source& source = sources_[static_cast<std::size_t>(candidate.file)];
  TrialRun trial;
  trial.files.emplace_back(source.name, apply_edits(source.text(), candidate.edits));
  trial.timeout = limit;
  ++report_.runs;
  ++report_.candidates;
  tried_.insert(candidate.key);
  return {&candidate, std::async(std::launch::async, [this, trial = std::move(trial)] { return trials_.run(context_, trial); })};
}

// Whether the candidate passed and was not refused.
Result<bool> Attempts::land(Flight flight, bool keep_slow) {
  WRIGHT_TRY(const TrialResult result, flight.result.get());
  const Candidate& c = *flight.candidate;
  const Source& source = sources_[static_cast<std::size_t>(c.file)];
  const Outcome outcome = read_outcome(result.command, result.root);
  if (result.command.timed_out && keep_slow) slow_.push_back(c);
  FixProgress note{.kind = FixProgress::Kind::candidate, .text = describe_change(source.text(), c.edits),
                   .change = short_change(source.text(), c.edits), .op = std::string(c.op), .file = source.name, .line = c.line,
                   .runs = report_.runs, .max_runs = request_.max_runs, .score = c.score, .model = c.model, .prior = c.prior, .grown = c.grown, .ok = outcome.ok};
  if (!outcome.ok && progress_of(outcome) > progress_of(before_)) improving_.push_back(c);
  if (!outcome.ok) {
    progress_(note);
    return false;
  }
  if (const std::string reason = tampering(source.text(), c.edits, tests_, before_, outcome); !reason.empty()) {
    report_.refused.push_back({make_patch(sources_, {c, outcome}).diff, reason});
    note.kind = FixProgress::Kind::refused;
    note.text += "\n" + reason;
    note.change += " (" + reason + ")";
    progress_(note);
    return false;
  }
  note.kind = FixProgress::Kind::passed;
  ++report_.passing;
  if (report_.first_pass == 0) report_.first_pass = note.runs;
  passed_.push_back({c, outcome});
  progress_(note);
  return true;
}

Result<std::size_t> Attempts::run(const std::vector<Candidate>& candidates, std::size_t from, int until_runs, int more) {
  const int limit = std::min(until_runs, request_.max_runs);
  const unsigned wide = workers();
  std::deque<Flight> flights;
  std::size_t at = from;
  int stop = limit;
  if (!passed_.empty()) stop = std::min(limit, report_.runs + more);
  const auto take = [&]() -> Result<void> {
    Flight flight = std::move(flights.front());
    flights.pop_front();
    const bool first = passed_.empty();
    WRIGHT_TRY(const bool ok, land(std::move(flight), true));
    if (ok && first) stop = std::min(limit, report_.runs + more);
    return {};
  };
  for (; at < candidates.size() && report_.runs < stop && !context_.done(); ++at) {
    const Candidate& c = candidates[at];
    if (tried_.count(c.key) || !parses(sources_[static_cast<std::size_t>(c.file)], c)) continue;
    flights.push_back(launch(c, limit_));
    if (flights.size() >= wide)
      if (auto taken = take(); !taken.ok()) {
        for (Flight& flight : flights) flight.result.wait();
        return taken.error();
      }
  }
  while (!flights.empty())
    if (auto taken = take(); !taken.ok()) {
      for (Flight& flight : flights) flight.result.wait();
      return taken.error();
    }
  return at;
}

Result<void> Attempts::run_slow_again(int until_runs, int more) {
  if (slow_.empty() || patient_ <= limit_) return {};
  const std::vector<Candidate> again = std::move(slow_);
  slow_.clear();
  const Duration quick = limit_;
  limit_ = patient_;
  for (const Candidate& c : again) tried_.erase(c.key);
  const auto ran = run(again, 0, until_runs, more);
  limit_ = quick;
  slow_.clear();
  return ran.ok() ? Result<void>() : Result<void>(ran.error());
}

Result<void> Attempts::minimise(Passed& passed) {
  for (std::size_t i = 0; passed.candidate.edits.size() > 1 && i < passed.candidate.edits.size() && !out_of_runs() && !context_.done();) {
    Candidate smaller = passed.candidate;
    smaller.edits.erase(smaller.edits.begin() + static_cast<std::ptrdiff_t>(i));
    smaller.line = line_of(sources_[static_cast<std::size_t>(smaller.file)].text(), smaller.edits.front().begin);
    smaller.key = 0;
    WRIGHT_TRY(const bool ok, land(launch(smaller, limit_), false));
    if (ok) passed = passed_.back();
    else ++i;
  }
  return {};
}

}  // namespace wright::agent::search
