#include "engine/tensor/quant_blocks.h"

#include <cmath>
#include <cstring>

#include "engine/tensor/quant.h"

namespace wright::engine {
namespace {

struct BlockQ5_0 { std::uint16_t d; std::uint8_t qh[4]; std::uint8_t qs[16]; };
struct BlockQ5_1 { std::uint16_t d, m; std::uint8_t qh[4]; std::uint8_t qs[16]; };
struct BlockQ2_K { std::uint8_t scales[16]; std::uint8_t qs[64]; std::uint16_t d, dmin; };
struct BlockQ3_K { std::uint8_t hmask[32]; std::uint8_t qs[64]; std::uint8_t scales[12]; std::uint16_t d; };
struct BlockQ5_K { std::uint16_t d, dmin; std::uint8_t scales[12]; std::uint8_t qh[32]; std::uint8_t qs[128]; };
struct BlockIQ4_NL { std::uint16_t d; std::uint8_t qs[16]; };
struct BlockIQ4_XS { std::uint16_t d, scales_h; std::uint8_t scales_l[4]; std::uint8_t qs[128]; };
struct BlockMXFP4 { std::uint8_t e; std::uint8_t qs[16]; };
static_assert(sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockIQ4_NL) == 18 && sizeof(BlockIQ4_XS) == 136 && sizeof(BlockMXFP4) == 17);

constexpr float kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr float kE2m1[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

template <class Block, int Elements, class Decode>
void each_block(const std::byte* from, float* to, std::size_t n, Decode decode) {
  for (std::size_t i = 0; i < n / Elements; ++i) {
    Block block;
    std::memcpy(&block, from + i * sizeof(Block), sizeof(Block));
    decode(block, to + i * Elements);
  }
}

// 32 elements as 16 bytes: low nibbles are elements 0..15, high nibbles 16..31.
template <class Value>
void nibbles(const std::uint8_t* qs, float* y, Value value) {
  for (int i = 0; i < 16; ++i) {
    y[i] = value(qs[i] & 15, i);
    y[i + 16] = value(qs[i] >> 4, i + 16);
  }
}

int bit(const std::uint8_t* bytes, int i) { return bytes[i / 8] >> i % 8 & 1; }

// Scale and minimum `j` of the eight that Q4_K and Q5_K pack into 12 bytes, 6 bits each.
void scale_min(const std::uint8_t* s, int j, int& scale, int& minimum) {
  if (j < 4) {
    scale = s[j] & 63;
    minimum = s[j + 4] & 63;
  } else {
    scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    minimum = s[j + 4] >> 4 | (s[j] >> 6) << 4;
  }
}

// Q3_K: sixteen 6-bit scales in 12 bytes, low nibbles first, then pairs of high bits.
int scale_q3(const std::uint8_t* s, int j) {
  const int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
  return (low | (s[8 + j % 4] >> 2 * (j / 4) & 3) << 4) - 32;
}

}  // namespace

void decode_q4_0(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ4_0, 32>(from, to, n, [](const BlockQ4_0& b, float* y) {
    const float d = half_to_float(b.d);
    nibbles(b.qs, y, [&](int q, int) { return d * static_cast<float>(q - 8); });
  });
}

void decode_q4_1(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ4_1, 32>(from, to, n, [](const BlockQ4_1& b, float* y) {
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    nibbles(b.qs, y, [&](int q, int) { return d * static_cast<float>(q) + m; });
  });
}

void decode_q5_0(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ5_0, 32>(from, to, n, [](const BlockQ5_0& b, float* y) {
    const float d = half_to_float(b.d);
    nibbles(b.qs, y, [&](int q, int i) { return d * static_cast<float>((q | bit(b.qh, i) << 4) - 16); });
  });
}

void decode_q5_1(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ5_1, 32>(from, to, n, [](const BlockQ5_1& b, float* y) {
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    nibbles(b.qs, y, [&](int q, int i) { return d * static_cast<float>(q | bit(b.qh, i) << 4) + m; });
  });
}

void decode_q8_0(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ8_0, 32>(from, to, n, [](const BlockQ8_0& b, float* y) {
    const float d = half_to_float(b.d);
    for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(b.qs[i]);
  });
}

void decode_q2_k(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ2_K, 256>(from, to, n, [](const BlockQ2_K& b, float* y) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int i = 0; i < 256; ++i) {  // groups of 16; each 128 elements take 32 bytes, two bits a layer of 32
      const int group = i / 16, q = b.qs[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
      y[i] = d * static_cast<float>(b.scales[group] & 15) * static_cast<float>(q) -
             dmin * static_cast<float>(b.scales[group] >> 4);
    }
  });
}

