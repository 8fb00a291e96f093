#include "agent/search/watched_run.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/embed.h"

namespace wright {
extern const EmbeddedFile search_tracers[];
}

namespace wright::agent::search {

namespace {

constexpr double kTraceShare = 0.6;                       // of the run's time, until the tracer stops and writes
constexpr double kLeastTest = 0.3, kMostTest = 10;        // seconds a test may take in a screening run
constexpr double kLoopedTotal = 1.0, kLeastTotal = 1.0;   // seconds for all of them
constexpr double kSlower = 4;                             // times that a right program may take longer than the failing one

TrialRun watched(const FixRequest& request, std::string_view customize, Duration timeout) {
  TrialRun run;
  run.timeout = timeout;
  const auto put = [&](std::string_view name, std::string as) {
    if (const EmbeddedFile* file = find_embedded(search_tracers, name)) run.trace_files.emplace_back(std::move(as), std::string(file->text()));
  };
  put(customize, "sitecustomize.py");
  put("runner_hooks.py", "wright_runner_hooks.py");
  put("pytest_plugin.py", "wright_pytest_plugin.py");
  const auto path = request.commands.environment.find("PYTHONPATH");
  run.environment["PYTHONPATH"] = path == request.commands.environment.end() || path->second.empty() ? "{trace}" : "{trace}:" + path->second;
  run.environment["WRIGHT_TRACE"] = "{trace}";
  return run;
}

}  // namespace

TrialRun tracing_run(const FixRequest& request, Duration timeout) {
  TrialRun run = watched(request, "tracer.py", timeout);
  run.environment["WRIGHT_TRACE_ROOT"] = "{root}";
  run.environment["WRIGHT_TRACE_SECONDS"] = fmt::format("{}", kTraceShare * std::chrono::duration<double>(timeout).count());
  run.environment["NODE_V8_COVERAGE"] = "{trace}";
  return run;
}

Screen plan_screen(const RanLines& ran, const Outcome& before, double cpu_seconds, bool looped) {
  Screen out;
  out.on = !ran.runner.empty();
  double longest = 0;  // under the tracer: an upper bound of what it takes without
  for (const RanLines::Run& run : ran.runner) {
    if (run.ok) longest = std::max(longest, run.seconds);
    else out.first.push_back(run.id);
  }
  for (const std::string& name : before.failing)
    if (std::find(out.first.begin(), out.first.end(), name) == out.first.end()) out.first.push_back(name);
  out.test_seconds = std::clamp(longest, kLeastTest, kMostTest);
  out.total_seconds = looped ? ran.startup + std::max(kLoopedTotal, 2 * longest) : ran.startup + std::max(kLeastTotal, kSlower * cpu_seconds);
  return out;
}

TrialRun screening_run(const FixRequest& request, const Screen& screen, Duration timeout) {
  TrialRun run = watched(request, "screen.py", timeout);
  std::string first;
  for (const std::string& name : screen.first) first += name + "\n";
  run.trace_files.emplace_back("first", std::move(first));
  run.environment["WRIGHT_SCREEN_LIMIT"] = fmt::format("{}", screen.test_seconds);
  run.environment["WRIGHT_SCREEN_TOTAL"] = fmt::format("{}", screen.total_seconds);
  return run;
}

bool ended_as_slow(const TrialResult& result) {
  return std::any_of(result.traces.begin(), result.traces.end(), [](const auto& trace) { return trace.first == "slow"; });
}

}  // namespace wright::agent::search
