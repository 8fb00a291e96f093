// Verified patch search: localise, propose, score, try, minimise, refuse tampering, report evidence. Blocks on the caller's
// thread (a pool thread); `context` cancels it at once. The user's tree is read only: candidates run in overlays or copies.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "engine/run/engine.h"
#include "tools/exec/sandbox.h"

namespace wright::agent {

struct FixRequest {
  std::string workspace;               // absolute
  std::string cwd;                     // absolute, inside it; "" = workspace
  std::string test;                    // shell command; exit status 0 means that the tests pass
  std::vector<std::string> files;      // globs: only these may change; empty: whatever the failing tests reach
  int max_runs = 200;                  // every execution of `test`, baseline included
  Duration timeout = std::chrono::seconds(300);  // whole wall time
  Duration test_timeout = Duration::zero();      // zero: from the baseline's own time
  std::string description;             // the user's words, a hint for scoring; may be empty
  std::string order = "model";         // "model", "prior" or "random" (for measurements)
  std::uint64_t seed = 0;
  bool copies = false;                 // candidates run in copies of the workspace even where overlays work
  bool list_only = false;              // find and order the candidates, try none: each is reported as progress (for measurements)
  std::shared_ptr<engine::Engine> engine;  // null: no model, operator prior only
  tools::CommandPolicy commands;
};

// What a front end shows while it runs. Called from the searching thread.
struct FixProgress {
  enum class Kind { phase, location, candidate, passed, refused } kind = Kind::phase;
  std::string text;     // phase: "running the tests"; location: "src/a.py:12 f()"; candidate: "- old\n+ new"
  std::string change;   // candidate: "max -> min"
  std::string op;       // candidate: the operator that made it
  std::string file;     // location, candidate
  int line = 0;
  int runs = 0, max_runs = 0;
  double score = 0, model = 0, prior = 0;  // candidate: what it is ordered by, the model's opinion, the operator's prior
  std::vector<double> reading;             // candidate, of a list: removed, added, rest, tokens removed, tokens added
  bool ok = false;      // candidate: whether the tests passed
};

struct FixPatch {
  std::string diff;                    // unified, a/ b/, relative to the workspace
  std::vector<std::pair<std::string, std::string>> files;  // name, whole new bytes
  std::map<std::string, std::string> before;               // the bytes of these files that the search read
  std::string description;             // "changed `<` to `<=` in f() at a.py:12"
  std::string tests_after;             // one line, "12 passed" or "exit 0"
};

struct FixReport {
  bool verified = false, already_passing = false;
  FixPatch patch;                      // when verified
  std::vector<FixPatch> runner_up;     // at most one
  struct Refusal { std::string diff, reason; };
  std::vector<Refusal> refused;        // passed, but games the tests
  std::string tests_before;            // one line
  int runs = 0, candidates = 0, passing = 0;
  int first_pass = 0;                  // runs up to the first candidate that passed; 0: none did
  double seconds_per_test = 0;         // of the unpatched run
  double seconds = 0;
  std::vector<std::string> looked_at;  // functions, most suspicious first
  std::string why_none;                // when nothing was found: out of runs, out of time, nothing left to try
};

// usage error (exit 2) when the test command cannot be run at all.
Result<FixReport> fix(const Context& context, const FixRequest& request, const std::function<void(const FixProgress&)>& progress);

}  // namespace wright::agent
