// The files that a patch names, read as loosely as any patch format might be: V4A and git or plain unified diffs. A name that
// is not one of the patch's is harmless here; one that is missed would not be, so a patch without names is never allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wright::agent {

struct PatchNames {
  std::vector<std::string> names;
  std::string refused;  // why it must not be applied (it makes a link), or ""
};
PatchNames patch_names(std::string_view patch);

}  // namespace wright::agent
