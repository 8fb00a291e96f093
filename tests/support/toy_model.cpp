#include "tests/support/toy_model.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/model/op_builder.h"
#include "engine/tensor/quant.h"

namespace wright::test {

using namespace engine;

const TensorView* MemoryWeights::find(const std::string& name) const {
  const auto it = views_.find(name);
  return it == views_.end() ? nullptr : &it->second;
}

const MetaValue* MemoryWeights::meta(const std::string& key) const {
  const auto it = meta_.find(key);
  return it == meta_.end() ? nullptr : &it->second;
}

std::vector<std::string> MemoryWeights::meta_keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : meta_) keys.push_back(key);
  return keys;
}

void MemoryWeights::set_config(const std::string& json) { config_ = std::make_shared<const Json>(Json::parse(json)); }

void MemoryWeights::add(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values, DType type) {
  TensorView view;
  view.type = type;
  view.rank = static_cast<int>(shape.size());
  std::copy(shape.begin(), shape.end(), view.shape.begin());
  auto& bytes = bytes_[name];
  bytes.resize(bytes_of(type, values.size()));
  quantise(type, values.data(), bytes.data(), values.size());
  view.data = bytes.data();
  if (views_.insert_or_assign(name, view).second) names_.push_back(name);
}

std::shared_ptr<MemoryWeights> random_weights(const OpList& ops, std::uint64_t seed, DType matrices) {
  auto weights = std::make_shared<MemoryWeights>();
  std::mt19937_64 random(seed);
  // Irwin-Hall over the generator's own bits: the standard distributions differ between libraries.
  const auto normal = [&] {
    double sum = 0.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return static_cast<float>(sum - 6.0);
  };
  for (const WeightInfo& info : ops.weights) {
    std::size_t n = 1;
    for (const auto d : info.shape) n *= static_cast<std::size_t>(d);
    const bool matrix = info.shape.size() > 1;
    const float deviation = matrix ? 1.0f / std::sqrt(static_cast<float>(info.shape.back())) : 0.1f;
    std::vector<float> values(n);
    for (float& v : values) v = normal() * deviation + (matrix ? 0.0f : 1.0f);
    // A decaying scan's factors must stay inside (0, 1).
    if (info.name.find("decay") != std::string::npos)
      for (float& v : values) v = std::clamp(v - 0.2f, 0.05f, 0.99f);
    weights->add(info.name, info.shape, values, matrix ? matrices : DType::f32);
  }
  return weights;
}

