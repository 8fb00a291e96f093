// The fast CPU backend: checks a pass, fills its per-row tables, runs the plan's steps. See README.md.
#include <algorithm>

#include "base/clock.h"
#include "base/trace.h"
#include "engine/backends/asked.h"
#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/pass.h"
#include "engine/backends/cpu/team_choice.h"

namespace wright::engine {
namespace cpu {
namespace {

constexpr int kMaxRows = 512;

using StepFn = void (*)(PassState&, const Step&);
constexpr StepFn kStepFns[] = {run_rows, run_linear, run_grouped, run_attend, run_delta_rule, run_decay_scan, run_gather};  // as Step::Kind

constexpr struct { KvType type; KvKind kind; const char* name; } kKvTypes[] = {
    {KvType::f32, KvKind::f32, "f32"}, {KvType::f16, KvKind::f16, "f16"}, {KvType::bf16, KvKind::bf16, "bf16"},
    {KvType::q8_0, KvKind::q8_0, "q8_0"}};

class CpuBackend final : public Backend {
 public:
  CpuBackend(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights, const Kernels& kernels, KvType kv,
             const char* kv_name, std::unique_ptr<Team> team, Plan plan, Caches caches, Region memory)
      : ops_(std::move(ops)), weights_(std::move(weights)), kernels_(kernels), kv_(kv), kv_name_(kv_name), team_(std::move(team)),
        plan_(std::move(plan)), caches_(std::move(caches)), memory_(std::move(memory)) {}

  // `scratch`, `attend_scratch`: bytes a thread. The memory holds arena, tree page blocks, then scratch of each thread.
  void set_up(KvKind kv, std::size_t arena, std::size_t tree, std::size_t scratch, std::size_t attend_scratch) {
    state_.ops = ops_.get();
    state_.plan = &plan_;
    state_.kernels = &kernels_;
    state_.kv = kv;
    state_.team = team_.get();
    state_.caches = &caches_;
    std::byte* at = memory_.data();
    state_.arena = at;
    at += arena;
    state_.tree_page = at;
    at += tree;
    for (int t = 0; t < team_->threads(); ++t, at += scratch + attend_scratch) {
      state_.scratch.push_back(at);
      state_.attend_scratch.push_back(at + scratch);
    }
    const auto rows = static_cast<std::size_t>(plan_.max_rows);
    state_.tree_blocks = (plan_.max_rows + kPage - 1) / kPage;
    state_.tree_words.resize(rows * static_cast<std::size_t>(state_.tree_blocks));
    for (auto* v : {&state_.positions, &state_.sequence_of, &state_.first_row}) v->reserve(rows);
    state_.blocks.reserve(rows);
    state_.partials.resize(attend_partial_floats(*ops_, team_->threads(), std::max(ops_->context_length, kSplit)));
    state_.asked_sums.resize(asked_floats(ops_->n_vocab, plan_.max_rows));
    state_.asked_scratch.assign(static_cast<std::size_t>(team_->threads()), std::vector<float>(static_cast<std::size_t>(kAskedRows) * kSumChunk));
    for (const CacheSpec& c : ops_->caches) recurrent_ = recurrent_ || c.kind == CacheSpec::Kind::recurrent;
  }

  Result<void> run(const Context& context, const Pass& pass) override {
    WRIGHT_CHECK(check(pass));
    if (pass.tokens.empty()) return {};
    state_.context = &context;
    const int rows = static_cast<int>(pass.tokens.size());
    const TimePoint start = Clock::system().now();
    team_->rest_helpers(team_choice_.alone(rows));
    (void)team_->take_lost_seconds();
    begin(pass);
    const auto result = steps(context);
    if (result.ok()) team_choice_.record(work(pass), seconds_between(start, Clock::system().now()), team_->take_lost_seconds());
    if (!result.ok() && recurrent_) restore_states();
    return result;
  }

