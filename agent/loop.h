// The one loop: assemble -> model -> approve -> run tools (independent ones in parallel) -> repeat. Under 150 lines, so that a
// reader sees all of it. Runs on a pool thread and blocks; `context` cancels it at once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/approval.h"
#include "agent/checkpoint.h"
#include "agent/model.h"
#include "agent/session.h"
#include "base/context.h"
#include "tools/fs/workspace.h"

namespace wright::agent {

struct LoopLimits {
  int steps = 100;                 // model calls
  std::int64_t tokens = 0;         // of input and output together; 0: no limit
  Duration time = Duration::zero();
  double cost_usd = 0;
  int repeated_failures = 5;       // equal failing calls in a row
};

// A question to the user; an error of kind refused when no one can answer (then the call is denied and the model told).
struct ApprovalQuestion { std::string tool, summary, detail, reason, key; };
enum class ApprovalAnswer { once, always, deny };
using AskUser = std::function<Result<ApprovalAnswer>(const ApprovalQuestion&)>;

struct LoopRequest {
  Session& session;
  Model& model;
  tools::Workspace& workspace;
  Checkpoints* checkpoints = nullptr;  // null: an overlay or a test that needs no undo
  PolicyContext policy;
  AskUser ask;
  std::string prompt;
  engine::Effort effort = engine::Effort::none;
  LoopLimits limits;
};

struct LoopOutcome {
  bool achieved = false;           // the model ended its turn without a call
  std::string answer;              // its last message
  std::string stopped_by;          // "", "steps", "tokens", "time", "cost", "repeated failure"
  int denied = 0;                  // calls that policy or the user refused
  std::string denied_for;          // the flag that would allow the first of them
  ModelUsage usage;
  std::string diff;                // of the whole task
};

Result<LoopOutcome> run_loop(const Context& context, const LoopRequest& request);

}  // namespace wright::agent
