#include "engine/backends/cpu/lanes_scalar.h"
#include "engine/backends/cpu/linear_impl.h"

namespace wright::engine::cpu {

const LinearKernels& linear_scalar() {
  static constexpr LinearKernels kTable = LinearImpl<LanesScalar>::table();
  return kTable;
}

}  // namespace wright::engine::cpu
