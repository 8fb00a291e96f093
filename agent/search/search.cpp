// The pipeline of fix(): baseline -> trace -> locate -> propose -> rank -> try -> choose -> minimise. See README.md.
#include "agent/search/search.h"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <optional>
#include <random>

#include "agent/search/attempt.h"
#include "agent/search/frontier.h"
#include "agent/search/infill.h"
#include "agent/search/locate.h"
#include "agent/search/propose.h"
#include "agent/search/rank.h"
#include "base/file.h"
#include "base/log.h"

namespace wright::agent {

using namespace search;

namespace {

constexpr double kCheapTest = 0.3;       // seconds: below, more runs after the first pass
constexpr double kTraceLooped = 3, kTraceSeconds = 6;  // of the traced run
constexpr int kMorePlain = 4, kMoreCheap = 20, kMoreDear = 8;  // after a plain edit (what follows is less likely); after a guard or deletion
constexpr double kEarlyRuns = 16, kPatience = 10, kEarlyPerSecond = 3;  // tried while the model reads; seconds, after which more are
constexpr int kSlowShare = 15;           // percent of the time
constexpr int kLinesShare = 25;          // percent of the time left, that the model may write lines
constexpr double kHurry = 1.1;           // of the runs left, that the time must suffice for
constexpr double kReadingShare = 0.5;    // of the time left, that reading may still take
constexpr double kSettle = 4;            // seconds until the speed of reading is known
constexpr double kEarlyShare = 0.25;     // of the runs that the time suffices for, while the model reads
constexpr std::size_t kGoodForPairs = 100;
constexpr std::size_t kPairs = 400;
constexpr std::size_t kTestBytes = 1 << 20;

Duration seconds(double s) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)); }

// Whether the command itself is wrong, as the shell and the interpreters say it.
std::string not_runnable(const FixRequest& request, const tools::CommandResult& result) {
  if (result.exit_status == 127 || result.exit_status == 126) return fmt::format("the shell could not run it (exit {})", result.exit_status);
  if (result.output.find("can't open file '") != std::string::npos && result.exit_status == 2) return "it names a file that does not exist";
  if (result.output.find("python3: No module named ") != std::string::npos || result.output.find("python: No module named ") != std::string::npos)
    return "a module that it needs is not installed";
  (void)request;
  return "";
}

class Search {
 public:
  Search(const Context& context, const FixRequest& request, const Progress& progress) : context_(context), request_(request), progress_(progress) {}
  Result<FixReport> run();

 private:
  void phase(std::string text) { progress_({.kind = FixProgress::Kind::phase, .text = std::move(text), .runs = report_.runs, .max_runs = request_.max_runs}); }
  Result<bool> baseline();  // true: go on
  Result<void> find_places();
  Result<void> find_candidates();
  Result<void> attempt(Frontier& frontier, Ranker* ranker);
  Result<void> try_lines(Attempts& attempts, Ranker& ranker, int until_runs);
  double early(const Attempts& attempts, const Frontier& frontier, TimePoint reading_since) const;
  Result<void> try_pairs(Attempts& attempts, const std::vector<Candidate>& likely, int until_runs);
  Result<void> choose(Attempts& attempts);
  Result<void> read_and_try();
  void list(const Frontier& frontier);
  Duration baseline_limit() const { return request_.test_timeout > Duration::zero() ? request_.test_timeout : std::min<Duration>(std::chrono::minutes(2), request_.timeout / 10); }

  const Context& context_;
  const FixRequest& request_;
  const Progress& progress_;
  FixReport report_;
  std::unique_ptr<Trials> trials_;
  Outcome before_;
  bool looped_ = false;
  double test_seconds_ = 0;
  double cpu_seconds_ = 0;
  Screen screen_;
  Located located_;
  TestTexts tests_;
  std::vector<Candidate> candidates_;
};

Result<bool> Search::baseline() {
  phase("running the tests");
  TrialRun trial;
  trial.timeout = baseline_limit();
  WRIGHT_TRY(const TrialResult result, trials_->run(context_, trial));
  ++report_.runs;
  if (const std::string why = not_runnable(request_, result.command); !why.empty())
    return Error{ErrorKind::usage, fmt::format("`{}` cannot be run: {}; it printed: {}", request_.test, why, result.command.output.substr(0, std::min<std::size_t>(result.command.output.find('\n'), 200))),
                 "give a command that runs the tests in " + (request_.cwd.empty() ? request_.workspace : request_.cwd)};
  before_ = read_outcome(result.command, result.root);
  looped_ = result.command.timed_out;
  test_seconds_ = report_.seconds_per_test = result.command.seconds;
  cpu_seconds_ = result.command.cpu_seconds;
  report_.tests_before = before_.line;
  report_.already_passing = before_.ok;
  phase(fmt::format("before: {} ({:.2f} s)", before_.line, test_seconds_));
  return !before_.ok;
}

