// write_file: a new file, or a whole file replaced that was read before. Any pool thread. Atomic; keeps mode, links, CRLF and byte
// order mark; a file that changed since it was read is a conflict.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool write_file_tool();

}  // namespace wright::tools
