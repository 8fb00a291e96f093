#include "engine/tensor/quant.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/tensor/quant_blocks.h"

namespace wright::engine {

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  if (magnitude < 0x0400u) {  // zero or subnormal: magnitude * 2^-24 is exact in f32
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + ((127u - 15u) << 23)));
}

std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // rounds to 65536 or more
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 rounds at 2^-24, to nearest even, in hardware
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - ((127u - 15u) << 23)) >> 13));
}

float bf16_to_float(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t float_to_bf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

namespace {

// Plain types: one element at a time.
template <class Stored, class Convert>
void widen(const std::byte* from, float* to, std::size_t n, Convert convert) {
  for (std::size_t i = 0; i < n; ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * sizeof(Stored), sizeof(Stored));
    to[i] = convert(stored);
  }
}

// Small floats with `mantissa` bits and exponent bias `bias`; `nan` tells which bytes are no number.
float small_float(std::uint8_t bits, int mantissa, int bias) {
  const int exponent = (bits & 0x7f) >> mantissa;
  const int fraction = bits & ((1 << mantissa) - 1);
  const float value = exponent == 0 ? std::ldexp(static_cast<float>(fraction), 1 - bias - mantissa)
                                    : std::ldexp(static_cast<float>(fraction + (1 << mantissa)), exponent - bias - mantissa);
  return bits & 0x80 ? -value : value;
}
float e4m3(std::uint8_t bits) {  // the "fn" kind: no infinities, one NaN
  return (bits & 0x7f) == 0x7f ? std::numeric_limits<float>::quiet_NaN() : small_float(bits, 3, 7);
}
float e5m2(std::uint8_t bits) {
  const int magnitude = bits & 0x7f;
  if (magnitude > 0x7c) return std::numeric_limits<float>::quiet_NaN();
  if (magnitude == 0x7c) return bits & 0x80 ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  return small_float(bits, 2, 15);
}
float e8m0(std::uint8_t bits) {
  return bits == 0xff ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, bits - 127);
}

void quantise_block(const float* x, BlockQ4_0& block) {
  float extreme = 0.0f;  // the value of largest magnitude becomes -8 * d
  for (int i = 0; i < 32; ++i)
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  const float d = extreme / -8.0f, inverse = d != 0.0f ? 1.0f / d : 0.0f;
  block.d = float_to_half(d);
  const auto code = [&](float v) {
    const int q = static_cast<int>(v * inverse + 8.5f);
    return static_cast<unsigned>(q > 15 ? 15 : q);
  };
  for (int i = 0; i < 16; ++i) block.qs[i] = static_cast<std::uint8_t>(code(x[i]) | code(x[i + 16]) << 4);
}

void quantise_block(const float* x, BlockQ4_1& block) {
  float low = x[0], high = x[0];
  for (int i = 1; i < 32; ++i) low = std::fmin(low, x[i]), high = std::fmax(high, x[i]);
  const float d = (high - low) / 15.0f, inverse = d != 0.0f ? 1.0f / d : 0.0f;
  block.d = float_to_half(d);
  block.m = float_to_half(low);
  const auto code = [&](float v) {
    const int q = static_cast<int>((v - low) * inverse + 0.5f);
    return static_cast<unsigned>(q > 15 ? 15 : q);
  };
  for (int i = 0; i < 16; ++i) block.qs[i] = static_cast<std::uint8_t>(code(x[i]) | code(x[i + 16]) << 4);
}

void quantise_block(const float* x, BlockQ8_0& block) {
  float largest = 0.0f;
  for (int i = 0; i < 32; ++i) largest = std::fmax(largest, std::fabs(x[i]));
  const float d = largest / 127.0f, inverse = d != 0.0f ? 1.0f / d : 0.0f;
  block.d = float_to_half(d);
  for (int i = 0; i < 32; ++i) block.qs[i] = static_cast<std::int8_t>(std::lrint(x[i] * inverse));
}

