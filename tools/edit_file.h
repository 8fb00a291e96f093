// edit_file: one string of a file becomes another: exactly, else ignoring indentation. Any pool thread. Keeps line endings, byte
// order mark, mode and links; ambiguity and changes by others are errors.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool edit_file_tool();

}  // namespace wright::tools
