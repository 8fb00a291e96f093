#include "engine/backends/cpu/plan.h"

#include <algorithm>
#include <map>

#include "engine/backends/cpu/pack.h"
#include "engine/tensor/quant.h"

namespace wright::engine::cpu {
namespace {

constexpr std::size_t align(std::size_t n) { return (n + 63) / 64 * 64; }

bool is_rowwise(OpKind kind, RowKind& row) {
  static constexpr struct { OpKind op; RowKind row; } kTable[] = {
      {OpKind::embed, RowKind::embed},     {OpKind::norm, RowKind::norm},         {OpKind::rope, RowKind::rope},
      {OpKind::add, RowKind::add},         {OpKind::multiply, RowKind::multiply}, {OpKind::scale, RowKind::scale},
      {OpKind::activate, RowKind::activate}, {OpKind::route, RowKind::route},     {OpKind::combine, RowKind::combine},
      {OpKind::split, RowKind::split},
  };
  for (const auto& entry : kTable)
    if (entry.op == kind) {
      row = entry.row;
      return true;
    }
  return false;
}

// One matrix to pack: the checkpoint's bytes and where in the region they go.
struct Packing {
  PackedMatrix shape;
  DType type;
  const std::byte* from;
  std::size_t row_bytes, offset;
};

class Lowering {
 public:
  Lowering(const OpList& ops, const Weights& weights, int max_rows) : ops_(ops), weights_(weights) {
    plan_.max_rows = max_rows;
    plan_.places.resize(ops.values.size());
    plan_.quants.resize(ops.values.size());
    gathered_.resize(ops.values.size());
    wants_quant_.resize(ops.values.size());
  }

  Result<Plan> run(Team& team) {
    WRIGHT_CHECK(find_quantised());
    for (const Op& op : ops_.ops) WRIGHT_CHECK(emit(op));
    place_values();
    WRIGHT_CHECK(pack(team));
    return std::move(plan_);
  }

 private:
  int width(ValueId v) const { return ops_.values[static_cast<std::size_t>(v)].width; }

  Result<const TensorView*> tensor(WeightId id) const {
    const WeightInfo& want = ops_.weights[static_cast<std::size_t>(id)];
    const TensorView* view = weights_.find(want.name);
    if (!view) return Error{ErrorKind::invalid, weights_.path() + " lacks tensor " + want.name, "the file is incomplete or of another model"};
    std::int64_t elements = 1;
    for (const std::int64_t n : want.shape) elements *= n;
    if (view->elements() != elements || (!want.shape.empty() && view->cols() != want.shape.back()))
      return Error{ErrorKind::invalid, "tensor " + want.name + " of " + weights_.path() + " has another shape than its model needs", ""};
    return view;
  }

  // A small weight as f32; null when the op leaves it out.
  Result<const float*> small(const Op& op, std::size_t i) {
    return i < op.weights.size() ? small(op.weights[i]) : Result<const float*>(nullptr);
  }
  Result<const float*> small(WeightId id) {
    if (id < 0) return nullptr;
    if (const auto found = small_.find(id); found != small_.end()) return found->second;
    WRIGHT_TRY(const TensorView* view, tensor(id));
    if (!can_dequantise(view->type))
      return Error{ErrorKind::invalid, "tensor " + ops_.weights[static_cast<std::size_t>(id)].name + " has a type that cannot be read", ""};
    const auto n = static_cast<std::size_t>(view->elements());
    plan_.small.emplace_back(n + 16);  // vector loads may read past the end
    dequantise(view->type, view->data, plan_.small.back().data(), n);
    plan_.read_per_token += n * 4;
    return small_[id] = plan_.small.back().data();
  }

  // Which values feed a quantised linear.
  Result<void> find_quantised() {
    for (const Op& op : ops_.ops) {
      if (op.kind != OpKind::linear && op.kind != OpKind::logits && op.kind != OpKind::grouped_linear) continue;
      WRIGHT_TRY(const TensorView* view, tensor(op.weights[0]));
      WRIGHT_TRY(const Pack pack, pack_for(view->type, ops_.weights[static_cast<std::size_t>(op.weights[0])].name));
      if (packed_shape(pack, 1, static_cast<int>(view->cols())).quantised()) wants_quant_[static_cast<std::size_t>(op.in[0])] = true;
    }
    return {};
  }

