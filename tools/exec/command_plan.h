// What a command's process needs, worked out before the fork: nothing after the fork allocates. Internal to tools/exec.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

inline constexpr const char* kBubblewrap = "/usr/bin/bwrap";

// A missing control path inside a writable folder is masked by an empty mount, which leaves an empty mount point in the user's
// folder; this removes it when the last command that masked it ends. Counted process-wide.
class MountPoints {
 public:
  explicit MountPoints(std::vector<std::string> paths);
  ~MountPoints();
  MountPoints(const MountPoints&) = delete;
  MountPoints& operator=(const MountPoints&) = delete;

 private:
  std::vector<std::string> paths_;
};

// Folders and files with secrets that exist here: keys, cloud and browser profiles, other agents, our own state.
std::vector<std::string> hidden_paths(const CommandPolicy& policy);
// Control files directly in `root`: git's, our own, editors', other agents'. Present ones, or missing ones worth a mask.
std::vector<std::string> control_paths(const std::string& root, bool present);

// Bubblewrap's arguments, NUL-separated, in a memory file; `masked` receives the mount points that it will create.
Result<UniqueFd> bubblewrap_arguments(const CommandPolicy& policy, const Command& command, std::vector<std::string>& masked);

}  // namespace wright::tools
