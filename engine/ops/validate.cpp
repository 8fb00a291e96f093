// OpList::validate(): ids in range, each value written once before it is read, arities, widths, weight shapes, caches.
#include <fmt/format.h>

#include "engine/ops/op_list.h"
#include "engine/ops/op_names.h"

namespace wright::engine {
namespace {

using Shape = std::vector<std::int64_t>;

class Checker {
 public:
  explicit Checker(const OpList& list) : list_(list), rows_(list.values.size(), Rows::unset) {}

  Result<void> run() {
    if (list_.n_vocab <= 0 || list_.width <= 0) return Error{ErrorKind::invalid, "op list: n_vocab and width must be positive", ""};
    for (index_ = 0; index_ < list_.ops.size(); ++index_) {
      const Op& op = list_.ops[index_];
      WRIGHT_CHECK(ids(op));
      WRIGHT_CHECK(shapes(op));
    }
    if (list_.logits < 0 || static_cast<std::size_t>(list_.logits) >= list_.values.size() || row_kind(list_.logits) != Rows::outputs)
      return Error{ErrorKind::invalid, "op list: logits are not computed from gathered output rows", ""};
    return {};
  }

 private:
  enum class Rows : std::uint8_t { unset, all, outputs };

  Error error(const std::string& message) const {
    const Op& op = list_.ops[index_];
    const auto out = static_cast<std::size_t>(op.out);
    return {ErrorKind::invalid, fmt::format("op {} ({}{}): {}", index_, op_info(op.kind).name,
                                            op.out >= 0 && out < list_.values.size() ? " " + list_.values[out].name : "", message), ""};
  }
  Rows& row_kind(ValueId id) { return rows_[static_cast<std::size_t>(id)]; }
  int width(ValueId id) const { return list_.values[static_cast<std::size_t>(id)].width; }
  int in(const Op& op, std::size_t i) const { return width(op.in[i]); }

  Result<void> ids(const Op& op) {
    const OpInfo& info = op_info(op.kind);
    const auto n_in = static_cast<int>(op.in.size()), n_weights = static_cast<int>(op.weights.size());
    if (n_in < info.min_in || n_in > info.max_in)
      return error(fmt::format("reads {} values, expected {} to {}", n_in, info.min_in, info.max_in));
    if (n_weights < info.min_weights || n_weights > info.max_weights)
      return error(fmt::format("names {} weights, expected {} to {}", n_weights, info.min_weights, info.max_weights));
    if (op.params.index() != info.params) return error("has parameters of another kind");
    for (const ValueId v : op.in)
      if (v < 0 || static_cast<std::size_t>(v) >= list_.values.size() || row_kind(v) == Rows::unset)
        return error(fmt::format("reads %{}, which nothing has written", v));
    for (int i = 0; i < n_weights; ++i) {
      const WeightId w = op.weights[static_cast<std::size_t>(i)];
      if (w < (i < info.min_weights ? 0 : -1) || w >= static_cast<int>(list_.weights.size()))
        return error(fmt::format("names weight {}, which does not exist", w));
    }
    if (op.out < 0 || static_cast<std::size_t>(op.out) >= list_.values.size()) return error("writes no value");
    if (row_kind(op.out) != Rows::unset) return error(fmt::format("writes %{} a second time", op.out));
    if (width(op.out) <= 0) return error("has no width");
    const Rows rows = op.in.empty() ? Rows::all : row_kind(op.in[0]);
    for (const ValueId v : op.in)
      if (row_kind(v) != rows) return error("mixes all rows with output rows");
    const bool by_position = op.kind == OpKind::rope || op.kind == OpKind::attend || op.kind == OpKind::delta_rule ||
                             op.kind == OpKind::decay_scan;
    if (by_position && rows == Rows::outputs) return error("needs all rows, not output rows alone");
    const bool gathers = op.kind == OpKind::gather_outputs;
    if (gathers && rows == Rows::outputs) return error("gathers twice");
    row_kind(op.out) = gathers ? Rows::outputs : rows;
    return {};
  }

