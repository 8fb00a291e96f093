#include "engine/backends/cpu/pack.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/tensor/quant.h"

namespace wright::engine::cpu {
namespace {

struct PackInfo { int block_bytes, scales; };  // of a tile's block: bytes, f16 scales
constexpr PackInfo kQuantised[kPacks] = {{}, {}, {}, {4 * 64, kTile}, {4 * 64, 2 * kTile}, {6 * 64, 2 * kTile}, {8 * 64, kTile}};
const PackInfo& info_of(Pack pack) { return kQuantised[static_cast<int>(pack)]; }

// One column's block of 32 in the common form: codes, and the scales that its pack stores (second: m, or the other half's d).
struct Block {
  std::uint8_t q[kBlock];
  std::uint16_t d, second;
};

void split_nibbles(const std::uint8_t* qs, Block& b) {
  for (int i = 0; i < 16; ++i) {
    b.q[i] = qs[i] & 15;
    b.q[16 + i] = qs[i] >> 4;
  }
}
void read_q4_0(const std::byte* row, int block, Block& b) {
  BlockQ4_0 x;
  std::memcpy(&x, row + static_cast<std::size_t>(block) * sizeof x, sizeof x);
  b.d = x.d;
  split_nibbles(x.qs, b);
}
void read_q4_1(const std::byte* row, int block, Block& b) {
  BlockQ4_1 x;
  std::memcpy(&x, row + static_cast<std::size_t>(block) * sizeof x, sizeof x);
  b.d = x.d;
  b.second = x.m;
  split_nibbles(x.qs, b);
}
void read_q8_0(const std::byte* row, int block, Block& b) {
  BlockQ8_0 x;
  std::memcpy(&x, row + static_cast<std::size_t>(block) * sizeof x, sizeof x);
  b.d = x.d;
  for (int i = 0; i < kBlock; ++i) b.q[i] = static_cast<std::uint8_t>(x.qs[i] + 128);
}
void read_q4_k(const std::byte* row, int block, Block& b) {
  BlockQ4_K x;
  std::memcpy(&x, row + static_cast<std::size_t>(block / 8) * sizeof x, sizeof x);
  const int j = block % 8;
  // Eight 6-bit scales and mins: the first four in the low bits of bytes 0..7, the others in nibbles of 8..11 with their two
  // high bits in the bytes before.
  int scale, min;
  if (j < 4) {
    scale = x.scales[j] & 63;
    min = x.scales[j + 4] & 63;
  } else {
    scale = (x.scales[j + 4] & 15) | (x.scales[j - 4] >> 6) << 4;
    min = (x.scales[j + 4] >> 4) | (x.scales[j] >> 6) << 4;
  }
  b.d = float_to_half(half_to_float(x.d) * static_cast<float>(scale));
  b.second = float_to_half(-half_to_float(x.dmin) * static_cast<float>(min));
  const std::uint8_t* qs = x.qs + j / 2 * 32;
  for (int i = 0; i < kBlock; ++i) b.q[i] = j % 2 ? qs[i] >> 4 : qs[i] & 15;
}
void read_q6_k(const std::byte* row, int block, Block& b) {
  BlockQ6_K x;
  std::memcpy(&x, row + static_cast<std::size_t>(block / 8) * sizeof x, sizeof x);
  const int part = block % 8, half = part / 4, quarter = part % 4;  // 128 elements a half, 32 a quarter
  const std::uint8_t* ql = x.ql + half * 64 + (quarter % 2) * 32;
  const std::uint8_t* qh = x.qh + half * 32;
  for (int i = 0; i < kBlock; ++i) {
    const int low = quarter < 2 ? ql[i] & 15 : ql[i] >> 4;
    b.q[i] = static_cast<std::uint8_t>(low | ((qh[i] >> (2 * quarter)) & 3) << 4);
  }
  const float d = half_to_float(x.d);
  b.d = float_to_half(d * static_cast<float>(x.scales[part * 2]));
  b.second = float_to_half(d * static_cast<float>(x.scales[part * 2 + 1]));
}

struct Reader {
  DType type;
  Pack pack;
  void (*read)(const std::byte* row, int block, Block& b);
};
constexpr Reader kReaders[] = {
    {DType::q4_0, Pack::n4, read_q4_0},  {DType::q4_1, Pack::n4m, read_q4_1}, {DType::q8_0, Pack::n8, read_q8_0},
    {DType::q4_k, Pack::n4m, read_q4_k}, {DType::q6_k, Pack::n6, read_q6_k},
};
const Reader* reader_of(DType type) {
  for (const Reader& r : kReaders)
    if (r.type == type) return &r;
  return nullptr;
}

// Writes column c's block into its places in a tile. `bytes`: the block's; `scales`: its f16 scales.
void place(Pack pack, const Block& b, int c, std::uint8_t* bytes, std::uint8_t* high, std::uint16_t* scales) {
  scales[c] = b.d;
  if (info_of(pack).scales == 2 * kTile) scales[kTile + c] = b.second;
  if (pack == Pack::n8) {
    for (int g = 0; g < 8; ++g) std::memcpy(bytes + g * 64 + c * 4, b.q + 4 * g, 4);
    return;
  }
  for (int g = 0; g < 4; ++g)
    for (int j = 0; j < 4; ++j)
      bytes[g * 64 + c * 4 + j] = static_cast<std::uint8_t>((b.q[4 * g + j] & 15) | (b.q[16 + 4 * g + j] & 15) << 4);
  if (pack != Pack::n6) return;
  for (int half = 0; half < 2; ++half)
    for (int j = 0; j < 4; ++j) {
      int bits = 0;
      for (int g = 0; g < 4; ++g) bits |= (b.q[16 * half + 4 * g + j] >> 4) << (2 * g);
      high[half * 64 + c * 4 + j] = static_cast<std::uint8_t>(bits);
    }
}

void pack_quantised(const PackedMatrix& m, const Reader& reader, const std::byte* from, std::size_t row_bytes, int tile,
                    std::byte* to) {
  const PackInfo& shape = info_of(m.pack);
  const int blocks = m.inner / kBlock, columns = std::min(kTile, m.columns - tile * kTile);
  auto* bytes = reinterpret_cast<std::uint8_t*>(to);
  auto* high = bytes + static_cast<std::size_t>(blocks) * 256;
  auto* scales = reinterpret_cast<std::uint16_t*>(bytes + static_cast<std::size_t>(blocks) * static_cast<std::size_t>(shape.block_bytes));
  const std::size_t step = m.pack == Pack::n8 ? 512 : 256;
  if (columns < kTile) std::memset(to, 0, m.tile_bytes);
  for (int c = 0; c < columns; ++c) {
    const std::byte* row = from + static_cast<std::size_t>(tile * kTile + c) * row_bytes;
    Block b{};
    for (int k = 0; k < blocks; ++k) {
      reader.read(row, k, b);
      place(m.pack, b, c, bytes + static_cast<std::size_t>(k) * step, high + static_cast<std::size_t>(k) * 128,
            scales + k * shape.scales);
    }
  }
}

// Q4_0 and Q4_1 keep their bytes as they are; only groups of four are dealt out to columns.
void pack_native_nibbles(const PackedMatrix& m, const std::byte* from, std::size_t row_bytes, int tile, std::byte* to) {
  const bool min = m.pack == Pack::n4m;
  const std::size_t block_bytes = min ? sizeof(BlockQ4_1) : sizeof(BlockQ4_0), head = min ? 4 : 2;
  const int blocks = m.inner / kBlock, columns = std::min(kTile, m.columns - tile * kTile);
  auto* scales = reinterpret_cast<std::uint16_t*>(to + static_cast<std::size_t>(blocks) * 256);
  if (columns < kTile) std::memset(to, 0, m.tile_bytes);
  for (int c = 0; c < columns; ++c) {
    const std::byte* block = from + static_cast<std::size_t>(tile * kTile + c) * row_bytes;
    for (int k = 0; k < blocks; ++k, block += block_bytes) {
      std::byte* out = to + static_cast<std::size_t>(k) * 256 + c * 4;
      for (std::size_t g = 0; g < 4; ++g) std::memcpy(out + g * 64, block + head + 4 * g, 4);
      std::uint16_t* scale = scales + k * info_of(m.pack).scales + c;
      std::memcpy(scale, block, 2);
      if (min) std::memcpy(scale + kTile, block + 2, 2);
    }
  }
}

template <class T> void transpose(const PackedMatrix& m, const T* row, int c, std::byte* to) {
  T* out = reinterpret_cast<T*>(to) + c;
  for (int k = 0; k < m.inner; ++k) out[static_cast<std::size_t>(k) * kTile] = row[k];
}

void pack_plain(const PackedMatrix& m, DType type, const std::byte* from, std::size_t row_bytes, int tile, std::byte* to) {
  const int columns = std::min(kTile, m.columns - tile * kTile);
  if (columns < kTile) std::memset(to, 0, m.tile_bytes);
  std::vector<float> wide(static_cast<std::size_t>(m.inner));
  std::vector<std::uint16_t> narrow(static_cast<std::size_t>(m.inner));
  for (int c = 0; c < columns; ++c) {
    const std::byte* row = from + static_cast<std::size_t>(tile * kTile + c) * row_bytes;
    if (m.pack == Pack::f32) {
      dequantise(type, row, wide.data(), wide.size());
      transpose(m, wide.data(), c, to);
    } else {
      std::memcpy(narrow.data(), row, narrow.size() * 2);
      transpose(m, narrow.data(), c, to);
    }
  }
}

}  // namespace

Result<Pack> pack_for(DType type, const std::string& name) {
  if (type == DType::f16) return Pack::f16;
  if (type == DType::bf16) return Pack::bf16;
  if (const Reader* r = reader_of(type)) return r->pack;
  if (can_dequantise(type)) return Pack::f32;
  return Error{ErrorKind::invalid, "tensor " + name + " has type " + std::string(info(type).name) + ", which no kernel reads",
               "use a model in f16, bf16, q8_0, q4_0, q4_1, q4_k or q6_k"};
}

PackedMatrix packed_shape(Pack pack, int columns, int inner) {
  PackedMatrix m;
  m.pack = pack;
  m.columns = columns;
  m.inner = inner;
  const std::size_t k = static_cast<std::size_t>(inner), element = pack == Pack::f32 ? 4 : 2;
  if (m.quantised())
    m.tile_bytes = k / kBlock * (static_cast<std::size_t>(info_of(pack).block_bytes) + static_cast<std::size_t>(info_of(pack).scales) * 2);
  else
    m.tile_bytes = k * kTile * element;
  m.tile_bytes = (m.tile_bytes + 63) / 64 * 64;
  return m;
}

std::size_t packed_bytes(const PackedMatrix& m) { return m.tile_bytes * static_cast<std::size_t>(m.tiles()); }

void pack_tiles(const PackedMatrix& m, DType type, const std::byte* from, std::size_t row_bytes, int begin, int end,
                std::byte* to) {
  for (int tile = begin; tile < end; ++tile) {
    std::byte* out = to + static_cast<std::size_t>(tile) * m.tile_bytes;
    if (!m.quantised()) pack_plain(m, type, from, row_bytes, tile, out);
    else if (type == DType::q4_0 || type == DType::q4_1) pack_native_nibbles(m, from, row_bytes, tile, out);
    else pack_quantised(m, *reader_of(type), from, row_bytes, tile, out);
  }
}

}  // namespace wright::engine::cpu
