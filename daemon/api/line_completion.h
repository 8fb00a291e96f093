// The rest of the line at a cursor, by the engine, with how sure it is. The text before the cursor is the prompt and stays in the prefix
// cache, so a keystroke costs a few tokens. Blocks; any thread.
#pragma once

#include <string>

#include "base/context.h"
#include "base/result.h"
#include "engine/run/engine.h"

namespace wright::daemon {

struct LineCompletion {
  std::string text;       // "" when the model is not sure enough
  double confidence = 0;  // mean probability of the tokens shown
};

// A token is shown while its probability is at least `token`, the whole when their mean is at least `mean`.
// Calibrated by tests/bench/completion.py so that four of five completions shown are exactly how the line goes on; the table is in
// daemon/doc/results.md, "Completion".
struct CompletionThresholds { double token = 0.7, mean = 0.7; int shortest = 3; };

Result<LineCompletion> complete_line(engine::Engine& engine, const Context& context, const std::string& before, const std::string& after,
                                     const CompletionThresholds& thresholds = {});

}  // namespace wright::daemon
