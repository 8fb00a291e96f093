// The language server behind a door: the daemon's engine and jobs as lsp::Host.
#pragma once

#include <string>

#include "daemon/api/jobs.h"
#include "daemon/api/routes.h"

namespace wright::daemon {

// Runs until the client says exit or leaves; returns the exit status of `wright lsp`.
int run_lsp_door(DaemonState& state, const std::string& name, const ClientEnvironment& client, Responder& responder);

}  // namespace wright::daemon
