// repo_map: the most important symbols of the repository. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool repo_map_tool();

}  // namespace wright::tools
