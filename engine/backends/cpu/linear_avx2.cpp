#include "engine/backends/cpu/lanes_avx2.h"
#include "engine/backends/cpu/linear_impl.h"

namespace wright::engine::cpu {

const LinearKernels& linear_avx2() {
  static constexpr LinearKernels kTable = LinearImpl<LanesAvx2>::table();
  return kTable;
}

}  // namespace wright::engine::cpu
