// grep: lines that match a regular expression, through RE2. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool grep_tool();

}  // namespace wright::tools