  Step& new_step(Step::Kind kind, const Op* op, bool outputs) {
    Step& s = plan_.steps.emplace_back();
    s.kind = kind;
    s.op = op;
    s.outputs = outputs;
    return s;
  }
  void row_op(RowOp row, bool outputs, int cost) {
    if (plan_.steps.empty() || plan_.steps.back().kind != Step::Kind::rows || plan_.steps.back().outputs != outputs)
      new_step(Step::Kind::rows, nullptr, outputs);
    plan_.steps.back().rows.push_back(row);
    plan_.steps.back().cost += static_cast<std::size_t>(cost);
  }
  void written(ValueId v, bool outputs) {
    gathered_[static_cast<std::size_t>(v)] = outputs;
    if (!wants_quant_[static_cast<std::size_t>(v)]) return;
    RowOp q{RowKind::quantise};
    q.value = v;
    row_op(q, outputs, width(v));
  }

  Result<void> emit(const Op& op) {
    const bool outputs = op.kind == OpKind::gather_outputs || (!op.in.empty() && gathered_[static_cast<std::size_t>(op.in[0])]);
    RowOp row;
    if (is_rowwise(op.kind, row.kind)) {
      row.op = &op;
      WRIGHT_CHECK(fill_row(op, row));
      row_op(row, outputs, width(op.out) + (op.in.empty() ? 0 : width(op.in[0])));
    } else {
      switch (op.kind) {
        case OpKind::linear:
        case OpKind::logits: WRIGHT_CHECK(linear(op, outputs)); break;
        case OpKind::grouped_linear: WRIGHT_CHECK(grouped(op, outputs)); break;
        case OpKind::attend: WRIGHT_CHECK(attend(op)); break;
        case OpKind::delta_rule: new_step(Step::Kind::delta_rule, &op, outputs); break;
        case OpKind::decay_scan: {
          WRIGHT_TRY(const float* a, small(op, 0));
          new_step(Step::Kind::decay_scan, &op, outputs).weight = a;
          break;
        }
        case OpKind::gather_outputs: new_step(Step::Kind::gather, &op, true); break;
        default: return Error{ErrorKind::invalid, "the CPU backend cannot lower an op of " + ops_.architecture, ""};
      }
    }
    written(op.out, outputs);
    return {};
  }

  Result<void> fill_row(const Op& op, RowOp& row) {
    if (op.kind == OpKind::embed) {
      WRIGHT_TRY(const TensorView* table, tensor(op.weights[0]));
      if (!can_dequantise(table->type)) return Error{ErrorKind::invalid, "the embedding table has a type that cannot be read", ""};
      row.table = *table;
      plan_.read_per_token += table->row_bytes();
    } else if (op.kind == OpKind::norm) {
      WRIGHT_TRY(row.w, small(op, 0));
      WRIGHT_TRY(row.bias, small(op, 1));
    } else if (op.kind == OpKind::route) {
      WRIGHT_TRY(row.w, small(std::get<RouteParams>(op.params).choice_bias));
    } else if (op.kind == OpKind::rope) {
      WRIGHT_TRY(const float* factors, small(op, 0));
      row.rope_table = rope_table(std::get<RopeParams>(op.params), factors);
    }
    return {};
  }

  int rope_table(const RopeParams& p, const float* factors) {
    RopeTable t;
    t.inv_freq = p.inv_freq;
    if (factors)
      for (std::size_t i = 0; i < t.inv_freq.size(); ++i) t.inv_freq[i] /= factors[i];
    t.magnitude = p.magnitude;
    t.interleaved = p.interleaved;
    for (std::size_t i = 0; i < plan_.ropes.size(); ++i) {
      const RopeTable& o = plan_.ropes[i];
      if (o.inv_freq == t.inv_freq && o.magnitude == t.magnitude && o.interleaved == t.interleaved) return static_cast<int>(i);
    }
    plan_.ropes.push_back(std::move(t));
    return static_cast<int>(plan_.ropes.size() - 1);
  }

  Result<PackedMatrix> matrix(WeightId id, const std::byte* from, int columns) {
    WRIGHT_TRY(const TensorView* view, tensor(id));
    WRIGHT_TRY(const Pack pack, pack_for(view->type, ops_.weights[static_cast<std::size_t>(id)].name));
    const PackedMatrix m = packed_shape(pack, columns, static_cast<int>(view->cols()));
    if (const auto found = packed_.find(from); found != packed_.end()) {
      PackedMatrix again = m;
      again.data = reinterpret_cast<const std::byte*>(found->second);
      return again;
    }
    PackedMatrix placed = m;
    placed.data = reinterpret_cast<const std::byte*>(plan_.packed);  // an offset until the region exists
    packed_[from] = plan_.packed;
    packings_.push_back({m, view->type, from, view->row_bytes(), plan_.packed});
    plan_.packed += align(packed_bytes(m));
    return placed;
  }