Result<void> Search::find_places() {
  RanLines ran;
  if (report_.runs < request_.max_runs) {
    phase("tracing the tests");
    const double limit = looped_ ? kTraceLooped : std::max(kTraceSeconds, 2 * test_seconds_);
    WRIGHT_TRY(const TrialResult traced, trials_->run(context_, tracing_run(request_, std::min(seconds(limit), request_.timeout / 8))));
    ++report_.runs;
    ran = read_traces(traced);
    screen_ = plan_screen(ran, before_, cpu_seconds_, looped_);
  }
  WRIGHT_TRY(located_, locate(context_, request_, before_, ran));
  report_.looked_at = located_.looked_at;
  for (const std::string& place : report_.looked_at) {
    FixProgress note{.kind = FixProgress::Kind::location, .text = place, .runs = report_.runs, .max_runs = request_.max_runs};
    progress_(note);
  }
  std::vector<std::string> names;
  for (const auto& [name, lines] : ran.lines) names.push_back(name);
  for (const auto& [name, lines] : ran.ran_ranges) names.push_back(name);
  for (const Place& place : before_.places) names.push_back(place.file);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names)
    if (is_protected(name, request_.test) && tests_.all.size() < kTestBytes)
      if (auto text = read_file(request_.workspace + "/" + name, kTestBytes); text.ok()) tests_.all += *text + "\n";
  return {};
}

Result<void> Search::find_candidates() {
  WRIGHT_TRY(candidates_, propose(context_, located_));
  phase(fmt::format("{} candidates in {} places", candidates_.size(), report_.looked_at.size()));
  if (request_.order == "random") {
    std::mt19937_64 random(request_.seed);
    std::shuffle(candidates_.begin(), candidates_.end(), random);
  }
  return {};
}

// The model reads on a thread of its own, and what it finds good is tried meanwhile.
Result<void> Search::read_and_try() {
  const bool by_model = request_.order == "model" && request_.engine && !candidates_.empty();
  Frontier frontier(std::move(candidates_), by_model);
  const Context reading = context_.child();
  std::future<Result<std::size_t>> read;
  std::optional<Ranker> ranker;
  if (by_model) {
    phase("the model reads the candidates");
    ranker.emplace(*request_.engine, located_.sources, request_.description);
    read = std::async(std::launch::async, [&] { return ranker->read(reading, frontier); });
  }
  Result<void> tried;
  if (request_.list_only) {
    while (!frontier.closed() && !context_.done()) frontier.wait(std::chrono::milliseconds(100));
  } else {
    tried = attempt(frontier, ranker ? &*ranker : nullptr);
  }
  reading.cancel();
  if (by_model) {
    const auto done = read.get();
    if (done.ok()) phase(fmt::format("the model read {} of {} candidates, {} tokens in {:.1f} s", *done, frontier.all().size(), ranker->tokens(), ranker->seconds()));
    else if (!context_.done()) phase("the model stopped reading: " + done.error().text());
  }
  if (request_.list_only) list(frontier);
  return tried;
}

void Search::list(const Frontier& frontier) {
  std::vector<Candidate> all = frontier.all();
  if (request_.order != "random") std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  for (const Candidate& c : all) {
    const Source& source = located_.sources[static_cast<std::size_t>(c.file)];
    if (!c.checked && !parses(source, c)) continue;
    ++report_.candidates;
    progress_({.kind = FixProgress::Kind::candidate, .text = describe_change(source.text(), c.edits), .change = short_change(source.text(), c.edits),
               .op = std::string(c.op), .file = source.name, .line = c.line, .score = c.score, .model = opinion(c.model), .prior = c.prior,
               .reading = {c.model.removed, c.model.added, c.model.rest, static_cast<double>(c.model.n_removed), static_cast<double>(c.model.n_added)}});
  }
}

// How many of the first may be tried before all are read: few at first. When the time does not suffice for all runs that are left: a
// share of those that it does suffice for, so that the model gets on; all, when reading would take most of the time.
double Search::early(const Attempts& attempts, const Frontier& frontier, TimePoint reading_since) const {
  constexpr double kAll = 1e9;
  if (!attempts.passed().empty()) return kAll;
  const double left = std::chrono::duration<double>(context_.remaining()).count(), read_for = seconds_between(reading_since, Clock::system().now());
  const double usual = kEarlyRuns + kEarlyPerSecond * std::max(0.0, read_for - kPatience);
  const double affordable = left / std::max(0.01, attempts.seconds_per_run()) * workers();
  if (affordable > kHurry * (request_.max_runs - report_.runs)) return usual;
  const double share = std::max(frontier.share_taken(), 1e-3);
  return read_for < kSettle || read_for * (1 - share) / share < kReadingShare * left ? std::max(usual, kEarlyShare * affordable) : kAll;
}

