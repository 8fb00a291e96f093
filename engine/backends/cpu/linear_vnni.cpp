#include "engine/backends/cpu/lanes_avx512.h"
#include "engine/backends/cpu/linear_impl.h"

namespace wright::engine::cpu {

const LinearKernels& linear_vnni() {
  static constexpr LinearKernels kTable = LinearImpl<LanesVnni>::table();
  return kTable;
}

}  // namespace wright::engine::cpu
