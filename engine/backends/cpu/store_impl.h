// Keys and values into their page over Lanes: V as a row, K as a column (attend_impl.h says why). Pure over the page's memory.
#pragma once

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

template <class L>
struct StoreImpl {
  using F = typename L::F;
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

  // A block of 32 values as GGUF's Q8_0: bytes to `q`, the scale rounded to f16.
  [[gnu::always_inline]] static inline std::uint16_t block(const float* x, std::int8_t* q) {
    constexpr int kVectors = kBlock / kW;
    F largest = L::zero();
    for (int i = 0; i < kVectors; ++i) largest = L::max(largest, L::abs(L::load(x + i * kW)));
    const float d = L::max_of(largest) / 127.0f;
    const F inverse = L::set1(d > 0 ? 1.0f / d : 0.0f);
    for (int i = 0; i < kVectors; ++i) (void)L::store_i8(q + i * kW, L::mul(L::load(x + i * kW), inverse));
    std::uint16_t halves[kW];
    L::store_half(halves, L::set1(d));
    return halves[0];
  }
  static void store_q8(const float* k, int key_dim, const float* v, int value_dim, std::byte* k_block, std::byte* v_block, int t) {
    auto* v_q = reinterpret_cast<std::int8_t*>(v_block);
    auto* v_d = reinterpret_cast<std::uint16_t*>(v_block + static_cast<std::size_t>(value_dim) * kPage);
    for (int from = 0; from < value_dim; from += kBlock) v_d[(t * value_dim + from) / kBlock] = block(v + from, v_q + t * value_dim + from);
    auto* k_q = reinterpret_cast<std::int8_t*>(k_block);
    auto* k_d = reinterpret_cast<std::uint16_t*>(k_block + static_cast<std::size_t>(key_dim) * kPage);
    for (int from = 0; from < key_dim; from += kBlock) {
      std::int8_t key[kBlock];
      k_d[from / kBlock * kPage + t] = block(k + from, key);
      for (int i = 0; i < kBlock; ++i) k_q[(from + i) * kPage + t] = key[i];
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