  Result<void> linear(const Op& op, bool outputs) {
    WRIGHT_TRY(const TensorView* view, tensor(op.weights[0]));
    LinearPart part;
    WRIGHT_TRY(part.w, matrix(op.weights[0], view->data, static_cast<int>(view->rows())));
    WRIGHT_TRY(part.bias, small(op, 1));
    part.out = op.out;
    part.logits = op.out == ops_.logits;
    plan_.read_per_token += packed_bytes(part.w);
    for (Step& s : plan_.steps) {
      if (s.kind != Step::Kind::linear || s.in != op.in[0] || part.logits || s.parts[0].logits) continue;
      s.cost += packed_bytes(part.w);
      s.parts.push_back(part);
      return {};
    }
    Step& s = new_step(Step::Kind::linear, &op, outputs);
    s.in = op.in[0];
    s.cost = packed_bytes(part.w);
    s.parts.push_back(part);
    return {};
  }

  Result<void> grouped(const Op& op, bool outputs) {
    WRIGHT_TRY(const TensorView* view, tensor(op.weights[0]));
    WRIGHT_TRY(const float* bias, small(op, 1));
    const int experts = static_cast<int>(view->shape[0]), columns = static_cast<int>(view->shape[1]);
    std::vector<LinearPart> parts(static_cast<std::size_t>(experts));
    std::size_t bytes = 0;
    for (int e = 0; e < experts; ++e) {
      LinearPart& part = parts[static_cast<std::size_t>(e)];
      const std::byte* from = view->data + static_cast<std::size_t>(e) * static_cast<std::size_t>(columns) * view->row_bytes();
      WRIGHT_TRY(part.w, matrix(op.weights[0], from, columns));
      part.bias = bias ? bias + static_cast<std::ptrdiff_t>(e) * columns : nullptr;
      part.out = op.out;
      bytes += packed_bytes(part.w);
    }
    const auto top_k = static_cast<std::size_t>(width(op.in[1]) / 2);
    plan_.read_per_token += bytes / static_cast<std::size_t>(experts) * top_k;
    Step& s = new_step(Step::Kind::grouped, &op, outputs);
    s.in = op.in[0];
    s.cost = bytes / static_cast<std::size_t>(experts) * top_k;
    s.parts = std::move(parts);
    return {};
  }

  Result<void> attend(const Op& op) {
    RowOp store{RowKind::store_kv};
    store.op = &op;
    row_op(store, false, width(op.in[1]) + width(op.in[2]));
    WRIGHT_TRY(const float* sinks, small(std::get<AttendParams>(op.params).sinks));
    new_step(Step::Kind::attend, &op, false).weight = sinks;
    return {};
  }

  // The steps in which a step's ops read and write values.
  template <class Fn> static void uses(const Step& s, Fn fn) {
    for (const RowOp& r : s.rows) {
      if (r.kind == RowKind::quantise) {
        fn(r.value, false);
        continue;
      }
      for (const ValueId v : r.op->in) fn(v, false);
      if (r.kind != RowKind::store_kv) fn(r.op->out, true);
    }
    if (s.kind == Step::Kind::linear || s.kind == Step::Kind::grouped) {
      fn(s.in, false);
      for (const LinearPart& p : s.parts) fn(p.out, true);
      if (s.kind == Step::Kind::grouped) fn(s.op->in[1], false);
    } else if (s.op) {
      for (const ValueId v : s.op->in) {
        fn(v, false);
        if (s.kind == Step::Kind::attend) break;  // keys and values were stored in the row step before
      }
      fn(s.op->out, true);
    }
  }

  struct Life { int from = -1, to = -1; std::size_t bytes = 0, offset = 0; };

  // First fit over all lives that overlap in time.
  void place_lives(std::vector<Life*>& lives) {
    std::ranges::stable_sort(lives, {}, [](const Life* l) { return l->from; });
    std::vector<Life*> placed;
    for (Life* l : lives) {
      std::vector<Life*> busy;
      for (Life* p : placed)
        if (p->to >= l->from && p->from <= l->to) busy.push_back(p);
      std::ranges::sort(busy, {}, [](const Life* p) { return p->offset; });
      std::size_t at = 0;
      for (const Life* p : busy) {
        if (at + l->bytes <= p->offset) break;
        at = std::max(at, p->offset + p->bytes);
      }
      l->offset = at;
      plan_.arena_bytes = std::max(plan_.arena_bytes, at + l->bytes);
      placed.push_back(l);
    }
  }

