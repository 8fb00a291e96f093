// references: where a name is used. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool references_tool();

}  // namespace wright::tools
