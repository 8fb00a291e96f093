// Keys and values into their page over Lanes: V as a row, K as a column (attend_impl.h says why). Pure over the page's memory.
#pragma once

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

template <class L>
struct StoreImpl {
  static constexpr int kW = L::kWidth;

  template <KvKind kKind>
  [[gnu::always_inline]] static inline void convert(const float* from, std::byte* to, int n) {
    if constexpr (kKind == KvKind::f32) {
      for (int i = 0; i < n; ++i) reinterpret_cast<float*>(to)[i] = from[i];
    } else {
      auto* p = reinterpret_cast<std::uint16_t*>(to);
      int i = 0;
      for (; i + kW <= n; i += kW) {
        if constexpr (kKind == KvKind::f16) L::store_half(p + i, L::load(from + i));
        else L::store_bf16(p + i, L::load(from + i));
      }
      if (i < n) {
        std::uint16_t rest[kW];
        if constexpr (kKind == KvKind::f16) L::store_half(rest, L::load_n(from + i, n - i));
        else L::store_bf16(rest, L::load_n(from + i, n - i));
        for (int j = 0; i + j < n; ++j) p[i + j] = rest[j];
      }
    }
  }

  template <KvKind kKind>
  static void store_kv(const float* k, int key_dim, const float* v, int value_dim, std::byte* k_block, std::byte* v_block,
                       int t) {
    constexpr std::size_t kSize = kv_bytes(kKind);
    convert<kKind>(v, v_block + static_cast<std::size_t>(t * value_dim) * kSize, value_dim);
    std::byte key[64 * kSize];
    for (int from = 0; from < key_dim; from += 64) {
      const int n = key_dim - from < 64 ? key_dim - from : 64;
      convert<kKind>(k + from, key, n);
      for (int i = 0; i < n; ++i)
        __builtin_memcpy(k_block + static_cast<std::size_t>((from + i) * kPage + t) * kSize, key + static_cast<std::size_t>(i) * kSize,
                         kSize);
    }
  }
};

}  // namespace wright::engine::cpu