  Result<void> same(int got, int wanted, const char* what) const {
    if (got == wanted) return {};
    return error(fmt::format("{} is {} wide, expected {}", what, got, wanted));
  }
  Result<void> weight(WeightId id, const Shape& shape) const {
    if (id < 0) return {};
    if (static_cast<std::size_t>(id) >= list_.weights.size()) return error(fmt::format("weight {} does not exist", id));
    const WeightInfo& w = list_.weights[static_cast<std::size_t>(id)];
    if (w.shape == shape) return {};
    return error(fmt::format("weight {} is ({}), expected ({})", w.name, fmt::join(w.shape, ", "), fmt::join(shape, ", ")));
  }
  Result<void> weight_at(const Op& op, std::size_t i, const Shape& shape) const {
    return i < op.weights.size() ? weight(op.weights[i], shape) : Result<void>{};
  }
  Result<const CacheSpec*> cache(CacheId id, bool recurrent) const {
    if (id < 0 || static_cast<std::size_t>(id) >= list_.caches.size()) return error(fmt::format("cache {} does not exist", id));
    const CacheSpec& spec = list_.caches[static_cast<std::size_t>(id)];
    if ((spec.kind == CacheSpec::Kind::recurrent) != recurrent) return error(fmt::format("cache {} is of another kind", id));
    return &spec;
  }

  Result<void> shapes(const Op& op) {
    const int out = width(op.out);
    switch (op.kind) {
      case OpKind::embed: return weight_at(op, 0, {list_.n_vocab, out});
      case OpKind::norm: return norm(op, std::get<NormParams>(op.params));
      case OpKind::linear:
      case OpKind::logits:
        if (op.kind == OpKind::logits) WRIGHT_CHECK(same(out, list_.n_vocab, "the result"));
        WRIGHT_CHECK(weight_at(op, 0, {out, in(op, 0)}));
        return weight_at(op, 1, {out});
      case OpKind::grouped_linear: return grouped(op);
      case OpKind::rope: return rope(op, std::get<RopeParams>(op.params));
      case OpKind::attend: return attend(op, std::get<AttendParams>(op.params));
      case OpKind::delta_rule: return delta(op, std::get<RecurrentParams>(op.params));
      case OpKind::decay_scan: {
        WRIGHT_TRY(const CacheSpec* spec, cache(std::get<RecurrentParams>(op.params).cache, true));
        WRIGHT_CHECK(same(spec->state_floats, out, "the state"));
        WRIGHT_CHECK(weight_at(op, 0, {out}));
        return same(in(op, 0), out, "the input");
      }
      case OpKind::route: {
        const auto& p = std::get<RouteParams>(op.params);
        if (p.experts <= 0 || p.top_k <= 0 || p.groups <= 0 || p.experts % p.groups != 0 || p.top_groups <= 0 ||
            p.top_groups > p.groups || p.top_k > p.experts / p.groups * p.top_groups)
          return error(fmt::format("cannot choose {} of {} experts in {} groups", p.top_k, p.experts, p.groups));
        WRIGHT_CHECK(weight(p.choice_bias, {p.experts}));
        WRIGHT_CHECK(same(in(op, 0), p.experts, "the input"));
        return same(out, 2 * p.top_k, "the result");
      }
      case OpKind::combine: return same(in(op, 0), in(op, 1) / 2 * out, "the first input");
      case OpKind::split: {
        const int from = std::get<SplitParams>(op.params).from;
        if (from < 0 || from > in(op, 0) - out) return error("splits beyond its input");
        return {};
      }
      default:  // element by element
        for (std::size_t i = 0; i < op.in.size(); ++i) WRIGHT_CHECK(same(in(op, i), out, "an input"));
        return {};
    }
  }

  Result<void> norm(const Op& op, const NormParams& p) const {
    const int out = width(op.out);
    if (p.heads < 1 || out % p.heads != 0) return error(fmt::format("{} heads do not divide {}", p.heads, out));
    WRIGHT_CHECK(weight_at(op, 0, {out / p.heads}));
    WRIGHT_CHECK(weight_at(op, 1, {out / p.heads}));
    return same(in(op, 0), out, "the input");
  }

