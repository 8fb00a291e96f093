#include "engine/ops/interpret.h"

#include <atomic>
#include <cstring>

#include "engine/ops/op_names.h"
#include "engine/ops/scalar_math.h"
#include "engine/ops/thread_team.h"
#include "engine/ops/weight_store.h"

namespace wright::engine {

struct Interpreter::Impl {
  std::shared_ptr<const OpList> ops;
  WeightStore weights;
  ThreadTeam team;
  std::vector<std::size_t> last_use;        // op after which a value is no longer read
  std::vector<std::vector<float>> values;   // (rows, width), empty when not live
  std::function<void(const Op&, std::span<const float>)> probe;

  // The pass that runs.
  const Context* context = nullptr;
  const InterpreterPass* pass = nullptr;
  CacheStore* caches = nullptr;

  Impl(std::shared_ptr<const OpList> list, WeightStore store, int threads)
      : ops(std::move(list)), weights(std::move(store)), team(threads), last_use(ops->values.size(), 0), values(ops->values.size()) {
    for (std::size_t i = 0; i < ops->ops.size(); ++i)
      for (const ValueId v : ops->ops[i].in) last_use[static_cast<std::size_t>(v)] = i;
  }

  std::size_t width(ValueId v) const { return static_cast<std::size_t>(ops->values[static_cast<std::size_t>(v)].width); }
  std::size_t rows(ValueId v) const { return values[static_cast<std::size_t>(v)].size() / width(v); }
  const float* in(const Op& op, std::size_t i, std::size_t row = 0) const {
    return values[static_cast<std::size_t>(op.in[i])].data() + row * width(op.in[i]);
  }
  float* out(const Op& op, std::size_t row = 0) { return values[static_cast<std::size_t>(op.out)].data() + row * width(op.out); }
  const float* optional(const Op& op, std::size_t i) {
    return i < op.weights.size() && op.weights[i] >= 0 ? weights.all(op.weights[i], team) : nullptr;
  }
  void each_row(const Op& op, std::size_t grain, const std::function<void(std::size_t)>& work) {
    team.run(rows(op.out), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) work(row);
    });
  }

  void embed(const Op& op);
  void norm(const Op& op);
  void linear(const Op& op);
  void grouped_linear(const Op& op);
  void rope(const Op& op);
  void attend(const Op& op);
  void delta_rule(const Op& op);
  void decay_scan(const Op& op);
  void add(const Op& op);
  void multiply(const Op& op);
  void scale(const Op& op);
  void activate(const Op& op);
  void route(const Op& op);
  void combine(const Op& op);
  void split(const Op& op);
  void gather(const Op& op);
  Result<void> run();
};

namespace {

constexpr std::size_t kLightGrain = 16;  // rows a unit, for ops that touch each value once

}  // namespace

void Interpreter::Impl::embed(const Op& op) {
  for (std::size_t row = 0; row < pass->tokens.size(); ++row) {
    float* to = out(op, row);
    const float* from = weights.row(op.weights[0], static_cast<std::size_t>(pass->tokens[row]), to);
    if (from != to) std::memcpy(to, from, width(op.out) * sizeof(float));
  }
}

void Interpreter::Impl::norm(const Op& op) {
  const auto& p = std::get<NormParams>(op.params);
  const float *weight = optional(op, 0), *bias = optional(op, 1);
  each_row(op, kLightGrain, [&](std::size_t row) { scalar::norm(p, in(op, 0, row), weight, bias, out(op, row), width(op.out)); });
}

void Interpreter::Impl::linear(const Op& op) {
  const std::size_t n_rows = rows(op.out), n_out = width(op.out), n_in = width(op.in[0]);
  if (n_rows == 0) return;
  const float* bias = optional(op, 1);
  weights.prepare(op.weights[0], team);
  const std::size_t grain = 1 + (std::size_t{1} << 19) / (n_rows * n_in + 1);  // about 0.1 ms of work
  team.run(n_out, grain, [&](std::size_t begin, std::size_t end) {
    if (context->done()) return;
    std::vector<float> scratch(n_in);
    for (std::size_t o = begin; o < end; ++o) {
      const float* w = weights.row(op.weights[0], o, scratch.data());
      for (std::size_t row = 0; row < n_rows; ++row) {
        const float y = scalar::dot(in(op, 0, row), w, n_in);
        out(op, row)[o] = bias ? y + bias[o] : y;
      }
    }
  });
}

