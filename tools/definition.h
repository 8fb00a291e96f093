// definition: where a name is defined. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool definition_tool();

}  // namespace wright::tools