  void place_values() {
    const std::size_t n = ops_.values.size(), rows = static_cast<std::size_t>(plan_.max_rows);
    std::vector<Life> value(n), quant(n);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      const int step = static_cast<int>(i);
      uses(plan_.steps[i], [&](ValueId v, bool) {
        Life& l = value[static_cast<std::size_t>(v)];
        if (l.from < 0) l.from = step;
        l.to = step;
      });
      for (const RowOp& r : plan_.steps[i].rows)
        if (r.kind == RowKind::quantise) quant[static_cast<std::size_t>(r.value)].from = step;
      if (plan_.steps[i].kind == Step::Kind::linear || plan_.steps[i].kind == Step::Kind::grouped) {
        Life& q = quant[static_cast<std::size_t>(plan_.steps[i].in)];
        if (q.from >= 0) q.to = step;
      }
    }
    std::vector<Life*> lives;
    for (std::size_t v = 0; v < n; ++v) {
      const auto w = static_cast<std::size_t>(round_up(width(static_cast<ValueId>(v)), kTile));
      const bool local = value[v].from >= 0 && value[v].from == value[v].to &&
                         plan_.steps[static_cast<std::size_t>(value[v].from)].kind == Step::Kind::rows;
      Place& p = plan_.places[v];
      p.local = local;
      p.stride = local ? 0 : w;
      if (local || static_cast<ValueId>(v) == ops_.logits || value[v].from < 0) continue;
      value[v].bytes = rows * w * 4;
      lives.push_back(&value[v]);
    }
    for (std::size_t v = 0; v < n; ++v) {
      if (quant[v].from < 0 || quant[v].to < 0) continue;
      const auto w = static_cast<std::size_t>(width(static_cast<ValueId>(v)));
      quant[v].bytes = align(rows * w) + 2 * align(rows * (w / 32) * 4) + align(rows * (w / 16) * 4);
      lives.push_back(&quant[v]);
    }
    place_lives(lives);
    place_locals(value);
    for (std::size_t v = 0; v < n; ++v) {
      if (!plan_.places[v].local) plan_.places[v].offset = value[v].offset;
      if (!quant[v].bytes) continue;
      const auto w = static_cast<std::size_t>(width(static_cast<ValueId>(v)));
      QuantPlace& q = plan_.quants[v];
      q.width = static_cast<int>(w);
      q.q = quant[v].offset;
      q.d = q.q + align(rows * w);
      q.s = q.d + align(rows * (w / 32) * 4);
      q.h = q.s + align(rows * (w / 32) * 4);
    }
    for (RopeTable& t : plan_.ropes) {
      t.offset = plan_.arena_bytes;
      plan_.arena_bytes += align(rows * t.inv_freq.size() * 2 * 2 * 4);
    }
    plan_.arena_bytes += 64;
  }

  void place_locals(const std::vector<Life>& value) {
    std::vector<std::size_t> used(plan_.steps.size());
    for (std::size_t v = 0; v < value.size(); ++v) {
      Place& p = plan_.places[v];
      if (!p.local) continue;
      std::size_t& at = used[static_cast<std::size_t>(value[v].from)];
      p.offset = at;
      at += align(static_cast<std::size_t>(width(static_cast<ValueId>(v))) * 4 + 64);
      plan_.scratch_bytes = std::max(plan_.scratch_bytes, at);
    }
  }

  Result<void> pack(Team& team) {
    WRIGHT_TRY(plan_.weights, Region::create(plan_.packed + 8192, "packed weights"));  // + what prefetch and wide loads overrun
    struct Unit { const Packing* packing; int begin, end; };
    std::vector<Unit> units;
    for (const Packing& p : packings_) {
      const int step = std::max(1, static_cast<int>((std::size_t{1} << 18) / std::max<std::size_t>(p.shape.tile_bytes, 1)));
      for (int t = 0; t < p.shape.tiles(); t += step) units.push_back({&p, t, std::min(t + step, p.shape.tiles())});
    }
    team.run(static_cast<int>(units.size()), [&](int i, int) {
      const Unit& u = units[static_cast<std::size_t>(i)];
      pack_tiles(u.packing->shape, u.packing->type, u.packing->from, u.packing->row_bytes, u.begin, u.end,
                 plan_.weights.data() + u.packing->offset);
    });
    for (Step& s : plan_.steps)
      for (LinearPart& p : s.parts) p.w.data = plan_.weights.data() + reinterpret_cast<std::size_t>(p.w.data);
    return {};
  }

  const OpList& ops_;
  const Weights& weights_;
  Plan plan_;
  std::vector<bool> gathered_, wants_quant_;
  std::map<WeightId, const float*> small_;
  std::map<const std::byte*, std::size_t> packed_;
  std::vector<Packing> packings_;
};

}  // namespace

Result<Plan> lower(const OpList& ops, const Weights& weights, int max_rows, Team& team) {
  return Lowering(ops, weights, max_rows).run(team);
}

}  // namespace wright::engine::cpu