void Interpreter::Impl::grouped_linear(const Op& op) {
  const TensorView& view = weights.view(op.weights[0]);
  const auto n_out = static_cast<std::size_t>(view.shape[1]), n_in = static_cast<std::size_t>(view.shape[2]);
  const std::size_t top_k = width(op.in[1]) / 2, step = width(op.in[0]) == n_in ? 0 : n_in;
  const float* bias = optional(op, 1);
  weights.prepare(op.weights[0], team);
  each_row(op, 1, [&](std::size_t row) {
    std::vector<float> scratch(n_in);
    for (std::size_t k = 0; k < top_k && !context->done(); ++k) {
      const auto expert = static_cast<std::size_t>(in(op, 1, row)[k]);
      for (std::size_t o = 0; o < n_out; ++o) {
        const float* w = weights.row(op.weights[0], expert * n_out + o, scratch.data());
        const float y = scalar::dot(in(op, 0, row) + k * step, w, n_in);
        out(op, row)[k * n_out + o] = bias ? y + bias[expert * n_out + o] : y;
      }
    }
  });
}

void Interpreter::Impl::rope(const Op& op) {
  const auto& p = std::get<RopeParams>(op.params);
  const float* factors = optional(op, 0);
  each_row(op, kLightGrain, [&](std::size_t row) { scalar::rope(p, factors, pass->positions[row], in(op, 0, row), out(op, row)); });
}

void Interpreter::Impl::attend(const Op& op) {
  const auto& p = std::get<AttendParams>(op.params);
  const float* sinks = p.sinks >= 0 ? weights.all(p.sinks, team) : nullptr;
  for (std::size_t row = 0; row < rows(op.out); ++row) caches->write(p.cache, row, in(op, 1, row), in(op, 2, row));
  each_row(op, 1, [&](std::size_t row) {
    if (context->done()) return;
    std::vector<KvRow> seen;
    std::vector<float> scores;
    caches->visible(p.cache, row, p.window, seen);
    scalar::attend(p, in(op, 0, row), seen, sinks, out(op, row), scores);
  });
}

void Interpreter::Impl::delta_rule(const Op& op) {
  const auto& p = std::get<RecurrentParams>(op.params);
  for (std::size_t row = 0; row < rows(op.out) && !context->done(); ++row)
    scalar::delta_rule(p, in(op, 0, row), in(op, 1, row), in(op, 2, row), in(op, 3, row), in(op, 4, row), caches->state(p.cache, row),
                       out(op, row));
}

void Interpreter::Impl::decay_scan(const Op& op) {
  const float* a = optional(op, 0);
  for (std::size_t row = 0; row < rows(op.out); ++row) {
    float* s = caches->state(std::get<RecurrentParams>(op.params).cache, row);
    const float* x = in(op, 0, row);
    for (std::size_t i = 0; i < width(op.out); ++i) s[i] = a[i] * s[i] + (1.0f - a[i]) * x[i];
    std::memcpy(out(op, row), s, width(op.out) * sizeof(float));
  }
}

void Interpreter::Impl::add(const Op& op) {
  const float *a = in(op, 0), *b = in(op, 1);
  float* y = out(op);
  for (std::size_t i = 0; i < rows(op.out) * width(op.out); ++i) y[i] = a[i] + b[i];
}

void Interpreter::Impl::multiply(const Op& op) {
  const float *a = in(op, 0), *b = in(op, 1);
  float* y = out(op);
  for (std::size_t i = 0; i < rows(op.out) * width(op.out); ++i) y[i] = a[i] * b[i];
}

void Interpreter::Impl::scale(const Op& op) {
  const float factor = std::get<ScaleParams>(op.params).factor, *x = in(op, 0);
  float* y = out(op);
  for (std::size_t i = 0; i < rows(op.out) * width(op.out); ++i) y[i] = x[i] * factor;
}

