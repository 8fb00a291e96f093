// The system call filter of a command: what no build or test needs and what reaches out of a namespace. Exported as BPF so
// that bubblewrap (level A) or the child itself (level B) can install it. Any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

// The BPF program; built once for each pair of arguments, and kept. At level B it also refuses what namespaces stop at A:
// IP sockets (unless `network`), changes of owner and of extended attributes.
Result<std::string> seccomp_filter(SandboxLevel level, bool network);

}  // namespace wright::tools
