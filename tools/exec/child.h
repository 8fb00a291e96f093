// The process side of a command: what happens between fork and exec. Nothing here allocates or locks; the parent prepares all.
// A shepherd process is the parent and subreaper of the command, kills what is left of its tree when it ends, when told to
// (SIGTERM), and when the daemon dies (its parent-death signal), and then removes mount points. Internal to tools/exec.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "tools/exec/sandbox.h"

namespace wright::tools {

inline constexpr int kStartFailed = 125;  // the command could not be started; the pipe says why

// Read by the child after the fork; pointers stay valid because the parent's memory is copied.
struct Plan {
  SandboxLevel level;
  char* const* argv;
  char* const* envp;
  const char* cwd;
  int stdin_fd, output_fd, error_fd, arguments_fd = -1, filter_fd = -1, ruleset_fd = -1;
  sock_fprog program{};
  const char *overlay_target = nullptr, *overlay_options = nullptr, *uid_map = nullptr, *gid_map = nullptr;
  char* const* mount_points = nullptr;  // removed by the shepherd when the daemon died, else by the daemon
  rlim_t cpu_seconds = 0, memory_bytes = 0;
  unsigned umask = 022;
  int priority = 0;  // of the daemon
};

// In a forked child. Exits with the command's status, or 128 + signal; 128 + SIGKILL when it was told to end it.
[[noreturn]] void shepherd(const Plan& plan, pid_t daemon);

}  // namespace wright::tools
