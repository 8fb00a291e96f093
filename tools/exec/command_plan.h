// What a command's process needs, worked out before the fork: nothing after the fork allocates. Internal to tools/exec.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tools/exec/control_scan.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

inline constexpr const char* kBubblewrap = "/usr/bin/bwrap";

// A missing control path inside a writable folder is masked by an empty mount, which leaves an empty mount point in the user's
// folder; this removes it when the last command that masked it ends. Counted process-wide; when the process is killed the
// command's shepherd does it.
class MountPoints {
 public:
  explicit MountPoints(std::vector<std::string> paths);
  ~MountPoints();
  MountPoints(const MountPoints&) = delete;
  MountPoints& operator=(const MountPoints&) = delete;
  // Those of `scan.missing`, and those of `scan.found` that are no more than another command's mount points.
  static std::vector<std::string> wanted(const std::string& root, ControlScan& scan);

 private:
  std::vector<std::string> paths_;
};

// Folders and files with secrets that exist here: keys, cloud and browser profiles, other agents, our own state.
std::vector<std::string> hidden_paths(const CommandPolicy& policy);

// Bubblewrap's arguments, NUL-separated, in a memory file.
Result<UniqueFd> bubblewrap_arguments(const CommandPolicy& policy, const Command& command, const ControlScan& control,
                                      const std::vector<std::string>& masked);
// Level B: what is writable, entry by entry: a name at the top that does not exist yet is not. A disposable root: all of it.
std::vector<std::string> entries_to_grant(const Command& command, const CommandPolicy& policy);
// A memory file with these bytes, positioned at its start.
Result<UniqueFd> memory_file(const char* name, std::string_view bytes);

}  // namespace wright::tools
