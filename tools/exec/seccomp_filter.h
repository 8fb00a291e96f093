// The system call filter of a command: what no build or test needs and what reaches out of a namespace. Exported as BPF so
// that bubblewrap (level A) or the child itself (level B) can install it. Any thread.
#pragma once

#include "base/file.h"
#include "base/result.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

// A memory file that holds the BPF program, positioned at its start. At level B it also refuses what namespaces stop at A:
// IP sockets (unless `network`), changes of owner and of extended attributes.
Result<UniqueFd> seccomp_filter(SandboxLevel level, bool network);

}  // namespace wright::tools
