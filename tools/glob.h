// glob: files whose names match a pattern. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool glob_tool();

}  // namespace wright::tools
