#include "engine/backends/cpu/lanes_avx512.h"
#include "engine/backends/cpu/linear_impl.h"

namespace wright::engine::cpu {

const LinearKernels& linear_avx512() {
  static constexpr LinearKernels kTable = LinearImpl<LanesAvx512>::table();
  return kTable;
}

}  // namespace wright::engine::cpu
