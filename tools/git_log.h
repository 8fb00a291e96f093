// git_log: commits. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool git_log_tool();

}  // namespace wright::tools
