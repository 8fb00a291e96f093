#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

// The AVX-512 table with byte products in one instruction.
const Kernels& kernels_vnni() {
  static const Kernels kTable = [] {
    Kernels k = kernels_avx512();
    k.name = "avx512-vnni";
    for (int i = 0; i < kPacks; ++i) k.linear[i] = linear_vnni().linear[i];
    return k;
  }();
  return kTable;
}

}  // namespace wright::engine::cpu
