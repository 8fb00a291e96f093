// The bytes of a binary change as `git diff --binary` writes them ("index …", "GIT binary patch"), which `git apply` takes. Made by
// libgit2; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wright::tools {

// What follows the "diff --git", mode and rename lines. nullopt on a side: the file does not exist there; not on both.
Result<std::string> binary_patch(const std::optional<std::string_view>& before, const std::optional<std::string_view>& after);

}  // namespace wright::tools
