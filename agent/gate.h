// The gate before every call: policy decides, what it leaves open is asked of the user, and both are stored as an approval item.
// Called from the loop's thread; blocks while the user thinks.
#pragma once

#include <string>

#include "agent/items.h"
#include "agent/loop.h"

namespace wright::agent {

struct Passage {
  bool open = false;
  std::string told;  // when closed: what the model reads
  std::string flag;  // when closed: the option that would open it ("" when none would)
  bool unanswered = false;  // closed because no one could be asked
};

// An error only when the store fails or `context` ends.
Result<Passage> pass_gate(const Context& context, const LoopRequest& request, const ToolCallItem& call);

// The flag that would let the call run without a question: a mode, else a rule; "" when policy denies it whatever the mode.
std::string flag_that_allows(const PolicyContext& policy, const ToolCallItem& call);

// What a call does, in a line for people: "run_command make test".
std::string call_summary(const ToolCallItem& call);

}  // namespace wright::agent
