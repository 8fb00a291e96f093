// list_dir: the entries of a folder with sizes. Reads only; any pool thread.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool list_dir_tool();

}  // namespace wright::tools
