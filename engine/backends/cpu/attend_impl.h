// Attention over Lanes: one kernel for every row count. The query rows of a call are the (token, head) pairs that share a
// KV head, so that a key is loaded once for all of them. K is stored transposed in its page, so that a vector holds one
// dimension of neighbouring keys: logits need no horizontal sums. Within a split of at most 512 keys (and tree rows) the
// softmax is two-pass: all logits, their maximum, then exp, sum and the product with V in ascending key order. Therefore a
// row's bits depend only on the ordered list of keys that it sees in each split, not on what else the call holds; keys that
// are not seen have weight exactly 0, and adding 0 is exact.
#pragma once

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

template <class L>
struct AttendImpl {
  using F = typename L::F;
  static constexpr int kW = L::kWidth;

  template <KvKind kKind> [[gnu::always_inline]] static inline F load(const std::byte* p, std::size_t i) {
    if constexpr (kKind == KvKind::f32) return L::load(reinterpret_cast<const float*>(p) + i);
    else if constexpr (kKind == KvKind::f16) return L::load(reinterpret_cast<const std::uint16_t*>(p) + i);
    else if constexpr (kKind == KvKind::q8_0) return L::load(reinterpret_cast<const std::int8_t*>(p) + i);
    else return L::load_bf16(reinterpret_cast<const std::uint16_t*>(p) + i);
  }
  template <KvKind kKind> static constexpr std::size_t size_of() { return kv_bytes(kKind); }

  static constexpr int kAhead = 24;  // dimensions or tokens
  // What is read kAhead rows (of `bytes`) behind row i of n: in this block, or at the start of the one that is read next. Each
  // block is new ground for the hardware's prefetcher, and so would cost a trip to memory.
  [[gnu::always_inline]] static inline const std::byte* ahead(const std::byte* block, const std::byte* next, int i, int n, std::size_t bytes) {
    return i + kAhead < n ? block + static_cast<std::size_t>(i + kAhead) * bytes : next + static_cast<std::size_t>(i + kAhead - n) * bytes;
  }
  template <KvKind kKind> static constexpr int kLineVectors = 64 / static_cast<int>(size_of<kKind>()) / kW;

  static const std::uint16_t* scales(const std::byte* block, int dim) {
    return reinterpret_cast<const std::uint16_t*>(block + static_cast<std::size_t>(dim) * kPage);
  }

