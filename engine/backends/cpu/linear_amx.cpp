// Linear kernels with AMX: of the AVX-512 VNNI kernel only the integer dot products are replaced. A tile instruction multiplies
// 16 rows of activations with a block of 32 k of 16 columns (whose unpacked bytes lie as the instruction wants them); sums of
// bytes are exact, and scales follow in the same order, so that a row has the bits of the VNNI kernel whatever the row count.
// So few rows, and what is left over, go there. The TDP of a block runs while the sums of the blocks before it are scaled.
//
// Tile instructions are written out: GCC 12's intrinsics tell the optimiser of 8 of the 64 bytes of a configuration, and of
// no memory that a load reads.
#include <algorithm>

#include "engine/backends/cpu/lanes_avx512.h"
#include "engine/backends/cpu/linear_impl.h"

namespace wright::engine::cpu {
namespace {

constexpr int kRows = 16;              // of a tile
constexpr int kSlots = 4;              // sums under way
constexpr int kMostInner = 16 * 1024;  // k; wider matrices go to VNNI: unpacked columns and scales lie on the stack
constexpr int kMostTiles = 8;          // whose unpacked bytes are kept side by side
constexpr std::size_t kBytes = std::size_t{kMostInner} * kTile;
constexpr int kLeastLeft = 10;         // rows left over: fewer are quicker with VNNI (tests/bench/engine_bench.cpp)

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

// Tiles 0-3: sums; 4, 5: activations, `k` bytes of 16 rows; 6, 7: weights, k / 4 rows of four bytes for each of 16 columns.
constexpr TileConfig config_for(int k) {
  TileConfig c;
  for (int t = 0; t < 4; ++t) c.rows[t] = kRows, c.row_bytes[t] = 64;
  for (int t = 4; t < 6; ++t) c.rows[t] = kRows, c.row_bytes[t] = static_cast<std::uint16_t>(k);
  for (int t = 6; t < 8; ++t) c.rows[t] = static_cast<std::uint8_t>(k / 4), c.row_bytes[t] = 64;
  return c;
}
template <int kK> constexpr TileConfig kConfig = config_for(kK);

template <int kTmm> [[gnu::always_inline]] inline void tile_load(const void* p, std::size_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(p), "r"(stride), "i"(kTmm) : "memory");
}
template <int kTmm> [[gnu::always_inline]] inline void tile_store(void* p) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(p), "r"(std::size_t{64}), "i"(kTmm) : "memory");
}
// Signed activations times unsigned weights.
template <int kSum, int kX, int kW> [[gnu::always_inline]] inline void tile_dot() {
  asm volatile("tilezero %%tmm%c0\n\ttdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kX), "i"(kW));
}

// 16 rows of n floats to n rows of 16.
void transpose(const float* from, int n, float* to) {
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512 a[16], b[16];
    #pragma GCC unroll 16
    for (int r = 0; r < 16; ++r) a[r] = _mm512_loadu_ps(from + static_cast<std::ptrdiff_t>(r) * n + i);
    #pragma GCC unroll 8
    for (int r = 0; r < 16; r += 2) {
      b[r] = _mm512_unpacklo_ps(a[r], a[r + 1]);
      b[r + 1] = _mm512_unpackhi_ps(a[r], a[r + 1]);
    }
    #pragma GCC unroll 4
    for (int r = 0; r < 16; r += 4) {
      a[r] = _mm512_shuffle_ps(b[r], b[r + 2], 0x44);
      a[r + 1] = _mm512_shuffle_ps(b[r], b[r + 2], 0xee);
      a[r + 2] = _mm512_shuffle_ps(b[r + 1], b[r + 3], 0x44);
      a[r + 3] = _mm512_shuffle_ps(b[r + 1], b[r + 3], 0xee);
    }
    // a[4 g + k]: of rows 4 g … 4 g + 3, columns k, k + 4, k + 8, k + 12, a quarter each.
    #pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const __m512 low = _mm512_shuffle_f32x4(a[k], a[4 + k], 0x88), high = _mm512_shuffle_f32x4(a[8 + k], a[12 + k], 0x88);
      const __m512 low_odd = _mm512_shuffle_f32x4(a[k], a[4 + k], 0xdd), high_odd = _mm512_shuffle_f32x4(a[8 + k], a[12 + k], 0xdd);
      _mm512_store_ps(to + (i + k) * 16, _mm512_shuffle_f32x4(low, high, 0x88));
      _mm512_store_ps(to + (i + k + 8) * 16, _mm512_shuffle_f32x4(low, high, 0xdd));
      _mm512_store_ps(to + (i + k + 4) * 16, _mm512_shuffle_f32x4(low_odd, high_odd, 0x88));
      _mm512_store_ps(to + (i + k + 12) * 16, _mm512_shuffle_f32x4(low_odd, high_odd, 0xdd));
    }
  }
  for (; i < n; ++i)
    for (int r = 0; r < 16; ++r) to[i * 16 + r] = from[static_cast<std::ptrdiff_t>(r) * n + i];
}

