// git_blame: who changed each line. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool git_blame_tool();

}  // namespace wright::tools
