// Bare `wright`: a conversation in the current folder. Lines are tasks; /help lists the commands. Ctrl-C cancels the turn, Ctrl-D ends.
#pragma once

#include "daemon/cli/run_args.h"

namespace wright::cli {

// `wright` without a verb: its options are those of run.
int verb_interactive(const std::vector<std::string>& args);

// Returns the exit code. stdin and stdout are a terminal.
int interactive(RunArgs args);

}  // namespace wright::cli
