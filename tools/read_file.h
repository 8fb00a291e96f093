// read_file: numbered lines of a text file, in pages. Any pool thread. Reading marks the file as seen, so that a later edit
// notices when someone else changed it.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool read_file_tool();

}  // namespace wright::tools
