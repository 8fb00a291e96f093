#include "engine/run/softmax.h"

#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/logprobs.h"

namespace wright::engine {

float log_sum_exp(std::span<const float> x) {
  static const cpu::Kernels* const kKernels = cpu::supported_kernels().back();
  return cpu::log_sum_exp(*kKernels, x);
}

}  // namespace wright::engine
