// Row-wise steps: the unit of work is a few rows, each taken through all ops of the step. Also gather and the recurrent ops,
// whose rows of one sequence follow each other.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/backends/cpu/pass.h"
#include "engine/ops/scalar_math.h"
#include "engine/tensor/quant.h"

namespace wright::engine::cpu {
namespace {

struct At { PassState& state; int row, thread; };

void embed(const RowOp& r, const At& a) {
  const auto token = static_cast<std::size_t>(a.state.pass->tokens[static_cast<std::size_t>(a.row)]);
  dequantise(r.table.type, r.table.data + token * r.table.row_bytes(), a.state.value(r.op->out, a.row, a.thread),
             static_cast<std::size_t>(a.state.width(r.op->out)));
}

void norm(const RowOp& r, const At& a) {
  const auto& p = std::get<NormParams>(r.op->params);
  const float* x = a.state.value(r.op->in[0], a.row, a.thread);
  float* out = a.state.value(r.op->out, a.row, a.thread);
  const int width = a.state.width(r.op->out) / p.heads;
  for (int h = 0; h < p.heads; ++h)
    a.state.kernels->norm({x + h * width, r.w, r.bias, out + h * width, width, p.eps, p.layer_norm, p.plus_one});
}

void rope(const RowOp& r, const At& a) {
  const auto& p = std::get<RopeParams>(r.op->params);
  const float* x = a.state.value(r.op->in[0], a.row, a.thread);
  float* out = a.state.value(r.op->out, a.row, a.thread);
  std::memcpy(out, x, static_cast<std::size_t>(p.heads * p.head_dim) * sizeof(float));
  const RopeTable& t = a.state.plan->ropes[static_cast<std::size_t>(r.rope_table)];
  const float* cos = reinterpret_cast<const float*>(a.state.arena + t.offset) + static_cast<std::ptrdiff_t>(a.row) * p.rotary_dim;
  const float* sin = cos + static_cast<std::ptrdiff_t>(a.state.plan->max_rows) * p.rotary_dim;
  for (int h = 0; h < p.heads; ++h) a.state.kernels->rope({out + h * p.head_dim + p.offset, cos, sin, p.rotary_dim, p.interleaved});
}

void add(const RowOp& r, const At& a) {
  a.state.kernels->add(a.state.value(r.op->in[0], a.row, a.thread), a.state.value(r.op->in[1], a.row, a.thread),
                       a.state.value(r.op->out, a.row, a.thread), a.state.width(r.op->out));
}
void multiply(const RowOp& r, const At& a) {
  a.state.kernels->multiply(a.state.value(r.op->in[0], a.row, a.thread), a.state.value(r.op->in[1], a.row, a.thread),
                            a.state.value(r.op->out, a.row, a.thread), a.state.width(r.op->out));
}
void scale(const RowOp& r, const At& a) {
  a.state.kernels->scale(a.state.value(r.op->in[0], a.row, a.thread), std::get<ScaleParams>(r.op->params).factor,
                         a.state.value(r.op->out, a.row, a.thread), a.state.width(r.op->out));
}

static_assert(static_cast<int>(ActivateParams::Kind::swiglu_clamped) == static_cast<int>(Activation::swiglu_clamped));
void activate(const RowOp& r, const At& a) {
  const auto& p = std::get<ActivateParams>(r.op->params);
  a.state.kernels->activate({static_cast<Activation>(p.kind), p.alpha, p.limit, a.state.value(r.op->in[0], a.row, a.thread),
                             r.op->in.size() > 1 ? a.state.value(r.op->in[1], a.row, a.thread) : nullptr,
                             a.state.value(r.op->out, a.row, a.thread), a.state.width(r.op->out)});
}

void route(const RowOp& r, const At& a) {
  scalar::route(std::get<RouteParams>(r.op->params), a.state.value(r.op->in[0], a.row, a.thread), r.w,
                a.state.value(r.op->out, a.row, a.thread));
}

void combine(const RowOp& r, const At& a) {
  const int n = a.state.width(r.op->out), top_k = a.state.width(r.op->in[1]) / 2;
  const float* x = a.state.value(r.op->in[0], a.row, a.thread);
  const float* weights = a.state.value(r.op->in[1], a.row, a.thread) + top_k;
  float* out = a.state.value(r.op->out, a.row, a.thread);
  std::fill_n(out, n, 0.0f);
  for (int k = 0; k < top_k; ++k)
    for (int i = 0; i < n; ++i) out[i] += weights[k] * x[k * n + i];
}

void split(const RowOp& r, const At& a) {
  std::memcpy(a.state.value(r.op->out, a.row, a.thread),
              a.state.value(r.op->in[0], a.row, a.thread) + std::get<SplitParams>(r.op->params).from,
              static_cast<std::size_t>(a.state.width(r.op->out)) * sizeof(float));
}

void store_kv(const RowOp& r, const At& a) {
  const PassState& s = a.state;
  const auto& p = std::get<AttendParams>(r.op->params);
  const float* k = s.value(r.op->in[1], a.row, a.thread);
  const float* v = s.value(r.op->in[2], a.row, a.thread);
  const PassSequence& sequence = s.pass->sequences[static_cast<std::size_t>(s.sequence_of[static_cast<std::size_t>(a.row)])];
  std::byte* page;
  int slot;
  if (sequence.parents.empty()) {
    const std::int32_t position = s.positions[static_cast<std::size_t>(a.row)];
    page = s.caches->page(sequence.pages[static_cast<std::size_t>(position / kPage)]);
    slot = position % kPage;
  } else {
    page = s.tree_page + static_cast<std::size_t>(a.row / kPage) * s.caches->page_bytes();
    slot = a.row % kPage;
  }
  for (int h = 0; h < p.kv_heads; ++h)
    s.kernels->store_kv[static_cast<int>(s.kv)](k + h * p.key_dim, p.key_dim, v + h * p.value_dim, p.value_dim,
                                                s.caches->at(page, p.cache, h, false), s.caches->at(page, p.cache, h, true), slot);
}

void quantise(const RowOp& r, const At& a) {
  const QuantPlace& q = a.state.plan->quants[static_cast<std::size_t>(r.value)];
  if (!q.width) return;
  const auto row = static_cast<std::size_t>(a.row), width = static_cast<std::size_t>(q.width);
  std::byte* arena = a.state.arena;
  a.state.kernels->quantise(a.state.value(r.value, a.row, a.thread), q.width, reinterpret_cast<std::int8_t*>(arena + q.q) + row * width,
                            reinterpret_cast<float*>(arena + q.d) + row * (width / 32), reinterpret_cast<float*>(arena + q.s) + row * (width / 32),
                            reinterpret_cast<float*>(arena + q.h) + row * (width / 16));
}

using RowFn = void (*)(const RowOp&, const At&);
constexpr RowFn kRowFns[] = {embed, norm, rope, add, multiply, scale, activate, route, combine, split, store_kv, quantise};  // as RowKind

// Calls fn(row) for the rows of each sequence in order; sequences are independent.
template <class Fn> void each_sequence(PassState& s, const Fn& fn) {
  s.team->run(static_cast<int>(s.pass->sequences.size()), [&](int i, int) {
    const PassSequence& sequence = s.pass->sequences[static_cast<std::size_t>(i)];
    for (int r = 0; r < sequence.n_new; ++r) fn(sequence, s.first_row[static_cast<std::size_t>(i)] + r);
  });
}

}  // namespace

Activations PassState::activations(ValueId v, int row) const {
  Activations a;
  const auto r = static_cast<std::size_t>(row);
  a.stride = stride(v);
  if (a.stride) a.x = value(v, row, 0);
  if (const QuantPlace& q = plan->quants[static_cast<std::size_t>(v)]; q.width) {
    const auto width = static_cast<std::size_t>(q.width);
    a.q = reinterpret_cast<const std::int8_t*>(arena + q.q) + r * width;
    a.d = reinterpret_cast<const float*>(arena + q.d) + r * (width / 32);
    a.s = reinterpret_cast<const float*>(arena + q.s) + r * (width / 32);
    a.h = reinterpret_cast<const float*>(arena + q.h) + r * (width / 16);
  }
  return a;
}

void run_rows(PassState& state, const Step& step) {
  constexpr std::size_t kUnitFloats = 16'384;
  const int n = state.rows_of(step.outputs);
  const int chunk = static_cast<int>(std::clamp<std::size_t>(kUnitFloats / std::max<std::size_t>(step.cost, 1), 1, 32));
  state.team->run((n + chunk - 1) / chunk, [&](int unit, int thread) {
    const int end = std::min(n, (unit + 1) * chunk);
    for (int row = unit * chunk; row < end; ++row)
      for (const RowOp& op : step.rows) kRowFns[static_cast<int>(op.kind)](op, {state, row, thread});
  });
}

void run_gather(PassState& state, const Step& step) {
  const auto bytes = static_cast<std::size_t>(state.width(step.op->out)) * sizeof(float);
  int to = 0;
  const auto take = [&](std::int32_t row) { std::memcpy(state.value(step.op->out, to++, 0), state.value(step.op->in[0], row, 0), bytes); };
  for (const std::int32_t row : state.pass->outputs) take(row);
  for (const AskedRow& a : state.pass->asked) take(a.row);
}

void run_delta_rule(PassState& state, const Step& step) {
  const auto& p = std::get<RecurrentParams>(step.op->params);
  each_sequence(state, [&](const PassSequence& sequence, int row) {
    const auto in = [&](std::size_t i) { return state.value(step.op->in[i], row, 0); };
    scalar::delta_rule(p, in(0), in(1), in(2), in(3), in(4), state.caches->state(sequence.state, p.cache),
                       state.value(step.op->out, row, 0));
  });
}

void run_decay_scan(PassState& state, const Step& step) {
  const auto& p = std::get<RecurrentParams>(step.op->params);
  const int n = state.width(step.op->out);
  each_sequence(state, [&](const PassSequence& sequence, int row) {
    float* s = state.caches->state(sequence.state, p.cache);
    const float* x = state.value(step.op->in[0], row, 0);
    float* out = state.value(step.op->out, row, 0);
    for (int i = 0; i < n; ++i) out[i] = s[i] = step.weight[i] * s[i] + (1.0f - step.weight[i]) * x[i];
  });
}

void fill_rope_tables(PassState& state) {
  for (const RopeTable& t : state.plan->ropes) {
    const std::size_t half = t.inv_freq.size();
    float* cos = reinterpret_cast<float*>(state.arena + t.offset);
    float* sin = cos + static_cast<std::size_t>(state.plan->max_rows) * 2 * half;
    state.team->run((state.rows + 15) / 16, [&](int unit, int) {
      for (int row = unit * 16; row < std::min(state.rows, unit * 16 + 16); ++row) {
        float* c = cos + static_cast<std::size_t>(row) * 2 * half;
        float* s = sin + static_cast<std::size_t>(row) * 2 * half;
        for (std::size_t i = 0; i < half; ++i) {
          // The angle is rounded to f32, as the models' own code does.
          const float angle = static_cast<float>(state.positions[static_cast<std::size_t>(row)]) * t.inv_freq[i];
          const auto cosine = static_cast<float>(std::cos(static_cast<double>(angle))) * t.magnitude;
          const auto sine = static_cast<float>(std::sin(static_cast<double>(angle))) * t.magnitude;
          const std::size_t first = t.interleaved ? 2 * i : i, second = t.interleaved ? 2 * i + 1 : half + i;
          c[first] = c[second] = cosine;
          s[first] = -sine;
          s[second] = sine;
        }
      }
    });
  }
}

}  // namespace wright::engine::cpu
