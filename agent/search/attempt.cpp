#include "agent/search/attempt.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "agent/search/propose.h"
#include "agent/search/rank.h"
#include "tools/patch/unified_diff.h"

namespace wright::agent::search {

unsigned workers() { return std::clamp(std::thread::hardware_concurrency() / 2 + 1, 1u, 8u); }

namespace {

// How far the tests came: those that passed, else the line of the test file that the failure is at.
std::pair<int, int> progress_of(const Outcome& outcome) {
  if (outcome.passed >= 0) return {outcome.passed, 0};
  int line = 0;
  for (const Place& place : outcome.stack)
    if (is_protected(place.file, "") || &place == &outcome.stack.front()) line = std::max(line, place.line);
  return {-1, line};
}

}  // namespace

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

Attempts::Attempts(const Context& context, const FixRequest& request, Trials& trials, const std::vector<Source>& sources, FixReport& report,
                   const Outcome& before, const TestTexts& tests, const Progress& progress, Screen screen, Limits limits)
    : context_(context), flights_context_(context.child()), request_(request), trials_(trials), sources_(sources), report_(report), before_(before),
      tests_(tests), progress_(progress), screen_(std::move(screen)), limits_(limits),
      seconds_per_run_(std::min(report.seconds_per_test, std::chrono::duration<double>(limits.quick).count())) {}

Attempts::~Attempts() {
  flights_context_.cancel();
  flights_.clear();  // waits for each
}

void Attempts::launch(const Candidate& candidate, Kind kind) {
  const Source& source = sources_[static_cast<std::size_t>(candidate.file)];
  const Duration limit = kind == Kind::patient || (kind == Kind::plain && screen_.on) ? limits_.patient : limits_.quick;
  TrialRun trial = kind == Kind::screening ? screening_run(request_, screen_, limit) : TrialRun{.timeout = limit};
  trial.files.emplace_back(source.name, apply_edits(source.text(), candidate.edits));
  ++report_.runs;
  tried_.insert(candidate.key);
  Flight& flight = flights_.emplace_back(Flight{candidate, kind, report_.runs, std::nullopt, {}});
  flight.task = std::async(std::launch::async, [this, &flight, trial = std::move(trial)] {
    auto result = trials_.run(flights_context_, trial);
    const std::lock_guard lock(mutex_);
    flight.result = std::move(result);
    landed_.notify_all();
  });
}

void Attempts::passed(const Candidate& c, const Outcome& outcome, FixProgress note) {
  const Source& source = sources_[static_cast<std::size_t>(c.file)];
  if (const std::string reason = tampering(source.text(), c.edits, tests_, before_, outcome); !reason.empty()) {
    report_.refused.push_back({make_patch(sources_, {c, outcome}).diff, reason});
    note.kind = FixProgress::Kind::refused;
    note.text += "\n" + reason;
    note.change += " (" + reason + ")";
    return progress_(note);
  }
  note.kind = FixProgress::Kind::passed;
  ++report_.passing;
  if (report_.first_pass == 0) report_.first_pass = note.runs;
  if (passed_.empty()) runs_at_pass_ = report_.runs;
  passed_.push_back({c, outcome});
  progress_(note);
}

Result<void> Attempts::land(Flight flight) {
  flight.task.wait();
  if (!flight.result->ok() && context_.done()) return {};  // ended with the search; what passed before still counts
  WRIGHT_TRY(const TrialResult result, std::move(*flight.result));
  const Candidate& c = flight.candidate;
  const Source& source = sources_[static_cast<std::size_t>(c.file)];
  const bool screening = flight.kind == Kind::screening;
  Outcome outcome = read_outcome(result.command, result.root);
  const bool slow = result.command.timed_out || (screening && ended_as_slow(result));
  seconds_per_run_ = 0.9 * seconds_per_run_ + 0.1 * result.command.seconds;
  if (screening && outcome.ok && !slow) {  // its plain run is what counts
    if (!out_of_runs() && !context_.done()) launch(c, Kind::plain);
    return {};
  }
  if (slow && flight.kind != Kind::patient) slow_.push_back(c);
  if (flight.kind != Kind::patient) ++report_.candidates;
  FixProgress note{.kind = FixProgress::Kind::candidate, .text = describe_change(source.text(), c.edits),
                   .change = short_change(source.text(), c.edits), .op = std::string(c.op), .file = source.name, .line = c.line,
                   .runs = flight.runs, .max_runs = request_.max_runs, .score = c.score, .model = opinion(c.model), .prior = c.prior, .ok = outcome.ok};
  if (outcome.ok) {
    passed(c, outcome, std::move(note));
    return {};
  }
  // A screening stops at the first failure, and begins with the tests that failed: each that passes is a step.
  const bool further = screening ? outcome.passed > 0 && !screen_.first.empty() : progress_of(outcome) > progress_of(before_);
  if (further) improving_.push_back(c);
  progress_(note);
  return {};
}

Result<void> Attempts::land(std::chrono::milliseconds most) {
  std::list<Flight> ended;
  {
    std::unique_lock lock(mutex_);
    const auto any = [&] { return std::any_of(flights_.begin(), flights_.end(), [](const Flight& f) { return f.result.has_value(); }); };
    landed_.wait_for(lock, most, any);
    for (auto flight = flights_.begin(); flight != flights_.end();) {
      const auto at = flight++;
      if (at->result) ended.splice(ended.end(), flights_, at);
    }
  }
  for (Flight& flight : ended) WRIGHT_CHECK(land(std::move(flight)));
  return {};
}

Result<void> Attempts::land_all() {
  while (!flights_.empty()) WRIGHT_CHECK(land(std::chrono::milliseconds(1000)));
  return {};
}

int Attempts::stop_at(int until_runs) const {
  const int limit = std::min(until_runs, request_.max_runs - (screen_.on ? 1 : 0));  // the plain run after a screening needs one
  if (passed_.empty()) return limit;
  const bool plain = std::any_of(passed_.begin(), passed_.end(), [](const Passed& p) { return p.candidate.risk == Risk::plain; });
  return std::min(limit, runs_at_pass_ + (plain ? limits_.more_plain : limits_.more_risky));
}

Result<void> Attempts::run(const Next& next, int until_runs) {
  for (bool end = false; !end || !flights_.empty();) {
    if (context_.done() || report_.runs >= stop_at(until_runs)) break;
    bool waits = true;
    if (!end && flights_.size() < workers()) {
      const Frontier::Offer offer = next();
      end = offer.end;
      waits = !offer.candidate;
      if (const Candidate* c = offer.candidate; c && !tried_.count(c->key) && (c->checked || parses(sources_[static_cast<std::size_t>(c->file)], *c)))
        launch(*c, screen_.on ? Kind::screening : Kind::plain);
    }
    WRIGHT_CHECK(land(std::chrono::milliseconds(!waits ? 0 : flights_.empty() ? 1 : 20)));
  }
  return land_all();
}

Result<void> Attempts::run(const std::vector<Candidate>& candidates, int until_runs) {
  std::size_t at = 0;
  return run([&] { return at < candidates.size() ? Frontier::Offer{&candidates[at++], false} : Frontier::Offer{nullptr, true}; }, until_runs);
}

Result<void> Attempts::run_slow_again(int until_runs) {
  std::vector<Candidate> again = std::move(slow_);
  slow_.clear();
  std::stable_sort(again.begin(), again.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  for (const Candidate& c : again) {
    while (flights_.size() >= workers()) WRIGHT_CHECK(land(std::chrono::milliseconds(100)));
    if (context_.done() || report_.runs >= stop_at(until_runs)) break;
    launch(c, Kind::patient);
  }
  return land_all();
}

Result<void> Attempts::minimise(Passed& best) {
  for (std::size_t i = 0; best.candidate.edits.size() > 1 && i < best.candidate.edits.size() && !out_of_runs() && !context_.done();) {
    Candidate smaller = best.candidate;
    smaller.edits.erase(smaller.edits.begin() + static_cast<std::ptrdiff_t>(i));
    smaller.line = line_of(sources_[static_cast<std::size_t>(smaller.file)].text(), smaller.edits.front().begin);
    smaller.key = 0;
    const std::size_t had = passed_.size();
    launch(smaller, Kind::patient);
    WRIGHT_CHECK(land_all());
    if (passed_.size() > had) best = passed_.back();
    else ++i;
  }
  return {};
}

}  // namespace wright::agent::search
