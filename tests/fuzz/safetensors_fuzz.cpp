// Safetensors headers: any bytes give an error or tensors that lie inside the input.
#include <vector>

#include "engine/format/stored_weights.h"
#include "engine/tensor/quant.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::engine;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  StoredWeights weights("fuzz");
  const auto header = parse_safetensors(bytes, weights);
  if (!header) {
    if (header.error().message.empty()) __builtin_trap();
    return 0;
  }
  if (*header > size) __builtin_trap();
  for (const auto& name : weights.names()) {
    const TensorView& view = *weights.find(name);
    if (view.bytes() > size) __builtin_trap();
    std::vector<float> values(static_cast<std::size_t>(view.elements()));
    if (can_dequantise(view.type)) dequantise(view.type, view.data, values.data(), values.size());
  }
  return 0;
}
