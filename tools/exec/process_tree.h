// The processes below this one, as /proc tells: for the shepherd, which may neither allocate nor lock. Internal to tools/exec.
#pragma once

#include <sys/types.h>

namespace wright::tools {

// Calls `visit(pid, data)` for every direct child of the thread whose /proc folder is `task` ("/proc/thread-self").
void each_child(const char* task, void (*visit)(pid_t pid, void* data), void* data);

// Whether more than `most` processes and threads live below this process (those of adopted orphans included).
bool tree_exceeds(unsigned most);

}  // namespace wright::tools