  Result<void> grouped(const Op& op) const {
    const int top_k = in(op, 1) / 2, out = width(op.out);
    if (op.in[1] == op.in[0] || top_k < 1 || out % top_k != 0) return error("its second input is no route");
    const Shape& shape = list_.weights[static_cast<std::size_t>(op.weights[0])].shape;
    if (shape.size() != 3 || shape[1] != out / top_k || (shape[2] != in(op, 0) && shape[2] * top_k != in(op, 0)))
      return error(fmt::format("weight is ({}), which does not map {} to {} for {} experts a row", fmt::join(shape, ", "), in(op, 0), out, top_k));
    return weight_at(op, 1, {shape[0], shape[1]});
  }

  Result<void> rope(const Op& op, const RopeParams& p) const {
    if (p.heads < 1 || p.rotary_dim < 2 || p.rotary_dim % 2 != 0 || p.offset < 0 || p.offset + p.rotary_dim > p.head_dim)
      return error(fmt::format("cannot rotate {} of {} values from {}", p.rotary_dim, p.head_dim, p.offset));
    if (p.inv_freq.size() != static_cast<std::size_t>(p.rotary_dim / 2))
      return error(fmt::format("has {} frequencies, expected {}", p.inv_freq.size(), p.rotary_dim / 2));
    WRIGHT_CHECK(weight_at(op, 0, {p.rotary_dim / 2}));
    WRIGHT_CHECK(same(in(op, 0), width(op.out), "the input"));
    return same(in(op, 0), p.heads * p.head_dim, "the input");
  }

  Result<void> attend(const Op& op, const AttendParams& p) const {
    if (p.heads < 1 || p.kv_heads < 1 || p.heads % p.kv_heads != 0)
      return error(fmt::format("{} heads are no multiple of {} kv heads", p.heads, p.kv_heads));
    WRIGHT_TRY(const CacheSpec* spec, cache(p.cache, false));
    if (spec->kv_heads != p.kv_heads || spec->key_dim != p.key_dim || spec->value_dim != p.value_dim || spec->window != p.window)
      return error(fmt::format("cache {} has another shape", p.cache));
    WRIGHT_CHECK(weight(p.sinks, {p.heads}));
    WRIGHT_CHECK(same(in(op, 0), p.heads * p.key_dim, "the query"));
    WRIGHT_CHECK(same(in(op, 1), p.kv_heads * p.key_dim, "the key"));
    WRIGHT_CHECK(same(in(op, 2), p.kv_heads * p.value_dim, "the value"));
    return same(width(op.out), p.heads * p.value_dim, "the result");
  }

  Result<void> delta(const Op& op, const RecurrentParams& p) const {
    if (p.key_heads < 1 || p.value_heads < 1 || p.value_heads % p.key_heads != 0)
      return error(fmt::format("{} value heads are no multiple of {} key heads", p.value_heads, p.key_heads));
    WRIGHT_TRY(const CacheSpec* spec, cache(p.cache, true));
    WRIGHT_CHECK(same(spec->state_floats, p.value_heads * p.key_dim * p.value_dim, "the state"));
    WRIGHT_CHECK(same(in(op, 0), p.key_heads * p.key_dim, "the query"));
    WRIGHT_CHECK(same(in(op, 1), p.key_heads * p.key_dim, "the key"));
    WRIGHT_CHECK(same(in(op, 2), p.value_heads * p.value_dim, "the value"));
    WRIGHT_CHECK(same(in(op, 3), p.value_heads, "beta"));
    WRIGHT_CHECK(same(in(op, 4), p.value_heads, "the decay"));
    return same(width(op.out), p.value_heads * p.value_dim, "the result");
  }

  const OpList& list_;
  std::vector<Rows> rows_;
  std::size_t index_ = 0;
};

}  // namespace

Result<void> OpList::validate() const { return Checker(*this).run(); }

}  // namespace wright::engine