  Result<PageId> alloc_page() override { return caches_.alloc_page(); }
  void free_page(PageId page) override { caches_.free_page(page); }
  void copy_page(PageId from, PageId to) override { caches_.copy_page(from, to); }
  std::size_t page_bytes() const override { return caches_.page_bytes(); }
  std::size_t pages_in_use() const override { return caches_.pages_in_use(); }
  Result<StateSlot> alloc_state() override { return caches_.alloc_state(); }
  void free_state(StateSlot slot) override { caches_.free_state(slot); }
  void copy_state(StateSlot from, StateSlot to) override { caches_.copy_state(from, to); }
  std::size_t state_bytes() const override { return caches_.state_bytes(); }
  int max_rows() const override { return plan_.max_rows; }
  std::string describe() const override {
    const int n = team_->threads();
    return std::string("cpu ") + kernels_.name + ", " + std::to_string(n) + (n == 1 ? " thread" : " threads") + ", kv " + kv_name_;
  }
  const char* isa() const override { return kernels_.isa; }
  KvType kv() const override { return kv_; }
  std::size_t resident_bytes() const override { return plan_.packed + memory_.size() + caches_.resident_bytes(); }
  std::size_t weight_bytes_per_token() const override { return plan_.read_per_token; }

 private:
  static Error wrong(const std::string& what) { return {ErrorKind::usage, "pass: " + what, ""}; }

  Result<void> check(const Pass& pass) const {
    if (pass.tokens.size() > static_cast<std::size_t>(plan_.max_rows))
      return wrong(std::to_string(pass.tokens.size()) + " rows, at most " + std::to_string(plan_.max_rows));
    for (const TokenId t : pass.tokens)
      if (t < 0 || t >= ops_->n_vocab) return wrong("token id " + std::to_string(t) + " is outside the vocabulary");
    std::size_t rows = 0;
    for (const PassSequence& s : pass.sequences) {
      WRIGHT_CHECK(check(s));
      rows += static_cast<std::size_t>(s.n_new);
    }
    if (rows != pass.tokens.size()) return wrong("sequences hold another number of rows than there are tokens");
    std::int32_t before = -1;
    for (const std::int32_t o : pass.outputs) {
      if (o <= before || static_cast<std::size_t>(o) >= rows) return wrong("output rows must ascend within the pass");
      before = o;
    }
    if (!pass.outputs.empty() && !pass.logits) return wrong("no memory for logits");
    return check_asked(pass, ops_->n_vocab, plan_.max_rows);
  }

  Result<void> check(const PassSequence& s) const {
    if (s.n_new <= 0 || s.past < 0) return wrong("a sequence without rows");
    if (recurrent_ && !caches_.is_state(s.state)) return wrong("a sequence without recurrent state");
    const bool tree = !s.parents.empty();
    if (tree && recurrent_) return wrong("tree rows with recurrent layers");
    if (tree && s.parents.size() != static_cast<std::size_t>(s.n_new)) return wrong("not one parent a row");
    for (std::size_t i = 0; i < s.parents.size(); ++i)
      if (s.parents[i] < -1 || s.parents[i] >= static_cast<std::int32_t>(i)) return wrong("a parent must precede its row");
    if (caches_.page_bytes() == 0) return {};
    const int tokens = s.past + (tree ? 0 : s.n_new);
    if (static_cast<int>(s.pages.size()) * kPage < tokens) return wrong("too few pages for " + std::to_string(tokens) + " tokens");
    for (const PageId page : s.pages)
      if (page != -1 && !caches_.is_page(page)) return wrong("an unknown page");
    return {};
  }

  // Multiply-adds, roughly: weights and cached floats that each row meets.
  double work(const Pass& pass) const {
    double layers = 0, head = 0, seen = 0;
    for (const Step& s : plan_.steps)
      if (s.kind == Step::Kind::linear || s.kind == Step::Kind::grouped) (s.outputs ? head : layers) += static_cast<double>(s.cost);
    for (const std::int32_t position : state_.positions) seen += position;
    return layers * state_.rows + head * static_cast<double>(pass.outputs.size() + pass.asked.size()) +
           seen * static_cast<double>(caches_.page_bytes()) / kPage;
  }