template <Pack kPack>
struct Amx {
  using L = LanesVnni;
  using Impl = LinearImpl<L>;
  static constexpr int kParts = kPack == Pack::n6 ? 2 : 1;  // of a block, each with a scale of its own
  static constexpr int kK = kBlock / kParts;
  static constexpr int kPartBytes = kK * kTile;

  // All bytes of a tile's columns.
  static void unpack(const LinearCall& c, int tile, std::uint8_t* to) {
    const int blocks = c.w->inner / kBlock;
    constexpr std::size_t kLow = kPack == Pack::n8 ? 8 * Impl::kGroupBytes : 4 * Impl::kGroupBytes;
    const auto* low = reinterpret_cast<const std::uint8_t*>(c.w->data + static_cast<std::size_t>(tile) * c.w->tile_bytes);
    const auto* high = low + static_cast<std::size_t>(blocks) * kLow;
    for (int b = 0; b < blocks; ++b, low += kLow, high += 2 * Impl::kGroupBytes, to += 8 * Impl::kGroupBytes) {
      #pragma GCC unroll 8
      for (int g = 0; g < 8; ++g) _mm512_store_si512(to + g * Impl::kGroupBytes, Impl::template unpack<kPack>(low, high, g));
    }
  }

  // What a block of 16 rows needs from its scales: of each part those of all rows side by side.
  static void turn(const LinearCall& c, int row, float* d, float* s) {
    const int blocks = c.w->inner / kBlock, parts = blocks * kParts;
    transpose(c.in.d + static_cast<std::ptrdiff_t>(row) * blocks, blocks, d);
    transpose((kParts == 2 ? c.in.h : c.in.s) + static_cast<std::ptrdiff_t>(row) * parts, parts, s);
  }

  // 16 rows times 16 columns: w their bytes, d and s as turned.
  struct Block {
    const std::int8_t* x;
    std::size_t inner;
    const std::uint8_t* w;
    const std::uint16_t* scale;
    const float *d, *s;
    int parts;
    alignas(64) std::int32_t sums[kSlots][kRows * kTile];  // 4 KiB: stores of one slot never look like loads of another

    template <int kSlot> [[gnu::always_inline]] inline void multiply(int p) {
      if (p >= parts) return;
      tile_load<4 + kSlot % 2>(x + static_cast<std::ptrdiff_t>(p) * kK, inner);
      tile_load<6 + kSlot % 2>(w + static_cast<std::ptrdiff_t>(p) * kPartBytes, 64);
      tile_dot<kSlot, 4 + kSlot % 2, 6 + kSlot % 2>();
      tile_store<kSlot>(sums[kSlot]);
    }
  };

