// How fast this machine reads memory: the bound of decoding, measured beside it.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "engine/backends/cpu/kernels.h"
#include "engine/backends/cpu/memory.h"
#include "engine/backends/cpu/team.h"

namespace wright::engine::cpu {

// Sweeps a set of `bytes` with `threads` threads, each taking its share in order. Blocks its caller; one thread.
class ReadBandwidth {
 public:
  // `isa` as in BackendOptions.
  static Result<ReadBandwidth> create(std::size_t bytes, int threads, const char* isa);
  double measure(int sweeps);  // GB/s, the median

 private:
  Region set_;
  std::size_t bytes_ = 0;
  const Kernels* kernels_ = nullptr;
  std::unique_ptr<Team> team_;
};

}  // namespace wright::engine::cpu