namespace {

constexpr int kWidth = 48, kHeads = 4, kKvHeads = 2, kHeadDim = 32, kInner = 96;

RopeParams toy_rope(int heads) {
  RopeParams p;
  p.heads = heads;
  p.head_dim = p.rotary_dim = kHeadDim;
  for (int i = 0; i < kHeadDim / 2; ++i)
    p.inv_freq.push_back(static_cast<float>(std::pow(10000.0, -2.0 * i / kHeadDim)));
  return p;
}

std::string in_layer(int layer, const char* name) { return "layer" + std::to_string(layer) + "." + name; }

ValueId attention(OpBuilder& b, int layer, ValueId x, int window) {
  const auto project = [&](const char* name, int heads) {
    return b.linear(x, b.weight(in_layer(layer, name), {heads * kHeadDim, kWidth}), name);
  };
  const ValueId q = b.rope(project("q", kHeads), toy_rope(kHeads), "q_rope");
  const ValueId k = b.rope(project("k", kKvHeads), toy_rope(kKvHeads), "k_rope");
  const ValueId v = project("v", kKvHeads);
  CacheSpec spec;
  spec.kind = window ? CacheSpec::Kind::window : CacheSpec::Kind::full;
  spec.kv_heads = kKvHeads;
  spec.key_dim = spec.value_dim = kHeadDim;
  spec.window = window;
  AttendParams p;
  p.heads = kHeads;
  p.kv_heads = kKvHeads;
  p.key_dim = p.value_dim = kHeadDim;
  p.scale = 1.0f / std::sqrt(static_cast<float>(kHeadDim));
  p.window = window;
  p.cache = b.cache(spec);
  return b.linear(b.attend(q, k, v, p, "attend"), b.weight(in_layer(layer, "o"), {kWidth, kHeads * kHeadDim}), "o");
}

ValueId delta(OpBuilder& b, int layer, ValueId x) {
  const int key_heads = 2, value_heads = 4, dim = 8;
  const auto project = [&](const char* name, int width) {
    return b.linear(x, b.weight(in_layer(layer, name), {width, kWidth}), name);
  };
  const auto unit = [&](ValueId v, const char* name) {  // heads of length about 1: the recurrence stays bounded
    NormParams norm;
    norm.heads = key_heads;
    return b.scale(b.norm(v, b.weight(in_layer(layer, name), {dim}), norm, name), 1.0f / std::sqrt(static_cast<float>(dim)), name);
  };
  const ValueId q = unit(project("dq", key_heads * dim), "dq_norm"), k = unit(project("dk", key_heads * dim), "dk_norm");
  const ValueId v = project("dv", value_heads * dim);
  const ValueId beta = b.activate(ActivateParams::Kind::sigmoid, project("beta", value_heads), -1, "beta_on");
  const ValueId decay = b.scale(b.activate(ActivateParams::Kind::sigmoid, project("fade", value_heads), -1, "fade_on"), -0.5f, "fade_log");
  RecurrentParams p{key_heads, value_heads, dim, dim, -1};
  CacheSpec spec;
  spec.kind = CacheSpec::Kind::recurrent;
  spec.state_floats = value_heads * dim * dim;
  p.cache = b.cache(spec);
  const ValueId y = b.op(OpKind::delta_rule, {q, k, v, beta, decay}, value_heads * dim, "delta", {}, p);
  return b.linear(y, b.weight(in_layer(layer, "delta_o"), {kWidth, value_heads * dim}), "delta_o");
}

ValueId scan(OpBuilder& b, int layer, ValueId x) {
  CacheSpec spec;
  spec.kind = CacheSpec::Kind::recurrent;
  spec.state_floats = kWidth;
  RecurrentParams p;
  p.cache = b.cache(spec);
  const ValueId y = b.op(OpKind::decay_scan, {x}, kWidth, "scan", {b.weight(in_layer(layer, "decay"), {kWidth})}, p);
  return b.linear(y, b.weight(in_layer(layer, "scan_o"), {kWidth, kWidth}), "scan_o");
}

ValueId feed_forward(OpBuilder& b, int layer, ValueId x) {
  const ValueId gate = b.linear(x, b.weight(in_layer(layer, "gate"), {kInner, kWidth}), "gate");
  const ValueId up = b.linear(x, b.weight(in_layer(layer, "up"), {kInner, kWidth}), "up");
  return b.linear(b.activate(ActivateParams::Kind::silu, gate, up, "act"), b.weight(in_layer(layer, "down"), {kWidth, kInner}), "down");
}

enum class Mixer { full, window, delta, scan };

ToyModel make(const char* name, const std::vector<Mixer>& mixers, std::uint64_t seed, int context_length) {
  OpBuilder b(name, kToyVocab, static_cast<int>(mixers.size()), kWidth, context_length);
  ValueId x = b.embed(b.weight("table", {kToyVocab, kWidth}), "embed");
  x = b.scale(x, std::sqrt(static_cast<float>(kWidth)), "embed_scaled");
  for (std::size_t i = 0; i < mixers.size(); ++i) {
    const int layer = static_cast<int>(i);
    b.layer(layer);
    const ValueId in = b.norm(x, b.weight(in_layer(layer, "norm1"), {kWidth}), {}, "norm1");
    ValueId y = -1;
    switch (mixers[i]) {
      case Mixer::full: y = attention(b, layer, in, 0); break;
      case Mixer::window: y = attention(b, layer, in, kToyWindow); break;
      case Mixer::delta: y = delta(b, layer, in); break;
      case Mixer::scan: y = scan(b, layer, in); break;
    }
    x = b.add(x, y, "mixed");
    x = b.add(x, feed_forward(b, layer, b.norm(x, b.weight(in_layer(layer, "norm2"), {kWidth}), {}, "norm2")), "out");
  }
  b.layer(-1);
  x = b.norm(b.gather_outputs(x, "outputs"), b.weight("final_norm", {kWidth}), {}, "final");
  auto ops = std::make_shared<const OpList>(b.finish(b.scale(x, 3.0f, "sharpened"), b.weight("head", {kToyVocab, kWidth})));
  return {random_weights(*ops, seed), ops};
}

}  // namespace

ToyModel toy_hybrid(std::uint64_t seed, int context_length) {
  return make("toy-hybrid", {Mixer::full, Mixer::delta, Mixer::window, Mixer::scan}, seed, context_length);
}

ToyModel toy_attention(std::uint64_t seed, int context_length) {
  return make("toy-attention", {Mixer::full, Mixer::window, Mixer::full}, seed, context_length);
}

}  // namespace wright::test
