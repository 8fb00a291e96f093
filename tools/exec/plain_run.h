// Carrying out a plain read: the rebuilt text, a workspace that cannot be written, a PATH without the workspace and git that
// starts nothing. Used by the run_command tool and `wright sandbox`, so that what was approved as a read can be nothing more.
#pragma once

#include <map>
#include <string>

#include "tools/exec/plain_read.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

// Whether `shell` is a plain read in `command.cwd`; if so `command` and `policy` are set to run it. At level C nothing is changed.
bool prepare_plain_read(const std::string& shell, CommandPolicy& policy, Command& command);
// git's settings that start programs, overridden through the environment.
std::map<std::string, std::string> quiet_git_environment();

}  // namespace wright::tools
