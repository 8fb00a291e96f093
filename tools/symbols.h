// symbols: outline of a file, or names found in the whole workspace. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool symbols_tool();

}  // namespace wright::tools