  template <int kSlot> [[gnu::always_inline]] static inline void add(const Block& b, int p, __m512 (&acc)[kRows]) {
    constexpr int kScales = kPack == Pack::n4m ? 2 * kTile : kTile;
    const __m512 wd = L::load(b.scale + p * kScales);
    const __m512 wm = kPack == Pack::n4m ? L::load(b.scale + p * kScales + kTile) : L::mul(wd, L::set1(-Impl::template offset<kPack>()));
    const float *d = b.d + p / kParts * kRows, *s = b.s + p * kRows;
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const __m512 exact = L::to_float(_mm512_load_si512(b.sums[kSlot] + r * kTile));
      acc[r] = L::fma(L::mul(exact, L::set1(d[r])), wd, acc[r]);
      acc[r] = L::fma(wm, L::set1(s[r]), acc[r]);
    }
  }

  static void block(const LinearCall& c, int tile, int row, const std::uint8_t* w, const float* d, const float* s) {
    Block b;
    const int blocks = c.w->inner / kBlock;
    b.inner = static_cast<std::size_t>(c.w->inner);
    b.parts = blocks * kParts;
    b.x = c.in.q + static_cast<std::size_t>(row) * b.inner;
    b.w = w;
    b.scale = reinterpret_cast<const std::uint16_t*>(c.w->data + static_cast<std::size_t>(tile) * c.w->tile_bytes +
                                                     static_cast<std::size_t>(blocks) * Impl::template block_bytes<kPack>());
    b.d = d;
    b.s = s;
    __m512 acc[kRows];
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) acc[r] = L::zero();
    b.template multiply<0>(0);
    b.template multiply<1>(1);
    b.template multiply<2>(2);
    int p = 0;
    for (; p + kSlots <= b.parts; p += kSlots) {
      b.template multiply<3>(p + 3);
      add<0>(b, p, acc);
      b.template multiply<0>(p + 4);
      add<1>(b, p + 1, acc);
      b.template multiply<1>(p + 5);
      add<2>(b, p + 2, acc);
      b.template multiply<2>(p + 6);
      add<3>(b, p + 3, acc);
    }
    if (p < b.parts) add<0>(b, p, acc);
    if (p + 1 < b.parts) add<1>(b, p + 1, acc);
    if (p + 2 < b.parts) add<2>(b, p + 2, acc);
    #pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) Impl::store(c, tile, 0, row + r, acc[r]);
  }

  static void linear(const LinearCall& c) {
    const auto vnni = linear_vnni().linear[static_cast<int>(kPack)];
    if (c.rows < kRows || c.w->inner > kMostInner) return vnni(c);
    alignas(64) std::uint8_t bytes[kBytes];
    alignas(64) float d[kMostInner / kK * kRows], s[kMostInner / kK * kRows];
    const auto inner = static_cast<std::size_t>(c.w->inner), tile_bytes = inner * kTile;
    const int step = std::clamp(static_cast<int>(kBytes / tile_bytes), 1, kMostTiles);
    // Rows that are left over: the last 16 once more when that is quicker than alone.
    const int whole = c.rows / kRows * kRows, left = c.rows - whole;
    const bool again = left >= kLeastLeft;
    asm volatile("ldtilecfg %0" ::"m"(kConfig<kK>));
    for (int first = c.tile_begin; first < c.tile_end; first += step) {
      const int end = std::min(c.tile_end, first + step);
      for (int tile = first; tile < end; ++tile) unpack(c, tile, bytes + static_cast<std::size_t>(tile - first) * tile_bytes);
      for (int row = 0; row < whole + (again ? kRows : 0); row += kRows) {
        const int at = std::min(row, c.rows - kRows);
        turn(c, at, d, s);
        for (int tile = first; tile < end; ++tile) block(c, tile, at, bytes + static_cast<std::size_t>(tile - first) * tile_bytes, d, s);
      }
    }
    asm volatile("tilerelease");
    if (left == 0 || again) return;
    LinearCall rest = c;
    const auto r = static_cast<std::size_t>(whole);
    rest.rows = left;
    rest.in.q += r * inner;
    rest.in.d += r * (inner / 32);
    rest.in.s += r * (inner / 32);
    rest.in.h += r * (inner / 16);
    rest.out += r * c.out_stride;
    vnni(rest);
  }
};

}  // namespace

const LinearKernels& linear_amx() {
  static const LinearKernels kTable = [] {
    LinearKernels k = linear_vnni();
    k.linear[static_cast<int>(Pack::n4)] = Amx<Pack::n4>::linear;
    k.linear[static_cast<int>(Pack::n4m)] = Amx<Pack::n4m>::linear;
    k.linear[static_cast<int>(Pack::n6)] = Amx<Pack::n6>::linear;
    k.linear[static_cast<int>(Pack::n8)] = Amx<Pack::n8>::linear;
    return k;
  }();
  return kTable;
}

}  // namespace wright::engine::cpu
