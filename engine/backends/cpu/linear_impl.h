// Linear kernels, written once over Lanes: out[r][c] = sum_k x[r][k] w[c][k]. A tile holds 16 output columns side by side, so
// that a vector accumulates columns and no horizontal sum is needed. Quantised packs multiply unsigned weight bytes with
// signed activation bytes a block of 32 k, exactly, then scale once in f32; offsets (q - 8) come in by the block's activation
// sum. For one row the loop is bound by reading weights; more rows reuse the unpacked bytes in registers.
// Each (row, column) sees the same operations in the same order whatever kRows is: bits do not depend on the batch.
#pragma once

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

template <class L>
struct LinearImpl {
  using F = typename L::F;
  using B = typename L::B;
  using Dot = typename L::Dot;
  static constexpr int kHalves = kTile / L::kWidth;
  static constexpr int kGroupBytes = 4 * kTile;  // bytes of four k of a tile
  static constexpr std::size_t kAhead = 2048;    // bytes

  // Group g (four k) of a block, as unsigned bytes.
  template <Pack kPack>
  [[gnu::always_inline]] static inline B unpack(const std::uint8_t* block, [[maybe_unused]] const std::uint8_t* high, int g) {
    if constexpr (kPack == Pack::n8) {
      return L::bytes(block + g * kGroupBytes);
    } else {
      const B both = L::bytes(block + (g & 3) * kGroupBytes);
      const B nibble = L::mask(g < 4 ? both : L::template shift<-4>(both), 15);
      if constexpr (kPack == Pack::n6) {
        const B bits = L::bytes(high + g / 4 * kGroupBytes);
        const B moved = (g & 3) == 0 ? L::template shift<4>(bits) : (g & 3) == 1 ? L::template shift<2>(bits) : (g & 3) == 2 ? bits : L::template shift<-2>(bits);
        return L::either(nibble, L::mask(moved, 0x30));
      } else {
        return nibble;
      }
    }
  }

  template <Pack kPack> [[gnu::always_inline]] static inline Dot dot(Dot acc, B w, const std::int8_t* x) {
    if constexpr (kPack == Pack::n8) return L::dot8(acc, w, x);
    else if constexpr (kPack == Pack::n6) return L::dot7(acc, w, x);
    else return L::dot4(acc, w, x);
  }
  template <Pack kPack> [[gnu::always_inline]] static inline F finish(Dot acc) {
    return L::to_float(kPack == Pack::n4 || kPack == Pack::n4m ? L::finish4(acc) : L::finish(acc));
  }

  template <Pack kPack> static constexpr std::size_t block_bytes() {
    return kPack == Pack::n8 ? 8 * kGroupBytes : kPack == Pack::n6 ? 6 * kGroupBytes : 4 * kGroupBytes;
  }
  template <Pack kPack> static constexpr int scales_per_block() {
    return kPack == Pack::n4m || kPack == Pack::n6 ? 2 * kTile : kTile;
  }

  template <Pack kPack> static constexpr float offset() {
    return kPack == Pack::n8 ? 128.0f : kPack == Pack::n6 ? 32.0f : 8.0f;
  }

