#include "engine/model/op_builder.h"

namespace wright::engine {

OpBuilder::OpBuilder(std::string architecture, int n_vocab, int n_layers, int width, int context_length) {
  list_.architecture = std::move(architecture);
  list_.n_vocab = n_vocab;
  list_.n_layers = n_layers;
  list_.width = width;
  list_.context_length = context_length;
}

WeightId OpBuilder::weight(const std::string& name, std::vector<std::int64_t> shape) {
  const auto [it, fresh] = ids_.emplace(name, static_cast<WeightId>(list_.weights.size()));
  if (fresh) list_.weights.push_back({name, std::move(shape)});
  return it->second;
}

CacheId OpBuilder::cache(CacheSpec spec) {
  spec.layer = layer_;
  list_.caches.push_back(spec);
  return static_cast<CacheId>(list_.caches.size() - 1);
}

ValueId OpBuilder::op(OpKind kind, std::vector<ValueId> in, int width, const std::string& name, std::vector<WeightId> weights,
                      OpParams params) {
  const auto out = static_cast<ValueId>(list_.values.size());
  list_.values.push_back({layer_ < 0 ? name : "l" + std::to_string(layer_) + "." + name, width});
  while (!weights.empty() && weights.back() < 0) weights.pop_back();
  list_.ops.push_back({kind, layer_, std::move(in), out, std::move(weights), std::move(params)});
  return out;
}

ValueId OpBuilder::embed(WeightId table, const std::string& name) { return op(OpKind::embed, {}, list_.width, name, {table}); }

ValueId OpBuilder::norm(ValueId x, WeightId weight, NormParams params, const std::string& name) {
  return op(OpKind::norm, {x}, width(x), name, {weight}, params);
}

ValueId OpBuilder::linear(ValueId x, WeightId weight, const std::string& name, WeightId bias) {
  const auto out = static_cast<int>(list_.weights[static_cast<std::size_t>(weight)].shape[0]);
  return op(OpKind::linear, {x}, out, name, {weight, bias});
}

ValueId OpBuilder::rope(ValueId x, RopeParams params, const std::string& name, WeightId factors) {
  return op(OpKind::rope, {x}, width(x), name, {factors}, std::move(params));
}

ValueId OpBuilder::attend(ValueId q, ValueId k, ValueId v, AttendParams params, const std::string& name) {
  return op(OpKind::attend, {q, k, v}, params.heads * params.value_dim, name, {}, params);
}

ValueId OpBuilder::add(ValueId a, ValueId b, const std::string& name) { return op(OpKind::add, {a, b}, width(a), name); }

ValueId OpBuilder::scale(ValueId x, float factor, const std::string& name) {
  return op(OpKind::scale, {x}, width(x), name, {}, ScaleParams{factor});
}

ValueId OpBuilder::activate(ActivateParams::Kind kind, ValueId gate, ValueId up, const std::string& name) {
  ActivateParams params;
  params.kind = kind;
  std::vector<ValueId> in{gate};
  if (up >= 0) in.push_back(up);
  return op(OpKind::activate, std::move(in), width(gate), name, {}, params);
}

ValueId OpBuilder::gather_outputs(ValueId x, const std::string& name) { return op(OpKind::gather_outputs, {x}, width(x), name); }

OpList OpBuilder::finish(ValueId x, WeightId head) {
  layer_ = -1;
  list_.logits = op(OpKind::logits, {x}, list_.n_vocab, "logits", {head});
  return std::move(list_);
}

}  // namespace wright::engine
