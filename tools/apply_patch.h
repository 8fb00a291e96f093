// apply_patch: a V4A patch or a unified diff over several files: all of them or none. Any pool thread; formats are in tools/patch.
#pragma once

#include "tools/tool.h"

namespace wright::tools {

Tool apply_patch_tool();

}  // namespace wright::tools
