// The calls of one reply: found, checked, approved, checkpointed, run. Independent reads run in parallel; what writes or runs
// commands runs alone and in order. Every call gets exactly one result, stored in the order of the calls. Blocks.
#pragma once

#include <string>
#include <vector>

#include "agent/change_recorder.h"
#include "agent/loop.h"

namespace wright::agent {

struct CallsOutcome {
  int denied = 0;
  std::string denied_for;  // the flag that would allow the first refused call
  // Calls in order, by what they were. unanswered: closed for want of someone to ask; acted: wrote or ran something, and it worked.
  struct Done { std::string key; bool failed = false, wrote = false, unanswered = false, acted = false; };
  std::vector<Done> done;
};

// An error only when the store fails or `context` ends; then the calls left get the result "interrupted".
Result<CallsOutcome> run_calls(const Context& context, const LoopRequest& request, ChangeRecorder& recorder,
                               const std::vector<ToolCallItem>& calls);

}  // namespace wright::agent
