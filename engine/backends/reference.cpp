// The reference backend: the scalar interpreter over pages in memory. What --exact runs, and what every other backend is
// compared with.
#include <fmt/format.h>

#include "engine/backends/asked.h"
#include "engine/backends/reference_store.h"
#include "engine/ops/interpret.h"

namespace wright::engine {
namespace {

constexpr const char* kKvNames[] = {"f32", "f16", "bf16", "q8_0"};

// f32 bytes of the weights that one row reads: all of a linear's, the chosen experts' of a grouped one.
std::size_t bytes_per_row(const OpList& ops) {
  std::size_t bytes = 0;
  for (const Op& op : ops.ops) {
    for (const WeightId w : op.weights) {
      if (w < 0) continue;
      std::size_t elements = 1;
      const auto& shape = ops.weights[static_cast<std::size_t>(w)].shape;
      for (const auto n : shape) elements *= static_cast<std::size_t>(n);
      if (op.kind == OpKind::embed) elements = static_cast<std::size_t>(shape.back());
      if (op.kind == OpKind::grouped_linear)
        elements = elements / static_cast<std::size_t>(shape[0]) * static_cast<std::size_t>(ops.values[static_cast<std::size_t>(op.in[1])].width / 2);
      bytes += elements * sizeof(float);
    }
  }
  return bytes;
}

class ReferenceBackend final : public Backend {
 public:
  ReferenceBackend(std::shared_ptr<const OpList> ops, std::unique_ptr<Interpreter> interpreter, KvType kv, std::size_t pages)
      : ops_(std::move(ops)), interpreter_(std::move(interpreter)), kv_(kv), store_(*ops_, kv, pages) {}

  Result<void> run(const Context& context, const Pass& pass) override {
    if (pass.tokens.size() > static_cast<std::size_t>(max_rows()))
      return Error{ErrorKind::usage, fmt::format("engine pass: {} rows, the limit is {}", pass.tokens.size(), max_rows()), ""};
    for (const TokenId id : pass.tokens)
      if (id < 0 || id >= ops_->n_vocab)
        return Error{ErrorKind::usage, fmt::format("token id {} is outside the vocabulary of {}", id, ops_->n_vocab), ""};
    WRIGHT_CHECK(check_asked(pass, ops_->n_vocab, max_rows()));
    WRIGHT_CHECK(store_.begin_pass(pass));
    const auto rows = wanted_rows(pass);
    std::vector<float> logits(pass.asked.empty() ? 0 : rows.size() * static_cast<std::size_t>(ops_->n_vocab));
    const auto done = interpreter_->run(context, {pass.tokens, store_.positions(), rows, pass.asked.empty() ? pass.logits : logits.data()}, store_);
    store_.end_pass(done.ok());
    if (done.ok() && !pass.asked.empty()) answer_from_logits(pass, rows, logits);
    return done;
  }

  Result<PageId> alloc_page() override { return store_.alloc_page(); }
  void free_page(PageId page) override { store_.free_page(page); }
  void copy_page(PageId from, PageId to) override { store_.copy_page(from, to); }
  std::size_t page_bytes() const override { return store_.page_bytes(); }
  std::size_t pages_in_use() const override { return store_.pages_in_use(); }
  Result<StateSlot> alloc_state() override { return store_.alloc_state(); }
  void free_state(StateSlot slot) override { store_.free_state(slot); }
  void copy_state(StateSlot from, StateSlot to) override { store_.copy_state(from, to); }
  std::size_t state_bytes() const override { return store_.state_bytes(); }

  int max_rows() const override { return limits::kReferenceRows; }
  std::string describe() const override {
    return fmt::format("cpu reference, {} threads, kv {}", interpreter_->threads(), kKvNames[static_cast<std::size_t>(kv_)]);
  }
  const char* isa() const override { return "scalar"; }
  KvType kv() const override { return kv_; }
  std::size_t resident_bytes() const override { return interpreter_->resident_bytes() + store_.resident_bytes(); }
  std::size_t weight_bytes_per_token() const override { return bytes_per_row(*ops_); }

 private:
  std::shared_ptr<const OpList> ops_;
  std::unique_ptr<Interpreter> interpreter_;
  KvType kv_;
  ReferenceStore store_;
};

}  // namespace

Result<std::unique_ptr<Backend>> make_reference_backend(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights,
                                                        const BackendOptions& options) {
  if (options.isa != "auto" && options.isa != "scalar")
    return Error{ErrorKind::usage, "exact arithmetic runs scalar code, not " + options.isa, "leave --isa out"};
  const KvType kv = options.exact ? KvType::f32 : options.kv;
  if (kv == KvType::q8_0)
    for (const CacheSpec& spec : ops->caches)
      if (spec.key_dim % 32 != 0 || spec.value_dim % 32 != 0)
        return Error{ErrorKind::usage, fmt::format("kv q8_0 needs heads of a multiple of 32 values, this model has {} and {}", spec.key_dim,
                                                   spec.value_dim), "use --kv f16"};
  WRIGHT_TRY(auto interpreter, Interpreter::create(ops, std::move(weights), options.threads));
  return std::unique_ptr<Backend>(std::make_unique<ReferenceBackend>(std::move(ops), std::move(interpreter), kv, options.page_capacity));
}

}  // namespace wright::engine
