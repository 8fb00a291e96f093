// Decoders of the block-quantised types, one function a type: `n` elements (a multiple of the block) to f32. Blocks may lie
// unaligned. Pure functions, any thread; dequantise() of quant.h is the door.
// Source: the block layouts of the GGUF specification; products and sums are taken in the order that they define.
#pragma once

#include <cstddef>

namespace wright::engine {

void decode_q4_0(const std::byte* from, float* to, std::size_t n);
void decode_q4_1(const std::byte* from, float* to, std::size_t n);
void decode_q5_0(const std::byte* from, float* to, std::size_t n);
void decode_q5_1(const std::byte* from, float* to, std::size_t n);
void decode_q8_0(const std::byte* from, float* to, std::size_t n);
void decode_q2_k(const std::byte* from, float* to, std::size_t n);
void decode_q3_k(const std::byte* from, float* to, std::size_t n);
void decode_q4_k(const std::byte* from, float* to, std::size_t n);
void decode_q5_k(const std::byte* from, float* to, std::size_t n);
void decode_q6_k(const std::byte* from, float* to, std::size_t n);
void decode_iq4_nl(const std::byte* from, float* to, std::size_t n);
void decode_iq4_xs(const std::byte* from, float* to, std::size_t n);
void decode_mxfp4(const std::byte* from, float* to, std::size_t n);

}  // namespace wright::engine