template <class Block>
void quantise_blocks(const float* from, std::byte* to, std::size_t n) {
  for (std::size_t i = 0; i < n / 32; ++i) {
    Block block;
    quantise_block(from + i * 32, block);
    std::memcpy(to + i * sizeof(Block), &block, sizeof(Block));
  }
}

template <std::uint16_t (*Convert)(float)>
void narrow(const float* from, std::byte* to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t bits = Convert(from[i]);
    std::memcpy(to + i * 2, &bits, 2);
  }
}

using Decode = void (*)(const std::byte*, float*, std::size_t);
using Encode = void (*)(const float*, std::byte*, std::size_t);
struct Codec {
  DType type;
  Decode decode;
  Encode encode = nullptr;
};

const Codec kCodecs[] = {
    {DType::f32, [](const std::byte* f, float* t, std::size_t n) { std::memcpy(t, f, n * 4); },
     [](const float* f, std::byte* t, std::size_t n) { std::memcpy(t, f, n * 4); }},
    {DType::f16, [](const std::byte* f, float* t, std::size_t n) { widen<std::uint16_t>(f, t, n, half_to_float); },
     narrow<float_to_half>},
    {DType::bf16, [](const std::byte* f, float* t, std::size_t n) { widen<std::uint16_t>(f, t, n, bf16_to_float); },
     narrow<float_to_bf16>},
    {DType::f64, [](const std::byte* f, float* t, std::size_t n) {
       widen<double>(f, t, n, [](double v) { return static_cast<float>(v); });
     }},
    {DType::i32, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::int32_t>(f, t, n, [](std::int32_t v) { return static_cast<float>(v); });
     }},
    {DType::i64, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::int64_t>(f, t, n, [](std::int64_t v) { return static_cast<float>(v); });
     }},
    {DType::i16, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::int16_t>(f, t, n, [](std::int16_t v) { return static_cast<float>(v); });
     }},
    {DType::i8, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::int8_t>(f, t, n, [](std::int8_t v) { return static_cast<float>(v); });
     }},
    {DType::u8, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::uint8_t>(f, t, n, [](std::uint8_t v) { return static_cast<float>(v); });
     }},
    {DType::boolean, [](const std::byte* f, float* t, std::size_t n) {
       widen<std::uint8_t>(f, t, n, [](std::uint8_t v) { return v ? 1.0f : 0.0f; });
     }},
    {DType::f8_e4m3, [](const std::byte* f, float* t, std::size_t n) { widen<std::uint8_t>(f, t, n, e4m3); }},
    {DType::f8_e5m2, [](const std::byte* f, float* t, std::size_t n) { widen<std::uint8_t>(f, t, n, e5m2); }},
    {DType::f8_e8m0, [](const std::byte* f, float* t, std::size_t n) { widen<std::uint8_t>(f, t, n, e8m0); }},
    {DType::q4_0, decode_q4_0, quantise_blocks<BlockQ4_0>},
    {DType::q4_1, decode_q4_1, quantise_blocks<BlockQ4_1>},
    {DType::q5_0, decode_q5_0},
    {DType::q5_1, decode_q5_1},
    {DType::q8_0, decode_q8_0, quantise_blocks<BlockQ8_0>},
    {DType::q2_k, decode_q2_k},
    {DType::q3_k, decode_q3_k},
    {DType::q4_k, decode_q4_k},
    {DType::q5_k, decode_q5_k},
    {DType::q6_k, decode_q6_k},
    {DType::iq4_nl, decode_iq4_nl},
    {DType::iq4_xs, decode_iq4_xs},
    {DType::mxfp4, decode_mxfp4},
};

const Codec* codec(DType type) {
  for (const Codec& c : kCodecs)
    if (c.type == type) return &c;
  return nullptr;
}

}  // namespace

bool can_dequantise(DType type) { return codec(type) != nullptr; }

void dequantise(DType type, const std::byte* from, float* to, std::size_t n) { codec(type)->decode(from, to, n); }

bool can_quantise(DType type) {
  const Codec* c = codec(type);
  return c && c->encode;
}

void quantise(DType type, const float* from, std::byte* to, std::size_t n) { codec(type)->encode(from, to, n); }

}  // namespace wright::engine
