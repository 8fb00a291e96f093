#include "engine/tensor/dtype.h"

namespace wright::engine {
namespace {

constexpr DTypeInfo kTypes[] = {
    {DType::f32, "f32", 1, 4, 0, "F32"},        {DType::f16, "f16", 1, 2, 1, "F16"},
    {DType::bf16, "bf16", 1, 2, 30, "BF16"},    {DType::f64, "f64", 1, 8, 28, "F64"},
    {DType::i8, "i8", 1, 1, 24, "I8"},          {DType::i16, "i16", 1, 2, 25, "I16"},
    {DType::i32, "i32", 1, 4, 26, "I32"},       {DType::i64, "i64", 1, 8, 27, "I64"},
    {DType::u8, "u8", 1, 1, -1, "U8"},          {DType::boolean, "bool", 1, 1, -1, "BOOL"},
    {DType::q4_0, "q4_0", 32, 18, 2, ""},       {DType::q4_1, "q4_1", 32, 20, 3, ""},
    {DType::q5_0, "q5_0", 32, 22, 6, ""},       {DType::q5_1, "q5_1", 32, 24, 7, ""},
    {DType::q8_0, "q8_0", 32, 34, 8, ""},       {DType::q2_k, "q2_k", 256, 84, 10, ""},
    {DType::q3_k, "q3_k", 256, 110, 11, ""},    {DType::q4_k, "q4_k", 256, 144, 12, ""},
    {DType::q5_k, "q5_k", 256, 176, 13, ""},    {DType::q6_k, "q6_k", 256, 210, 14, ""},
    {DType::iq4_nl, "iq4_nl", 32, 18, 20, ""},  {DType::iq4_xs, "iq4_xs", 256, 136, 23, ""},
    {DType::mxfp4, "mxfp4", 32, 17, 39, ""},    {DType::f8_e4m3, "f8_e4m3", 1, 1, -1, "F8_E4M3"},
    {DType::f8_e5m2, "f8_e5m2", 1, 1, -1, "F8_E5M2"}, {DType::f8_e8m0, "f8_e8m0", 1, 1, -1, "F8_E8M0"},
};

template <class Match>
std::optional<DType> find(Match match) {
  for (const DTypeInfo& d : kTypes)
    if (match(d)) return d.type;
  return std::nullopt;
}

}  // namespace

const DTypeInfo& info(DType type) { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<DType> dtype_from_name(std::string_view name) {
  return find([&](const DTypeInfo& d) { return d.name == name; });
}
std::optional<DType> dtype_from_gguf(std::uint32_t id) {
  return find([&](const DTypeInfo& d) { return d.gguf_id == static_cast<int>(id); });
}
std::optional<DType> dtype_from_safetensors(std::string_view name) {
  return find([&](const DTypeInfo& d) { return !name.empty() && d.safetensors_name == name; });
}

}  // namespace wright::engine
