// A backend without a model: logits are a function of the whole history of a row, which it reads back through the pages (and
// trees, and states) that it was given. So a wrong page, a missing copy or a stale state changes the next token, and what the
// scheduler does is tested exactly and in microseconds. Checks its callers' duties; counts in `faults` where they are broken.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "engine/backends/backend.h"
#include "engine/text/tokenizer.h"

namespace wright::test {

struct FakeOptions {
  int n_vocab = 261;
  int order = 0;                    // tokens of history that matter for logits; 0: all
  bool recurrent = false;
  int max_rows = 256;
  std::size_t page_capacity = 4096; // alloc_page() fails with `limit` beyond
};

class FakeBackend final : public engine::Backend {
 public:
  explicit FakeBackend(FakeOptions options) : options_(options) {}
  Result<void> run(const Context& context, const engine::Pass& pass) override;
  Result<engine::PageId> alloc_page() override;
  void free_page(engine::PageId page) override;
  void copy_page(engine::PageId from, engine::PageId to) override;
  std::size_t page_bytes() const override { return 1 << 20; }
  std::size_t pages_in_use() const override { return pages_.size(); }
  Result<engine::StateSlot> alloc_state() override;
  void free_state(engine::StateSlot slot) override;
  void copy_state(engine::StateSlot from, engine::StateSlot to) override;
  std::size_t state_bytes() const override { return options_.recurrent ? 1 << 16 : 0; }
  int max_rows() const override { return options_.max_rows; }
  std::string describe() const override { return "fake"; }
  const char* isa() const override { return "fake"; }
  engine::KvType kv() const override { return engine::KvType::f32; }
  std::size_t resident_bytes() const override { return 1; }
  std::size_t weight_bytes_per_token() const override { return 1; }

  // What run() computes for a row with this history, straight from the definition.
  static std::vector<float> logits(std::span<const engine::TokenId> history, const FakeOptions& options);

  std::function<Result<void>(const Context&, const engine::Pass&)> before_run;  // e.g. waits, fails; engine thread
  std::atomic<int> passes{0}, rows{0}, faults{0};
  int most_rows = 0;
  std::string first_fault;

 private:
  struct PageData { std::vector<engine::TokenId> tokens = std::vector<engine::TokenId>(64, -7); };
  void fault(const std::string& what);
  std::vector<engine::TokenId> cached(const engine::PassSequence& sequence, int past);
  void run_sequence(const engine::PassSequence& sequence, std::span<const engine::TokenId> tokens,
                    std::vector<std::vector<engine::TokenId>>& histories);
  const FakeOptions options_;
  std::map<engine::PageId, PageData> pages_;
  std::map<engine::StateSlot, std::vector<engine::TokenId>> states_;  // the history that a state has run through
  int next_ = 0;
};

// Ids 0..255 are bytes; 256 = end, 257 = <think>, 258 = </think>, 259 = "the ", 260 = "\n\n".
std::shared_ptr<const engine::Tokenizer> fake_tokenizer();

}  // namespace wright::test