  void begin(const Pass& pass) {
    state_.pass = &pass;
    state_.rows = static_cast<int>(pass.tokens.size());
    state_.positions.clear();
    state_.sequence_of.clear();
    state_.first_row.clear();
    state_.blocks_for = 0;
    for (std::size_t i = 0; i < pass.sequences.size(); ++i) {
      const PassSequence& s = pass.sequences[i];
      const auto first = static_cast<std::int32_t>(state_.positions.size());
      state_.first_row.push_back(first);
      for (std::int32_t r = 0; r < s.n_new; ++r) {
        state_.sequence_of.push_back(static_cast<std::int32_t>(i));
        if (s.parents.empty()) {
          state_.positions.push_back(s.past + r);
          continue;
        }
        const std::int32_t parent = s.parents[static_cast<std::size_t>(r)];
        state_.positions.push_back(parent < 0 ? s.past : state_.positions[static_cast<std::size_t>(first + parent)] + 1);
        tree_row(first + r, parent < 0 ? -1 : first + parent);
      }
    }
    state_.asked_from.clear();
    for (std::size_t at = 0; const AskedRow& a : pass.asked) {
      state_.asked_from.push_back(at);
      at += static_cast<std::size_t>(a.n);
    }
    state_.deepest = *std::ranges::max_element(state_.positions);
    fill_rope_tables(state_);
    if (recurrent_) save_states();
  }

  // What its parent sees, and itself.
  void tree_row(int row, int parent) {
    const auto blocks = static_cast<std::size_t>(state_.tree_blocks);
    std::uint64_t* words = state_.tree_words.data() + static_cast<std::size_t>(row) * blocks;
    if (parent < 0) std::fill_n(words, blocks, 0);
    else std::copy_n(state_.tree_words.data() + static_cast<std::size_t>(parent) * blocks, blocks, words);
    words[row / kPage] |= std::uint64_t{1} << (row % kPage);
  }

  Result<void> steps(const Context& context) {
    for (const Step& step : plan_.steps) {
      WRIGHT_CHECK(context.check());
      if (step.outputs && state_.rows_of(true) == 0) break;  // nothing but logits follows
      kStepFns[static_cast<int>(step.kind)](state_, step);
    }
    WRIGHT_CHECK(context.check());  // the last step may have been cut short
    return {};
  }

  void save_states() {
    saved_.resize(state_.pass->sequences.size());
    for (std::size_t i = 0; i < saved_.size(); ++i) saved_[i] = caches_.state(state_.pass->sequences[i].state);
  }
  void restore_states() {
    for (std::size_t i = 0; i < saved_.size(); ++i) caches_.state(state_.pass->sequences[i].state) = saved_[i];
  }

  std::shared_ptr<const OpList> ops_;
  std::shared_ptr<const Weights> weights_;
  const Kernels& kernels_;
  KvType kv_;
  const char* kv_name_;
  std::unique_ptr<Team> team_;
  Plan plan_;
  Caches caches_;
  Region memory_;
  PassState state_;
  TeamChoice team_choice_;
  bool recurrent_ = false;
  std::vector<std::vector<float>> saved_;  // recurrent states before the pass
};

std::size_t align(std::size_t n) { return (n + 4095) / 4096 * 4096; }

}  // namespace
}  // namespace cpu

Result<std::unique_ptr<Backend>> make_cpu_backend(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights,
                                                  const BackendOptions& options) {
  using namespace cpu;
  if (options.exact) return make_reference_backend(std::move(ops), std::move(weights), options);
  WRIGHT_TRY(const Kernels* kernels, kernels_for(options.isa));
  const auto* kv = std::ranges::find(kKvTypes, options.kv, [](const auto& row) { return row.type; });
  if (kv == std::end(kKvTypes)) return Error{ErrorKind::usage, "the CPU backend keeps no such KV type", "use --kv f16, bf16, f32 or q8_0"};
  WRIGHT_CHECK(ops->validate());
  auto team = std::make_unique<Team>(options.threads > 0 ? options.threads : available_cores());
  WRIGHT_TRY(Plan plan, lower(*ops, *weights, kMaxRows, *team));
  WRIGHT_TRY(Caches caches, Caches::create(*ops, kv->kind, options.page_capacity));
  const std::size_t arena = align(plan.arena_bytes), tree = align(caches.page_bytes() * (kMaxRows / kPage)),
                    scratch = align(plan.scratch_bytes + 64), attend = align(attend_scratch_bytes(*ops, kMaxRows));
  const auto threads = static_cast<std::size_t>(team->threads());
  WRIGHT_TRY(Region memory, Region::create(arena + tree + threads * (scratch + attend), "buffers"));
  auto backend = std::make_unique<CpuBackend>(std::move(ops), std::move(weights), *kernels, kv->type, kv->name, std::move(team),
                                              std::move(plan), std::move(caches), std::move(memory));
  backend->set_up(kv->kind, arena, tree, scratch, attend);
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace wright::engine