Result<void> Search::attempt(Frontier& frontier, Ranker* ranker) {
  Attempts::Limits limits{request_.test_timeout, request_.test_timeout, kMorePlain, test_seconds_ < kCheapTest ? kMoreCheap : kMoreDear};
  if (request_.test_timeout <= Duration::zero()) {
    // The unpatched run may have ended early or never: short first, patient afterwards. A screening measures processor time itself.
    const double quick = screen_.on ? 3 * screen_.total_seconds : looped_ ? 1.0 : std::max(0.6, 4 * test_seconds_ + 0.3);
    limits.quick = seconds(quick);
    limits.patient = std::min(seconds(std::max(quick * 10, 2.0)), request_.timeout / 4);
  }
  Attempts attempts(context_, request_, *trials_, located_.sources, report_, before_, tests_, progress_, screen_, limits);
  phase("trying candidates");
  const TimePoint start = Clock::system().now();
  bool kept_for_slow = true;  // the last of the time is for those that took long, if there are any
  const auto late = [&] { return kept_for_slow && attempts.any_slow() && attempts.passed().empty() && context_.remaining() < request_.timeout * kSlowShare / 100; };
  const Attempts::Next next = [&] { return late() ? Frontier::Offer{nullptr, true} : frontier.next(early(attempts, frontier, start)); };
  // Single edits first; pairs get the rest of the runs when nothing passed: those that came further put together with the likely ones.
  const auto share = [&](int percent) { return request_.max_runs * percent / 100; };
  WRIGHT_CHECK(attempts.run(next, share(60)));
  if (attempts.passed().empty() && !late() && ranker && frontier.closed()) WRIGHT_CHECK(try_lines(attempts, *ranker, share(75)));
  if (attempts.passed().empty() && !late() && request_.order != "random") WRIGHT_CHECK(try_pairs(attempts, frontier.likely(kGoodForPairs), share(85)));
  if (attempts.passed().empty()) WRIGHT_CHECK(attempts.run_slow_again(late() ? request_.max_runs : share(92)));
  kept_for_slow = false;
  if (attempts.passed().empty()) WRIGHT_CHECK(attempts.run(next, request_.max_runs));
  return choose(attempts);
}

Result<void> Search::try_lines(Attempts& attempts, Ranker& ranker, int until_runs) {
  phase("the model writes lines anew");
  const auto lines = infill(context_, *request_.engine, located_, ranker, context_.remaining() * kLinesShare / 100);
  if (!lines.ok() && context_.done()) return {};
  if (!lines.ok()) {
    phase("the model wrote nothing: " + lines.error().text());
    return {};
  }
  phase(fmt::format("trying {} of them", lines->size()));
  return attempts.run(*lines, until_runs);
}

Result<void> Search::try_pairs(Attempts& attempts, const std::vector<Candidate>& likely, int until_runs) {
  std::vector<Candidate> first = attempts.improving();
  phase(first.empty() ? std::string("trying pairs of the likeliest edits") : fmt::format("trying pairs with {} edits that came further", first.size()));
  if (first.empty()) first = likely;
  return attempts.run(compose(located_, first, likely, kPairs), until_runs);
}

Result<void> Search::choose(Attempts& attempts) {
  if (context_.cancelled()) return Error{ErrorKind::cancelled, "cancelled", ""};
  std::vector<Passed> passed = attempts.passed();
  if (passed.empty()) {
    report_.why_none = context_.expired() ? "the time is over" : attempts.out_of_runs() ? "all runs are used" : "nothing is left to try";
    return {};
  }
  std::stable_sort(passed.begin(), passed.end(), [](const Passed& a, const Passed& b) { return preference(a.candidate) > preference(b.candidate); });
  Passed best = passed.front();
  WRIGHT_CHECK(attempts.minimise(best));
  report_.verified = true;
  report_.patch = make_patch(located_.sources, best);
  for (std::size_t i = 1; i < passed.size() && report_.runner_up.empty(); ++i) {
    FixPatch other = make_patch(located_.sources, passed[i]);
    if (other.diff != report_.patch.diff) report_.runner_up.push_back(std::move(other));
  }
  return {};
}

Result<FixReport> Search::run() {
  const TimePoint start = Clock::system().now();
  WRIGHT_TRY(trials_, Trials::open(request_));
  WRIGHT_TRY(const bool go_on, baseline());
  if (go_on) {
    WRIGHT_CHECK(find_places());
    if (located_.looked_at.empty()) {
      report_.why_none = request_.files.empty() ? "no source file that may change was reached by the tests" : "no source file matches --files";
    } else {
      WRIGHT_CHECK(find_candidates());
      WRIGHT_CHECK(read_and_try());
    }
  }
  report_.seconds = seconds_between(start, Clock::system().now());
  return std::move(report_);
}

}  // namespace

Result<FixReport> fix(const Context& context, const FixRequest& request, const std::function<void(const FixProgress&)>& progress) {
  if (request.test.empty()) return Error{ErrorKind::usage, "no test command was given", "say --test \"CMD\""};
  const std::string cwd = request.cwd.empty() ? request.workspace : request.cwd;
  if (!request.workspace.starts_with("/") || (cwd != request.workspace && !cwd.starts_with(request.workspace + "/")))
    return Error{ErrorKind::usage, fmt::format("{} does not lie in the workspace {}", cwd, request.workspace), ""};
  const Context bounded = context.with_timeout(request.timeout);
  auto report = Search(bounded, request, progress).run();
  if (report.ok() || context.cancelled() || report.error().kind != ErrorKind::timeout) return report;
  FixReport late;
  late.why_none = "the time is over";
  return late;
}

}  // namespace wright::agent
