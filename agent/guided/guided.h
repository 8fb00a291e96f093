// Guided work for models too weak to drive a loop: rules first, the model's calibrated scores for ties, a three-choice question
// when the margin is small; tools do the work, the model only scores and fills; facts instead of free prose.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/loop.h"
#include "engine/run/engine.h"

namespace wright::agent {

struct GuidedRequest {
  LoopRequest loop;                              // session, workspace, policy, approval, prompt
  std::shared_ptr<engine::Engine> engine;        // null: rules alone
  // Asks the user to choose; returns the index, or an error of kind refused when no one can answer (then the first is taken if
  // the margin allows, else nothing is done).
  std::function<Result<std::size_t>(const std::string& question, const std::vector<std::string>& choices)> choose;
};

Result<LoopOutcome> run_guided(const Context& context, const GuidedRequest& request);

}  // namespace wright::agent
