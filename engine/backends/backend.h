// A backend runs an op list over paged caches. One instance a loaded model; it owns weights as it packed them, pages,
// states and its thread team. Every method is called from the engine thread alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/limits.h"
#include "base/result.h"
#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

using TokenId = std::int32_t;
using PageId = std::int32_t;    // a page holds limits::kTokensPerPage tokens of every paged cache of the model
using StateSlot = std::int32_t; // one sequence's recurrent states of all layers; -1 = none

// New rows of one sequence. Row i's position is past + i, or past + depth(i) in a tree.
struct PassSequence {
  std::span<const PageId> pages;   // page j holds tokens [64 j, 64 j + 64)
  std::int32_t past = 0;           // tokens already cached
  std::int32_t n_new = 0;          // rows of this sequence, consecutive in Pass::tokens
  StateSlot state = -1;            // required when the model has recurrent layers
  // Tree rows: parents[i] is the row (within this sequence) that row i follows, -1 = the cached prefix; parents[i] < i.
  // Tree rows see the prefix, their ancestors and themselves. Their K and V go to scratch, not to the pages, so that many
  // trees may hang on one shared prefix. Not allowed with recurrent layers. Empty: a plain run of tokens, cached in pages.
  std::span<const std::int32_t> parents;
};

// A row of which only the log-probabilities of some next tokens are wanted: the following `n` of Pass::asked_ids.
struct AskedRow {
  std::int32_t row = 0, n = 0;
};

struct Pass {
  std::span<const TokenId> tokens;          // (n_rows)
  std::span<const PassSequence> sequences;  // their n_new add up to n_rows
  std::span<const std::int32_t> outputs;    // rows whose logits are wanted, ascending
  float* logits = nullptr;                  // (outputs.size(), n_vocab), written
  // Rows that are scored, ascending; together with `outputs` at most max_rows(). No logits are kept for them.
  std::span<const AskedRow> asked;
  std::span<const TokenId> asked_ids;       // of all asked rows, one row's after the other's
  float* logprobs = nullptr;                // (asked_ids.size()), written: natural log P(id | the row and what it sees)
};

enum class KvType : std::uint8_t { f32, f16, bf16, q8_0 };

struct BackendOptions {
  bool exact = false;              // f32 weights, activations, caches and states: the scalar interpreter's arithmetic
  std::string isa = "auto";        // scalar, avx2, avx512, amx; an unsupported one is a usage error
  int threads = 0;                 // 0: as many as there are cores to this process
  KvType kv = KvType::f16;
  std::size_t page_capacity = 0;   // pages; 0: enough for one context_length, and more later on demand
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Runs one pass. On cancellation (polled between ops) nothing beyond `past` of any sequence counts as cached.
  virtual Result<void> run(const Context& context, const Pass& pass) = 0;

  // Pages. alloc: `limit` when the memory budget is spent. Contents of a fresh page are undefined.
  virtual Result<PageId> alloc_page() = 0;
  virtual void free_page(PageId page) = 0;
  virtual void copy_page(PageId from, PageId to) = 0;  // all layers, whole page
  virtual std::size_t page_bytes() const = 0;          // of all layers
  virtual std::size_t pages_in_use() const = 0;

  // Recurrent states; a fresh slot is zeroed. state_bytes() is 0 for models without.
  virtual Result<StateSlot> alloc_state() = 0;
  virtual void free_state(StateSlot slot) = 0;
  virtual void copy_state(StateSlot from, StateSlot to) = 0;
  virtual std::size_t state_bytes() const = 0;

  virtual int max_rows() const = 0;     // rows of one pass that buffers are planned for
  virtual std::string describe() const = 0;  // "cpu avx512-vnni, 2 threads, kv f16"
  virtual const char* isa() const = 0;
  virtual KvType kv() const = 0;
  virtual std::size_t resident_bytes() const = 0;  // weights as packed, pages, buffers
  virtual std::size_t weight_bytes_per_token() const = 0;  // read once for one decoded row
};

// The scalar interpreter behind the same interface: the reference, and what --exact runs (engine/backends/reference.cpp).
Result<std::unique_ptr<Backend>> make_reference_backend(std::shared_ptr<const OpList> ops,
                                                        std::shared_ptr<const Weights> weights,
                                                        const BackendOptions& options);
// engine/backends/cpu
Result<std::unique_ptr<Backend>> make_cpu_backend(std::shared_ptr<const OpList> ops,
                                                  std::shared_ptr<const Weights> weights,
                                                  const BackendOptions& options);

}  // namespace wright::engine
