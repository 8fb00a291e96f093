#include "engine/format/plain_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/format/stored_weights.h"
#include "engine/tensor/quant.h"

namespace wright::engine {
namespace {

constexpr float kE2m1[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

std::vector<std::int64_t> shape_of(const TensorView& view) { return {view.shape.begin(), view.shape.begin() + view.rank}; }

float value_at(const TensorView& view, std::size_t i) {  // plain types only
  float value;
  dequantise(view.type, view.data + i * static_cast<std::size_t>(info(view.type).block_bytes), &value, 1);
  return value;
}

std::size_t blocks(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

PlainTensor alone(const std::string& name, const TensorView& view) {
  PlainTensor t{name, shape_of(view), std::string(info(view.type).name), static_cast<std::size_t>(view.rows()),
                static_cast<std::size_t>(view.cols()), {}};
  t.read_row = [view](std::size_t row, float* to) {
    dequantise(view.type, view.data + row * view.row_bytes(), to, static_cast<std::size_t>(view.cols()));
  };
  return t;
}

bool is_scale(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::f8_e8m0;
}

Error misfit(const Weights& weights, const std::string& scale, const std::string& name) {
  const TensorView &a = *weights.find(scale), &b = *weights.find(name);
  return damaged(weights.path(), fmt::format("tensor {} ({}) of type {} does not scale {} ({})", shown(scale), fmt::join(shape_of(a), ", "),
                                             info(a.type).name, shown(name), fmt::join(shape_of(b), ", ")));
}

// An 8-bit float weight and its scale: one value, one a row, or one a 128 x 128 block.
Result<PlainTensor> scaled(const Weights& weights, const std::string& name, const TensorView& view, const std::string& scale_name) {
  const TensorView& scale = *weights.find(scale_name);
  PlainTensor t = alone(name, view);
  t.stored += " * " + std::string(info(scale.type).name);
  const auto n = static_cast<std::size_t>(scale.elements());
  const auto last = static_cast<std::size_t>(view.rank > 1 ? view.shape[static_cast<std::size_t>(view.rank - 2)] : 1);
  const std::size_t matrices = t.rows / std::max<std::size_t>(last, 1), tall = blocks(last, 128), wide = blocks(t.cols, 128);
  const bool single = n == 1, by_row = n == t.rows && scale.cols() == 1, by_block = n == matrices * tall * wide;
  if (!is_scale(scale.type) || !(single || by_row || by_block)) return misfit(weights, scale_name, name);
  t.read_row = [view, scale, single, by_row, last, tall, wide](std::size_t row, float* to) {
    const auto cols = static_cast<std::size_t>(view.cols());
    dequantise(view.type, view.data + row * view.row_bytes(), to, cols);
    const std::size_t block_row = row / last * tall + row % last / 128;
    for (std::size_t i = 0; i < cols; ++i) to[i] *= value_at(scale, single ? 0 : by_row ? row : block_row * wide + i / 128);
  };
  return t;
}

// `packed` (..., n, 16) and `scale` (..., n): n * 32 columns, the even column in the low nibble.
Result<PlainTensor> mxfp4_pair(const Weights& weights, const std::string& name) {
  const TensorView &packed = *weights.find(name + "_blocks"), &scale = *weights.find(name + "_scales");
  auto shape = shape_of(packed);
  if (packed.rank < 2 || shape.back() != 16 || shape_of(scale) != std::vector(shape.begin(), shape.end() - 1) || scale.type != DType::u8)
    return misfit(weights, name + "_scales", name + "_blocks");
  shape.pop_back();
  const auto groups = static_cast<std::size_t>(shape.back());
  shape.back() *= 32;
  PlainTensor t{name, shape, "mxfp4 pair", static_cast<std::size_t>(scale.rows()), groups * 32, {}};
  t.read_row = [packed, scale, groups](std::size_t row, float* to) {
    for (std::size_t g = 0; g < groups; ++g) {
      float factor;
      dequantise(DType::f8_e8m0, scale.data + row * groups + g, &factor, 1);
      const std::byte* bytes = packed.data + (row * groups + g) * 16;
      for (std::size_t i = 0; i < 32; ++i) to[g * 32 + i] = kE2m1[std::to_integer<unsigned>(bytes[i / 2]) >> 4 * (i % 2) & 15] * factor;
    }
  };
  return t;
}

// DeepSeek-V4's experts: int8 (rows, cols / 2), scale F8_E8M0 (rows, cols / 32).
Result<PlainTensor> packed_int8(const Weights& weights, const std::string& name, const TensorView& view, const std::string& scale_name) {
  const TensorView& scale = *weights.find(scale_name);
  PlainTensor t = alone(name, view);
  t.stored = "e2m1 * " + std::string(info(scale.type).name);
  t.cols *= 2;
  t.shape.back() *= 2;
  if (scale.type != DType::f8_e8m0 || scale.rows() != view.rows() || scale.cols() * 32 != view.cols() * 2)
    return misfit(weights, scale_name, name);
  t.read_row = [view, scale](std::size_t row, float* to) {
    const std::byte* bytes = view.data + row * view.row_bytes();
    for (std::size_t i = 0; i < static_cast<std::size_t>(view.cols()) * 2; ++i)
      to[i] = kE2m1[std::to_integer<unsigned>(bytes[i / 2]) >> 4 * (i % 2) & 15] *
              value_at(scale, row * static_cast<std::size_t>(scale.cols()) + i / 32);
  };
  return t;
}

std::string without(const std::string& name, std::string_view end) {
  return name.ends_with(end) ? name.substr(0, name.size() - end.size()) : std::string();
}

// The name of the tensor that scales `name`, "" when there is none.
std::string scale_of(const Weights& weights, const std::string& name) {
  std::vector<std::string> candidates{name + "_scale_inv", name + "_scale"};
  if (const std::string stem = without(name, ".weight"); !stem.empty()) candidates.push_back(stem + ".scale");
  for (auto& c : candidates)
    if (weights.find(c)) return c;
  return "";
}

bool scales_another(const Weights& weights, const std::string& name) {
  if (const auto stem = without(name, "_scales"); !stem.empty() && weights.find(stem + "_blocks")) return true;
  for (const std::string& owner : {without(name, "_scale_inv"), without(name, "_scale"), without(name, ".scale") + ".weight"}) {
    const TensorView* weight = weights.find(owner);
    if (weight && (weight->type == DType::f8_e4m3 || weight->type == DType::i8) && scale_of(weights, owner) == name) return true;
  }
  return false;
}

// What the stored tensor `name`, which scales no other, gives.
Result<PlainTensor> read(const Weights& weights, const std::string& name) {
  const TensorView& view = *weights.find(name);
  if (const auto stem = without(name, "_blocks"); !stem.empty() && view.type == DType::u8) {
    if (!weights.find(stem + "_scales")) return damaged(weights.path(), "tensor " + shown(stem + "_scales") + " is missing");
    return mxfp4_pair(weights, stem);
  }
  const std::string scale = scale_of(weights, name);
  if (view.type == DType::f8_e4m3) {
    if (scale.empty()) return damaged(weights.path(), "the scale of tensor " + shown(name) + " (type f8_e4m3) is missing");
    return scaled(weights, name, view, scale);
  }
  if (view.type == DType::i8 && !scale.empty()) return packed_int8(weights, name, view, scale);
  if (!can_dequantise(view.type)) return damaged(weights.path(), fmt::format("tensor {} has type {}, which cannot be read", shown(name), info(view.type).name));
  return alone(name, view);
}

}  // namespace

Result<std::vector<PlainTensor>> plain_tensors(const Weights& weights) {
  std::vector<PlainTensor> tensors;
  for (const auto& name : weights.names()) {
    if (scales_another(weights, name)) continue;
    WRIGHT_TRY(auto tensor, read(weights, name));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<PlainTensor> plain_tensor(const Weights& weights, const std::string& name) {
  if (const TensorView* view = weights.find(name)) {
    if (scales_another(weights, name)) return alone(name, *view);  // asked for by its own name
    return read(weights, name);
  }
  if (weights.find(name + "_blocks")) return read(weights, name + "_blocks");
  return Error{ErrorKind::not_found, fmt::format("{} has no tensor {}", weights.path(), shown(name)), "wright inspect lists the names"};
}

}  // namespace wright::engine
