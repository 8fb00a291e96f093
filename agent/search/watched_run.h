// Runs of the tests with our own Python inside (a sitecustomize that PYTHONPATH finds): the traced run says which lines ran, which
// tests failed and how long they took; a screening run is a candidate's cheap first run: what failed before comes first, the first
// failure ends it, and loops end after the time that a test takes. A pass counts only after a plain run. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/search/locate.h"

namespace wright::agent::search {

TrialRun tracing_run(const FixRequest& request, Duration timeout);

struct Screen {
  bool on = false;                 // the tests run under a runner that the hooks know
  std::vector<std::string> first;  // ids of tests that failed
  double test_seconds = 0;         // of processor time that one test may take
  double total_seconds = 0;        // and all of them
};
Screen plan_screen(const RanLines& ran, const Outcome& before, double cpu_seconds, bool looped);
TrialRun screening_run(const FixRequest& request, const Screen& screen, Duration timeout);
// Whether the run was ended because a test took too long.
bool ended_as_slow(const TrialResult& result);

}  // namespace wright::agent::search
