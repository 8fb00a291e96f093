// GGUF headers: any bytes give an error or tensors that lie inside the input; what opens can be read to its last element.
#include <vector>

#include "engine/format/stored_weights.h"
#include "engine/tensor/quant.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::engine;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  StoredWeights weights("fuzz");
  const auto header = parse_gguf(bytes, weights);
  if (!header) {
    if (header.error().message.empty()) __builtin_trap();
    return 0;
  }
  if (*header > size) __builtin_trap();
  for (const auto& name : weights.names()) {
    const TensorView& view = *weights.find(name);
    if (!can_dequantise(view.type)) continue;
    std::vector<float> row(static_cast<std::size_t>(view.cols()));
    for (const std::int64_t i : {std::int64_t{0}, view.rows() - 1})
      dequantise(view.type, view.data + static_cast<std::size_t>(i) * view.row_bytes(), row.data(), row.size());
  }
  return 0;
}
