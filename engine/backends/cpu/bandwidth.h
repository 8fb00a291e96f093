// How fast this machine reads memory: the bound of decoding, measured beside it.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace wright::engine::cpu {

// GB/s of `threads` threads that read a set of `bytes` together, each its share in order; the median of `repeats` sweeps.
// `isa` as in BackendOptions. Blocks its caller.
Result<double> read_bandwidth(std::size_t bytes, int threads, const char* isa, int repeats);

}  // namespace wright::engine::cpu
