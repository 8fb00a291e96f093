// git_status: branch and changed files. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool git_status_tool();

}  // namespace wright::tools