  template <Pack kPack, int kRows>
  [[gnu::always_inline]] static inline void quantised(const LinearCall& c, int tile, int half, int row) {
    const int blocks = c.w->inner / kBlock;
    const std::byte* data = c.w->data + static_cast<std::size_t>(tile) * c.w->tile_bytes;
    const auto* scales = reinterpret_cast<const std::uint16_t*>(data + static_cast<std::size_t>(blocks) * block_bytes<kPack>()) +
                         half * L::kWidth;
    const std::size_t inner = static_cast<std::size_t>(c.w->inner);
    const std::int8_t* q = c.in.q + static_cast<std::size_t>(row) * inner;
    const float* d = c.in.d + static_cast<std::size_t>(row) * static_cast<std::size_t>(blocks);
    const float* s = c.in.s + static_cast<std::size_t>(row) * static_cast<std::size_t>(blocks);
    [[maybe_unused]] const float* halves = c.in.h + static_cast<std::size_t>(row) * static_cast<std::size_t>(2 * blocks);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data) + half * 4 * L::kWidth;
    constexpr std::size_t kLow = kPack == Pack::n8 ? 8 * kGroupBytes : 4 * kGroupBytes;
    const std::uint8_t* high = bytes + static_cast<std::size_t>(blocks) * kLow;
    // Scales cover a block, or half of one: so many k are multiplied before the products are scaled.
    constexpr int kParts = kPack == Pack::n6 ? 2 : 1, kGroups = 8 / kParts;
    F acc[kRows];
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) acc[r] = L::zero();
    for (int b = 0; b < blocks; ++b) {
      if constexpr (kRows <= 2) {
        // In the order of memory, though scales lie behind the bytes of their tile: so the next tile comes in whole.
        constexpr std::size_t kAll = block_bytes<kPack>() + 2 * scales_per_block<kPack>();
        for (std::size_t line = 0; line < kAll; line += 64) L::prefetch(data + static_cast<std::size_t>(b) * kAll + line + kAhead);
      }
      const std::int8_t* x = q + static_cast<std::size_t>(b) * kBlock;
      #pragma GCC unroll 2
      for (int part = 0; part < kParts; ++part) {
        Dot sum[kRows];
        #pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) sum[r] = L::dot_zero();
        #pragma GCC unroll 16
        for (int g = part * kGroups; g < (part + 1) * kGroups; ++g) {
          const B w = unpack<kPack>(bytes + static_cast<std::size_t>(b) * kLow, high + static_cast<std::size_t>(b) * 2 * kGroupBytes, g);
          #pragma GCC unroll 16
          for (int r = 0; r < kRows; ++r) sum[r] = dot<kPack>(sum[r], w, x + static_cast<std::size_t>(r) * inner + 4 * g);
        }
        // w = d q + m; packs without m have one from their offset.
        const std::uint16_t* scale = scales + b * scales_per_block<kPack>() + part * kTile;
        const F wd = L::load(scale);
        const F wm = kPack == Pack::n4m ? L::load(scale + kTile) : L::mul(wd, L::set1(-offset<kPack>()));
        #pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          acc[r] = L::fma(L::mul(finish<kPack>(sum[r]), L::set1(d[r * blocks + b])), wd, acc[r]);
          acc[r] = L::fma(wm, L::set1(kParts == 2 ? halves[2 * (r * blocks + b) + part] : s[r * blocks + b]), acc[r]);
        }
      }
    }
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) store(c, tile, half, row + r, acc[r]);
  }

  [[gnu::always_inline]] static inline void store(const LinearCall& c, int tile, int half, int row, F value) {
    const int column = tile * kTile + half * L::kWidth;
    int n = c.w->columns - column;
    if (n <= 0) return;
    n = n < L::kWidth ? n : L::kWidth;
    float* out = c.out + static_cast<std::size_t>(row) * c.out_stride + column;
    if (c.bias) value = L::add(value, L::load_n(c.bias + column, n));
    if (n == L::kWidth) L::store(out, value);
    else L::store_n(out, value, n);
  }

  template <Pack kPack> [[gnu::always_inline]] static inline F load_plain(const std::byte* p, std::size_t i) {
    if constexpr (kPack == Pack::f32) return L::load(reinterpret_cast<const float*>(p) + i);
    else if constexpr (kPack == Pack::f16) return L::load(reinterpret_cast<const std::uint16_t*>(p) + i);
    else return L::load_bf16(reinterpret_cast<const std::uint16_t*>(p) + i);
  }

  // kHalfTiles vectors of columns at a time: with one row, several chains of additions hide their latency.
  template <Pack kPack, int kRows, int kHalfTiles>
  [[gnu::always_inline]] static inline void plain(const LinearCall& c, int half_tile, int row) {
    F acc[kRows][kHalfTiles];
    const std::byte* data[kHalfTiles];
    const std::size_t element = kPack == Pack::f32 ? 4 : 2;
    #pragma GCC unroll 16
    for (int t = 0; t < kHalfTiles; ++t) {
      const int h = half_tile + t;
      data[t] = c.w->data + static_cast<std::size_t>(h / kHalves) * c.w->tile_bytes +
                static_cast<std::size_t>(h % kHalves * L::kWidth) * element;
      #pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) acc[r][t] = L::zero();
    }
    const float* x = c.in.x + static_cast<std::size_t>(row) * c.in.stride;
    for (int k = 0; k < c.w->inner; ++k) {
      F w[kHalfTiles];
      #pragma GCC unroll 16
      for (int t = 0; t < kHalfTiles; ++t) w[t] = load_plain<kPack>(data[t], static_cast<std::size_t>(k) * kTile);
      #pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const F xk = L::set1(x[static_cast<std::size_t>(r) * c.in.stride + static_cast<std::size_t>(k)]);
        #pragma GCC unroll 16
        for (int t = 0; t < kHalfTiles; ++t) acc[r][t] = L::fma(w[t], xk, acc[r][t]);
      }
    }
    #pragma GCC unroll 16
    for (int t = 0; t < kHalfTiles; ++t)
      #pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) store(c, (half_tile + t) / kHalves, (half_tile + t) % kHalves, row + r, acc[r][t]);
  }

  template <Pack kPack, int kRows>
  static void rows_of(const LinearCall& c, int row) {
    if constexpr (kPack == Pack::f32 || kPack == Pack::f16 || kPack == Pack::bf16) {
      constexpr int kStep = kRows == 1 ? 4 : kRows == 2 ? 2 : 1;
      int h = c.tile_begin * kHalves;
      const int end = c.tile_end * kHalves;
      for (; h + kStep <= end; h += kStep) plain<kPack, kRows, kStep>(c, h, row);
      for (; h < end; ++h) plain<kPack, kRows, 1>(c, h, row);
    } else {
      for (int tile = c.tile_begin; tile < c.tile_end; ++tile)
        for (int half = 0; half < kHalves; ++half) quantised<kPack, kRows>(c, tile, half, row);
    }
  }

  template <Pack kPack>
  static void linear(const LinearCall& call) {
    LinearCall c = call;
    // A few tiles at a time over all rows: their weights stay in the cache while rows pass by.
    constexpr int kStep = 8;
    for (int tile = call.tile_begin; tile < call.tile_end; tile += kStep) {
      c.tile_begin = tile;
      c.tile_end = tile + kStep < call.tile_end ? tile + kStep : call.tile_end;
      int row = 0;
      for (; row + L::kLinearRows <= c.rows; row += L::kLinearRows) rows_of<kPack, L::kLinearRows>(c, row);
      if constexpr (L::kLinearRows > 8) {
        for (; row + 8 <= c.rows; row += 8) rows_of<kPack, 8>(c, row);
      }
      if constexpr (L::kLinearRows > 4) {
        for (; row + 4 <= c.rows; row += 4) rows_of<kPack, 4>(c, row);
      }
      for (; row + 2 <= c.rows; row += 2) rows_of<kPack, 2>(c, row);
      for (; row < c.rows; ++row) rows_of<kPack, 1>(c, row);
    }
  }

  static constexpr LinearKernels table() {
    return {{linear<Pack::f32>, linear<Pack::f16>, linear<Pack::bf16>, linear<Pack::n4>, linear<Pack::n4m>, linear<Pack::n6>,
             linear<Pack::n8>}};
  }
};

}  // namespace wright::engine::cpu
