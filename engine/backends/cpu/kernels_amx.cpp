#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

// The AVX-512 VNNI table; quantised linears of many rows on AMX tiles.
const Kernels& kernels_amx() {
  static const Kernels kTable = [] {
    Kernels k = kernels_vnni();
    k.isa = "amx";
    k.name = "amx-int8";
    for (int i = 0; i < kPacks; ++i) k.linear[i] = linear_amx().linear[i];
    return k;
  }();
  return kTable;
}

}  // namespace wright::engine::cpu
