// Where the bug may be: the regions that the failing tests reach, most suspicious first. Python: lines that ran, per test (a tracer put
// into the overlay through PYTHONPATH), scored by Ochiai; JavaScript: V8's own coverage (NODE_V8_COVERAGE); any language: stack traces
// and names in the output. Test files, CI and test configuration are never candidates. Called by the searching thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/search/outcome.h"
#include "agent/search/source.h"
#include "agent/search/trial.h"

namespace wright::agent::search {

struct RanLines {
  std::map<std::string, std::set<int>> lines;  // file -> 1-based lines that ran
  struct Test { std::string name; bool ok = true; std::map<std::string, std::set<int>> lines; };
  std::vector<Test> tests;
  struct Run { std::string id; bool ok = true; double seconds = 0; };
  std::vector<Run> runner;                     // tests as the runner names them (pytest, unittest), in their order
  double startup = 0;                          // processor seconds until the first line of the workspace ran
  std::vector<Place> stack;                    // where the program was when the tracer stopped (endless loops)
  std::map<std::string, std::map<int, std::map<std::string, Types>>> types;  // file -> first line of a function -> name
  std::map<std::string, std::vector<std::pair<std::size_t, std::size_t>>> ran_ranges, skipped_ranges;  // bytes (JavaScript)
};

// What a traced run left (watched_run.h).
RanLines read_traces(const TrialResult& result);

// Tests, CI, test configuration, build scripts; also files that the command itself names ("node check.js").
bool is_protected(const std::string& name, const std::string& command);

struct Located {
  std::vector<Source> sources;
  struct Target { int source, region; };
  std::vector<Target> targets;             // most suspicious first
  std::vector<std::string> looked_at;      // "src/a.py:12 f"
};
Result<Located> locate(const Context& context, const FixRequest& request, const Outcome& before, const RanLines& ran);

}  // namespace wright::agent::search