void decode_q3_k(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ3_K, 256>(from, to, n, [](const BlockQ3_K& b, float* y) {
    const float d = half_to_float(b.d);
    for (int i = 0; i < 256; ++i) {  // hmask: bit i/32 of byte i%32; a clear bit subtracts 4
      const int low = b.qs[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
      const int q = low - (b.hmask[i % 32] >> i / 32 & 1 ? 0 : 4);
      y[i] = d * static_cast<float>(scale_q3(b.scales, i / 16)) * static_cast<float>(q);
    }
  });
}

void decode_q4_k(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ4_K, 256>(from, to, n, [](const BlockQ4_K& b, float* y) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int group = 0; group < 8; ++group) {  // 32 elements; two groups share 32 bytes, low nibbles first
      int scale, minimum;
      scale_min(b.scales, group, scale, minimum);
      const float step = d * static_cast<float>(scale), offset = dmin * static_cast<float>(minimum);
      const std::uint8_t* qs = b.qs + group / 2 * 32;
      for (int i = 0; i < 32; ++i) y[group * 32 + i] = step * static_cast<float>(qs[i] >> 4 * (group & 1) & 15) - offset;
    }
  });
}

void decode_q5_k(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ5_K, 256>(from, to, n, [](const BlockQ5_K& b, float* y) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int group = 0; group < 8; ++group) {
      int scale, minimum;
      scale_min(b.scales, group, scale, minimum);
      const float step = d * static_cast<float>(scale), offset = dmin * static_cast<float>(minimum);
      const std::uint8_t* qs = b.qs + group / 2 * 32;
      for (int i = 0; i < 32; ++i) {
        const int q = (qs[i] >> 4 * (group & 1) & 15) | (b.qh[i] >> group & 1) << 4;
        y[group * 32 + i] = step * static_cast<float>(q) - offset;
      }
    }
  });
}

void decode_q6_k(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockQ6_K, 256>(from, to, n, [](const BlockQ6_K& b, float* y) {
    const float d = half_to_float(b.d);
    for (int i = 0; i < 256; ++i) {  // halves of 128: 64 bytes of low nibbles, 32 bytes of high bit pairs
      const int half = i / 128, part = i % 128 / 32, column = i % 32;
      const int low = b.ql[half * 64 + (part & 1) * 32 + column] >> 4 * (part / 2) & 15;
      const int high = b.qh[half * 32 + column] >> 2 * part & 3;
      y[i] = d * static_cast<float>(b.scales[i / 16]) * static_cast<float>((low | high << 4) - 32);
    }
  });
}

void decode_iq4_nl(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockIQ4_NL, 32>(from, to, n, [](const BlockIQ4_NL& b, float* y) {
    const float d = half_to_float(b.d);
    nibbles(b.qs, y, [&](int q, int) { return d * kIq4Values[q]; });
  });
}

void decode_iq4_xs(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockIQ4_XS, 256>(from, to, n, [](const BlockIQ4_XS& b, float* y) {
    const float d = half_to_float(b.d);
    for (int group = 0; group < 8; ++group) {
      const int low = b.scales_l[group / 2] >> 4 * (group & 1) & 15;
      const int scale = (low | (b.scales_h >> 2 * group & 3) << 4) - 32;
      const float step = d * static_cast<float>(scale);
      nibbles(b.qs + group * 16, y + group * 32, [&](int q, int) { return step * kIq4Values[q]; });
    }
  });
}

void decode_mxfp4(const std::byte* from, float* to, std::size_t n) {
  each_block<BlockMXFP4, 32>(from, to, n, [](const BlockMXFP4& b, float* y) {
    const float scale = std::ldexp(1.0f, b.e - 127);
    nibbles(b.qs, y, [&](int q, int) { return scale * kE2m1[q]; });
  });
}

}  // namespace wright::engine
