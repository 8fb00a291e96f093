// Landlock rules of a level-B command: reading everywhere but the hidden paths, writing only where granted. Rules only add
// rights, so a protected path is left out of every granted folder instead of being taken away. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace wright::tools {

int landlock_abi();  // 0: not there

struct LandlockGrant {
  std::vector<std::string> hidden;      // absolute: neither read nor written
  std::vector<std::string> writable;    // absolute folders or files
  std::vector<std::string> read_only;   // absolute: taken out of the writable ones
  bool network = false;
};
// The descriptor for landlock_restrict_self.
Result<UniqueFd> landlock_ruleset(const LandlockGrant& grant);

}  // namespace wright::tools