  // Logits of kRows query rows and kVectors vectors of keys from key t on. Of scaled keys block by block of dimensions.
  template <KvKind kKind, int kRows, int kVectors>
  [[gnu::always_inline]] static inline void logits(const float* const* q, int dim, const std::byte* k, const std::byte* next, int t, float* out,
                                                   std::size_t stride) {
    if constexpr (kKind == KvKind::q8_0) {
      for (int from = 0; from < dim; from += kBlock) logits_of<kKind, kRows, kVectors>(q, dim, from, from + kBlock, k, next, t, out, stride);
    } else {
      logits_of<kKind, kRows, kVectors>(q, dim, 0, dim, k, next, t, out, stride);
    }
  }
  // The part that dimensions [from, to) have in them.
  template <KvKind kKind, int kRows, int kVectors>
  [[gnu::always_inline]] static inline void logits_of(const float* const* q, int dim, int from, int to, const std::byte* k, const std::byte* next,
                                                      int t, float* out, std::size_t stride) {
    F acc[kRows][kVectors];
    #pragma GCC unroll 16
    for (auto& row : acc)
      #pragma GCC unroll 16
      for (F& a : row) a = L::zero();
    for (int i = from; i < to; ++i) {
      const std::byte* soon = ahead(k, next, i, dim, kPage * size_of<kKind>()) + static_cast<std::size_t>(t) * size_of<kKind>();
      for (int v = 0; v < kVectors; v += kLineVectors<kKind>) L::prefetch(soon + static_cast<std::size_t>(v * kW) * size_of<kKind>());
      F key[kVectors];
      #pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) key[v] = load<kKind>(k, static_cast<std::size_t>(i * kPage + t + v * kW));
      #pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const F x = L::set1(q[r][i]);
        #pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) acc[r][v] = L::fma(key[v], x, acc[r][v]);
      }
    }
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
      #pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        float* to_out = out + static_cast<std::size_t>(r) * stride + t + v * kW;
        if constexpr (kKind == KvKind::q8_0) {
          const F scale = L::load(scales(k, dim) + from / kBlock * kPage + t + v * kW);
          acc[r][v] = from == 0 ? L::mul(acc[r][v], scale) : L::fma(acc[r][v], scale, L::load(to_out));
        }
        L::store(to_out, acc[r][v]);
      }
  }

  // o (and with kSum the sum of weights, in every lane of `l`) += weights times kVectors vectors of V from column c on.
  template <KvKind kKind, int kRows, int kVectors, bool kSum>
  [[gnu::always_inline]] static inline void values(const float* weights, std::size_t stride, const KeyBlock& b, int value_dim,
                                                   const std::byte* next, int c, float* o, std::size_t o_stride, float* l) {
    F acc[kRows][kVectors], sum[kRows];
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      #pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) acc[r][v] = L::load(o + static_cast<std::size_t>(r) * o_stride + c + v * kW);
      sum[r] = L::set1(l[r]);
    }
    for (int t = b.begin; t < b.end; ++t) {
      const std::byte* soon = ahead(b.v, next, t, b.end, static_cast<std::size_t>(value_dim) * size_of<kKind>()) + static_cast<std::size_t>(c) * size_of<kKind>();
      for (int v = 0; v < kVectors; v += kLineVectors<kKind>) L::prefetch(soon + static_cast<std::size_t>(v * kW) * size_of<kKind>());
      F value[kVectors];
      #pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        value[v] = load<kKind>(b.v, static_cast<std::size_t>(t * value_dim + c + v * kW));
        if constexpr (kKind == KvKind::q8_0)
          value[v] = L::mul(value[v], L::set1_half(scales(b.v, value_dim) + t * (value_dim / kBlock) + (c + v * kW) / kBlock));
      }
      #pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const F w = L::set1(weights[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(t)]);
        #pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) acc[r][v] = L::fma(value[v], w, acc[r][v]);
        if constexpr (kSum) sum[r] = L::add(sum[r], w);
      }
    }
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      #pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) L::store(o + static_cast<std::size_t>(r) * o_stride + c + v * kW, acc[r][v]);
      if constexpr (kSum) {
        float lanes[kW];
        L::store(lanes, sum[r]);
        l[r] = lanes[0];
      }
    }
  }

  template <KvKind kKind, int kRows>
  static void logits_rows(const AttendCall& c, int row) {
    const std::size_t stride = static_cast<std::size_t>(c.n_blocks) * kPage;
    for (int b = 0; b < c.n_blocks; ++b) {
      const KeyBlock& block = c.blocks[b];
      const std::byte* next = b + 1 < c.n_blocks ? c.blocks[b + 1].k : c.blocks[0].v;
      float* out = c.scores + static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(b) * kPage;
      int t = block.begin / kW * kW;
      for (; t + L::kAttendVectors * kW <= round_up(block.end, kW); t += L::kAttendVectors * kW)
        logits<kKind, kRows, L::kAttendVectors>(c.q + row, c.key_dim, block.k, next, t, out, stride);
      for (; t < block.end; t += kW) logits<kKind, kRows, 1>(c.q + row, c.key_dim, block.k, next, t, out, stride);
    }
  }

  template <KvKind kKind, int kRows>
  static void values_rows(const AttendCall& c, int row) {
    const std::size_t stride = static_cast<std::size_t>(c.n_blocks) * kPage;
    const int o_stride = round_up(c.value_dim, kTile);
    float* o = c.o + static_cast<std::size_t>(row) * static_cast<std::size_t>(o_stride);
    for (int b = 0; b < c.n_blocks; ++b) {
      const float* w = c.scores + static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(b) * kPage;
      const std::byte* next = c.blocks[b + 1 < c.n_blocks ? b + 1 : b].v;
      const std::size_t os = static_cast<std::size_t>(o_stride);
      const int columns = round_up(c.value_dim, kW);
      int col = 0;
      if (columns >= L::kAttendVectors * kW) {
        values<kKind, kRows, L::kAttendVectors, true>(w, stride, c.blocks[b], c.value_dim, next, col, o, os, c.l + row);
        col = L::kAttendVectors * kW;
      } else {
        values<kKind, kRows, 1, true>(w, stride, c.blocks[b], c.value_dim, next, col, o, os, c.l + row);
        col = kW;
      }
      for (; col + L::kAttendVectors * kW <= columns; col += L::kAttendVectors * kW)
        values<kKind, kRows, L::kAttendVectors, false>(w, stride, c.blocks[b], c.value_dim, next, col, o, os, c.l + row);
      for (; col < c.value_dim; col += kW)
        values<kKind, kRows, 1, false>(w, stride, c.blocks[b], c.value_dim, next, col, o, os, c.l + row);
    }
  }

  // Logits to weights exp(x - max); vectors that hold no key of a block get weight 0 by their mask.
  static void softmax(const AttendCall& c, int row) {
    const std::uint64_t* visible = c.visible + static_cast<std::size_t>(row) * static_cast<std::size_t>(c.n_blocks);
    float* s = c.scores + static_cast<std::size_t>(row) * static_cast<std::size_t>(c.n_blocks) * kPage;
    const F scale = L::set1(c.scale);
    F most = L::set1(kNoLogit);
    for (int b = 0; b < c.n_blocks; ++b) {
      for (int t = 0; t < kPage; t += kW) {
        const auto bits = static_cast<std::uint32_t>(visible[b] >> t) & ((1u << kW) - 1);
        float* p = s + b * kPage + t;
        if (bits == 0) {
          L::store(p, L::set1(-__builtin_inff()));
          continue;
        }
        F x = L::mul(L::load(p), scale);
        if (c.softcap > 0) {
          const F y = L::mul(x, L::set1(2.0f / c.softcap));
          const F tanh = L::sub(L::set1(1.0f), L::div(L::set1(2.0f), L::add(L::exp(y), L::set1(1.0f))));
          x = L::mul(tanh, L::set1(c.softcap));
        }
        x = L::keep(x, bits);
        L::store(p, x);
        most = L::max(most, x);
      }
    }
    const float m = L::max_of(most);
    c.m[row] = m;
    const F shift = L::set1(m);
    for (int i = 0; i < c.n_blocks * kPage; i += kW) L::store(s + i, L::exp(L::sub(L::load(s + i), shift)));
  }

  template <KvKind kKind, int kRows>
  static int rows_of(const AttendCall& c, int row) {
    logits_rows<kKind, kRows>(c, row);
    for (int r = row; r < row + kRows; ++r) softmax(c, r);
    values_rows<kKind, kRows>(c, row);
    return row + kRows;
  }

  template <KvKind kKind>
  static void attend(const AttendCall& c) {
    const int n = c.rows * round_up(c.value_dim, kTile);
    for (int i = 0; i < n; i += kW) L::store(c.o + i, L::zero());
    for (int r = 0; r < c.rows; ++r) c.l[r] = 0;
    for (int row = 0; row < c.rows;) {
      const int left = c.rows - row;
      if (left == 3 || left == 6) row = rows_of<kKind, 3>(c, row);
      else if (L::kAttendRows >= 5 && left % 5 == 0) row = rows_of<kKind, 5>(c, row);
      else if (left >= 4) row = rows_of<kKind, 4>(c, row);
      else row = rows_of<kKind, 1>(c, row);
    }
  }

  static void merge(int rows, int o_stride, float* m, float* l, float* o, const float* m2, const float* l2, const float* o2) {
    for (int r = 0; r < rows; ++r) {
      const float most = m[r] > m2[r] ? m[r] : m2[r];
      float lanes[kW];
      L::store(lanes, L::exp(L::set1(m[r] - most)));
      const float a = lanes[0];
      L::store(lanes, L::exp(L::set1(m2[r] - most)));
      const float b = lanes[0];
      m[r] = most;
      l[r] = l[r] * a + l2[r] * b;
      float* x = o + static_cast<std::size_t>(r) * static_cast<std::size_t>(o_stride);
      const float* y = o2 + static_cast<std::size_t>(r) * static_cast<std::size_t>(o_stride);
      for (int i = 0; i < o_stride; i += kW)
        L::store(x + i, L::fma(L::load(y + i), L::set1(b), L::mul(L::load(x + i), L::set1(a))));
    }
  }

  static void finish(const float* o, float m, float l, float sink, float* out, int n) {
    const float most = m > sink ? m : sink;
    float lanes[kW];
    L::store(lanes, L::exp(L::set1(m - most)));
    const float a = lanes[0];
    L::store(lanes, L::exp(L::set1(sink - most)));
    const float total = l * a + (sink > kNoLogit ? lanes[0] : 0.0f);
    const F factor = L::set1(total > 0 ? a / total : 0.0f);
    for (int i = 0; i < n; i += kW) L::store_n(out + i, L::mul(L::load(o + i), factor), n - i < kW ? n - i : kW);
  }
};

}  // namespace wright::engine::cpu
