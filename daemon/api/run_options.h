// The parameters of the job "run", checked. See daemon/doc/run-events.schema.json for what comes back.
#pragma once

#include "agent/loop.h"
#include "daemon/api/jobs.h"
#include "daemon/api/model_choice.h"

namespace wright::daemon {

struct RunOptions {
  std::string prompt;
  std::string workspace;   // absolute; the client's folder unless given
  std::string session;     // id or prefix to go on with, "last", or "" for a new one
  ModelWish model;
  engine::Effort effort = engine::Effort::none;
  agent::PolicyContext policy;
  agent::LoopLimits limits;
  bool patch = false;      // work on a copy; the workspace stays untouched
  bool answers = false;    // someone can answer questions
};

Result<RunOptions> read_run_options(const JobRequest& request);

}  // namespace wright::daemon
