// run_command: a shell command in the workspace's sandbox. Thread and failures as in tools/tool.h.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool run_command_tool();

}  // namespace wright::tools