void Interpreter::Impl::activate(const Op& op) {
  const auto& p = std::get<ActivateParams>(op.params);
  each_row(op, kLightGrain, [&](std::size_t row) {
    scalar::activate(p, in(op, 0, row), op.in.size() > 1 ? in(op, 1, row) : nullptr, out(op, row), width(op.out));
  });
}

void Interpreter::Impl::route(const Op& op) {
  const auto& p = std::get<RouteParams>(op.params);
  const float* bias = p.choice_bias >= 0 ? weights.all(p.choice_bias, team) : nullptr;
  each_row(op, kLightGrain, [&](std::size_t row) { scalar::route(p, in(op, 0, row), bias, out(op, row)); });
}

void Interpreter::Impl::combine(const Op& op) {
  const std::size_t n = width(op.out), top_k = width(op.in[1]) / 2;
  each_row(op, kLightGrain, [&](std::size_t row) {
    float* y = out(op, row);
    for (std::size_t k = 0; k < top_k; ++k) {
      const float weight = in(op, 1, row)[top_k + k], *x = in(op, 0, row) + k * n;
      for (std::size_t i = 0; i < n; ++i) y[i] += weight * x[i];
    }
  });
}

void Interpreter::Impl::split(const Op& op) {
  const auto from = static_cast<std::size_t>(std::get<SplitParams>(op.params).from);
  for (std::size_t row = 0; row < rows(op.out); ++row) std::memcpy(out(op, row), in(op, 0, row) + from, width(op.out) * sizeof(float));
}

void Interpreter::Impl::gather(const Op& op) {
  for (std::size_t i = 0; i < pass->outputs.size(); ++i)
    std::memcpy(out(op, i), in(op, 0, static_cast<std::size_t>(pass->outputs[i])), width(op.out) * sizeof(float));
}

Result<void> Interpreter::Impl::run() {
  using Handler = void (Impl::*)(const Op&);
  static constexpr Handler kHandlers[] = {  // in the order of OpKind
      &Impl::embed, &Impl::norm, &Impl::linear, &Impl::grouped_linear, &Impl::rope, &Impl::attend, &Impl::delta_rule,
      &Impl::decay_scan, &Impl::add, &Impl::multiply, &Impl::scale, &Impl::activate, &Impl::route, &Impl::combine, &Impl::split,
      &Impl::gather, &Impl::linear};
  for (std::size_t i = 0; i < ops->ops.size(); ++i) {
    WRIGHT_CHECK(context->check());
    const Op& op = ops->ops[i];
    const std::size_t n = op.kind == OpKind::gather_outputs ? pass->outputs.size() : op.in.empty() ? pass->tokens.size() : rows(op.in[0]);
    values[static_cast<std::size_t>(op.out)].assign(n * width(op.out), 0.0f);
    (this->*kHandlers[static_cast<std::size_t>(op.kind)])(op);
    if (probe) probe(op, values[static_cast<std::size_t>(op.out)]);
    for (const ValueId v : op.in)
      if (last_use[static_cast<std::size_t>(v)] == i && v != ops->logits) values[static_cast<std::size_t>(v)] = {};
  }
  WRIGHT_CHECK(context->check());
  const auto& logits = values[static_cast<std::size_t>(ops->logits)];
  if (!logits.empty()) std::memcpy(pass->logits, logits.data(), logits.size() * sizeof(float));
  return {};
}

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Interpreter::~Interpreter() = default;

Result<std::unique_ptr<Interpreter>> Interpreter::create(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights,
                                                         int threads) {
  WRIGHT_CHECK(ops->validate());
  WRIGHT_TRY(auto store, WeightStore::create(std::move(weights), *ops));
  return std::unique_ptr<Interpreter>(new Interpreter(std::make_unique<Impl>(std::move(ops), std::move(store), threads)));
}

Result<void> Interpreter::run(const Context& context, const InterpreterPass& pass, CacheStore& caches) {
  impl_->context = &context;
  impl_->pass = &pass;
  impl_->caches = &caches;
  return impl_->run();
}

void Interpreter::set_probe(std::function<void(const Op&, std::span<const float> rows)> probe) { impl_->probe = std::move(probe); }
std::size_t Interpreter::resident_bytes() const { return impl_->weights.resident_bytes(); }
int Interpreter::threads() const { return impl_->team.size(); }

}  // namespace wright::engine
