#include "engine/backends/cpu/attend_impl.h"
#include "engine/backends/cpu/lanes_avx512.h"
#include "engine/backends/cpu/rows_impl.h"
#include "engine/backends/cpu/store_impl.h"

namespace wright::engine::cpu {

const Kernels& kernels_avx512() {
  using L = LanesAvx512;
  using Rows = RowsImpl<L>;
  using Attend = AttendImpl<L>;
  using Store = StoreImpl<L>;
  static const Kernels kTable = [] {
    Kernels k{"avx512", "avx512", {}, Rows::norm, Rows::activate, Rows::add, Rows::multiply, Rows::scale, Rows::rope, Rows::quantise,
              {Attend::attend<KvKind::f32>, Attend::attend<KvKind::f16>, Attend::attend<KvKind::bf16>, Attend::attend<KvKind::q8_0>},
              Attend::merge, Attend::finish,
              {Store::store_kv<KvKind::f32>, Store::store_kv<KvKind::f16>, Store::store_kv<KvKind::bf16>, Store::store_q8},
              Rows::read, Rows::exp_sum};
    for (int i = 0; i < kPacks; ++i) k.linear[i] = linear_avx512().linear[i];
    return k;
  }();
  return kTable;
}

}  // namespace wright::engine::cpu
