// A copy of the workspace for machines without overlays, brought back to the original between candidates: what a test run left
// there must not decide about the next candidate. Blocks; one thread a copy.
#pragma once

#include <string>

#include "base/result.h"

namespace wright::agent::search {

// Makes `copy` equal to `original`: names that are not there go, entries of another type, size, mode or time are copied again
// (times and modes kept, links as links). Not seen: bytes changed under the same size and time.
Result<void> restore_copy(const std::string& original, const std::string& copy);

}  // namespace wright::agent::search
