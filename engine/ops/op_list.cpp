#include "engine/ops/op_list.h"

#include <fmt/format.h>

#include "engine/ops/op_names.h"

namespace wright::engine {
namespace {

const OpInfo kOps[] = {
    {OpKind::embed, "embed", 0, 0, 1, 1, 0},
    {OpKind::norm, "norm", 1, 1, 1, 2, OpParams(NormParams{}).index()},
    {OpKind::linear, "linear", 1, 1, 1, 2, 0},
    {OpKind::grouped_linear, "grouped_linear", 2, 2, 1, 2, 0},
    {OpKind::rope, "rope", 1, 1, 0, 1, OpParams(RopeParams{}).index()},
    {OpKind::attend, "attend", 3, 3, 0, 0, OpParams(AttendParams{}).index()},
    {OpKind::delta_rule, "delta_rule", 5, 5, 0, 0, OpParams(RecurrentParams{}).index()},
    {OpKind::decay_scan, "decay_scan", 1, 1, 1, 1, OpParams(RecurrentParams{}).index()},
    {OpKind::add, "add", 2, 2, 0, 0, 0},
    {OpKind::multiply, "multiply", 2, 2, 0, 0, 0},
    {OpKind::scale, "scale", 1, 1, 0, 0, OpParams(ScaleParams{}).index()},
    {OpKind::activate, "activate", 1, 2, 0, 0, OpParams(ActivateParams{}).index()},
    {OpKind::route, "route", 1, 1, 0, 0, OpParams(RouteParams{}).index()},
    {OpKind::combine, "combine", 2, 2, 0, 0, 0},
    {OpKind::split, "split", 1, 1, 0, 0, OpParams(SplitParams{}).index()},
    {OpKind::gather_outputs, "gather_outputs", 1, 1, 0, 0, 0},
    {OpKind::logits, "logits", 1, 1, 1, 2, 0},
};

constexpr std::string_view kActivations[] = {"silu", "gelu_tanh", "gelu_erf", "relu2", "sigmoid", "swiglu_clamped"};
constexpr std::string_view kCacheKinds[] = {"full", "window", "latent", "indexer", "recurrent"};

struct ParamsText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const NormParams& p) const {
    std::string text = fmt::format(" eps={:g}", p.eps);
    if (p.layer_norm) text += " layer";
    if (p.heads > 1) text += fmt::format(" heads={}", p.heads);
    if (p.plus_one) text += " plus_one";
    return text;
  }
  std::string operator()(const RopeParams& p) const {
    std::string text = fmt::format(" heads={} head_dim={} rotary={}", p.heads, p.head_dim, p.rotary_dim);
    if (p.offset) text += fmt::format(" offset={}", p.offset);
    if (p.interleaved) text += " interleaved";
    if (!p.inv_freq.empty()) text += fmt::format(" freq={:g}..{:g}", p.inv_freq.front(), p.inv_freq.back());
    if (p.magnitude != 1.0f) text += fmt::format(" magnitude={:g}", p.magnitude);
    return text;
  }
  std::string operator()(const AttendParams& p) const {
    std::string text = fmt::format(" heads={} kv_heads={} key={} value={} scale={:g} cache={}", p.heads, p.kv_heads, p.key_dim,
                                   p.value_dim, p.scale, p.cache);
    if (p.window) text += fmt::format(" window={}", p.window);
    if (p.softcap != 0.0f) text += fmt::format(" softcap={:g}", p.softcap);
    if (p.sinks >= 0) text += " sinks";
    return text;
  }
  std::string operator()(const RecurrentParams& p) const {
    return fmt::format(" key_heads={} value_heads={} key={} value={} cache={}", p.key_heads, p.value_heads, p.key_dim,
                       p.value_dim, p.cache);
  }
  std::string operator()(const ScaleParams& p) const { return fmt::format(" factor={:g}", p.factor); }
  std::string operator()(const ActivateParams& p) const {
    return fmt::format(" {}", kActivations[static_cast<std::size_t>(p.kind)]);
  }
  std::string operator()(const RouteParams& p) const {
    std::string text = fmt::format(" experts={} top={} {}", p.experts, p.top_k, p.sigmoid ? "sigmoid" : "softmax");
    if (p.groups > 1) text += fmt::format(" groups={}/{}", p.top_groups, p.groups);
    if (p.renormalise) text += " renormalise";
    if (p.softmax_after_top_k) text += " softmax_after_top";
    if (p.scaling != 1.0f) text += fmt::format(" scaling={:g}", p.scaling);
    return text;
  }
  std::string operator()(const SplitParams& p) const { return fmt::format(" from={}", p.from); }
};

std::string cache_line(std::size_t id, const CacheSpec& c) {
  std::string text = fmt::format("cache {} {} layer={}", id, kCacheKinds[static_cast<std::size_t>(c.kind)], c.layer);
  if (c.kind == CacheSpec::Kind::recurrent) return text + fmt::format(" state={}\n", c.state_floats);
  text += fmt::format(" kv_heads={} key={} value={}", c.kv_heads, c.key_dim, c.value_dim);
  if (c.window) text += fmt::format(" window={}", c.window);
  return text + "\n";
}

}  // namespace

const OpInfo& op_info(OpKind kind) { return kOps[static_cast<std::size_t>(kind)]; }

std::string OpList::dump() const {
  std::string text = fmt::format("{} n_vocab={} n_layers={} width={} context={}\n", architecture, n_vocab, n_layers, width,
                                 context_length);
  for (std::size_t i = 0; i < caches.size(); ++i) text += cache_line(i, caches[i]);
  for (const Op& op : ops) {
    const ValueInfo& out = values[static_cast<std::size_t>(op.out)];
    text += fmt::format("%{} {} ({}) = {}{}", op.out, out.name, out.width, op_info(op.kind).name,
                        std::visit(ParamsText{}, op.params));
    for (const ValueId v : op.in) text += fmt::format(" %{}", v);
    for (const WeightId w : op.weights)
      if (w >= 0) text += fmt::format(" [{}]", weights[static_cast<std::size_t>(w)].name);
    text += "\n";
  }
  return text;
}

}  // namespace wright::engine
