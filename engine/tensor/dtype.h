// Element types of tensors: the block-quantised types of GGUF (ggml's layouts) and the plain ones of safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wright::engine {

enum class DType : std::uint8_t {
  f32, f16, bf16, f64, i8, i16, i32, i64, u8, boolean,
  q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, iq4_xs, mxfp4,
  f8_e4m3, f8_e5m2, f8_e8m0,
};

struct DTypeInfo {
  DType type;
  std::string_view name;    // lower case: "q4_1"
  int block_elements;       // elements of one block; 1 for plain types
  int block_bytes;          // bytes of one block
  int gguf_id;              // ggml_type number, -1 when GGUF has none
  std::string_view safetensors_name;  // "BF16"; empty when safetensors has none
};

const DTypeInfo& info(DType type);
std::optional<DType> dtype_from_name(std::string_view name);
std::optional<DType> dtype_from_gguf(std::uint32_t id);
std::optional<DType> dtype_from_safetensors(std::string_view name);

// Bytes of `n` elements; n must be a multiple of block_elements.
inline std::size_t bytes_of(DType type, std::size_t n) {
  const DTypeInfo& d = info(type);
  return n / static_cast<std::size_t>(d.block_elements) * static_cast<std::size_t>(d.block_bytes);
}

}  // namespace wright::engine
