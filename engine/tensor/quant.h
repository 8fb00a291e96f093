// Block layouts of quantised tensors (ggml's, as GGUF stores them) with reference encode and decode. Pure functions over
// caller-owned memory, any thread. Little-endian; d and m are IEEE half precision bits.
// Source: the GGUF specification and the type descriptions in ggml-common.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/tensor/dtype.h"

namespace wright::engine {

struct BlockQ4_0 { std::uint16_t d; std::uint8_t qs[16]; };                    // 32: d * (q - 8); low nibbles are 0..15, high 16..31
struct BlockQ4_1 { std::uint16_t d, m; std::uint8_t qs[16]; };                 // 32: d * q + m
struct BlockQ8_0 { std::uint16_t d; std::int8_t qs[32]; };                     // 32: d * q
struct BlockQ4_K { std::uint16_t d, dmin; std::uint8_t scales[12]; std::uint8_t qs[128]; };          // 256
struct BlockQ6_K { std::uint8_t ql[128]; std::uint8_t qh[64]; std::int8_t scales[16]; std::uint16_t d; };  // 256
static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_K) == 144 && sizeof(BlockQ6_K) == 210);

float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);      // round to nearest even
float bf16_to_float(std::uint16_t bits);
std::uint16_t float_to_bf16(float value);      // round to nearest even

// Whether dequantise() knows the type.
bool can_dequantise(DType type);
// `n` elements (a multiple of the type's block) at `from` to f32. The exact values that the format defines.
void dequantise(DType type, const std::byte* from, float* to, std::size_t n);
// f32 to f16, bf16, q4_0, q4_1, q8_0 (round to nearest); used by tests, generators and KV caches.
bool can_quantise(DType type);
void quantise(DType type, const float* from, std::byte* to, std::size_t n);

}  // namespace wright::engine
