// git_diff: changes as a unified diff. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool git_diff_tool();

}  // namespace wright::tools
