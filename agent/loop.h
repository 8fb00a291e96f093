// The one loop: assemble -> model -> approve -> run tools (independent ones in parallel) -> repeat. Under 150 lines, so that a
// reader sees all of it. Runs on a pool thread and blocks; `context` cancels it at once: what was said and done so far is stored.
// What the model can repair (an unknown tool, bad arguments, a refusal, a failed tool) is told to it as a tool result; an Error
// comes back only when the model or the store fails or the user cancels.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/approval.h"
#include "agent/checkpoint.h"
#include "agent/model.h"
#include "agent/session.h"
#include "base/context.h"
#include "base/limits.h"
#include "tools/fs/workspace.h"

namespace wright::tools {
struct Tool;  // tools/tool.h
}

namespace wright::agent {

struct LoopLimits {
  int steps = limits::kAgentSteps;  // model calls
  std::int64_t tokens = 0;          // of input and output together; 0: no limit
  Duration time = Duration::zero();
  double cost_usd = 0;
  int repeated_failures = limits::kRepeatedFailures;  // failures of one and the same call without a success in between
};

// A question to the user (`detail`: the command, a unified diff for edits, else the arguments); an error of kind refused when no one can answer (then the call is denied and the model told).
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
  std::span<const tools::Tool> tools;  // what the model may call; empty: every built-in tool
  std::string instructions_home;       // folder of the user's own AGENTS.md; "": none
  std::function<std::vector<std::string>()> steer;  // what the user typed meanwhile; asked before each model call
};

struct LoopOutcome {
  bool achieved = false;           // the model ended its turn without a call
  std::string answer;              // its last message
  std::string stopped_by;          // "", "steps", "tokens", "time", "cost", "repeated failure"
  int denied = 0;                  // calls that policy or the user refused
  std::string denied_for;          // the flag that would allow the first of them
  bool failed_for_denial = false;  // a call was denied for want of an answer, and nothing that writes or runs worked after it
  ModelUsage usage;
  std::string diff;                // of the whole task
  std::vector<std::string> test_files;  // edited tests, CI and test configuration: listed apart
  std::string turn;                // id of its turn item: `undo` takes it
  int steps = 0;                   // model calls
};

Result<LoopOutcome> run_loop(const Context& context, const LoopRequest& request);

}  // namespace wright::agent
