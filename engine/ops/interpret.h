// The scalar interpreter: runs an op list one op at a time in f32. It is the reference that every backend is tested
// against, and what --exact runs. A row's bits depend on that row and its cache alone: not on other rows, chunks or threads.
// Called from the engine thread alone; uses a ThreadTeam inside ops.
//
// Arithmetic: dot products in 16 interleaved f32 sums, added pairwise at the end; means, softmax
// sums and rotations in f64; weighted values in f32 over 16 rows, then f64.
// delta_rule (S is (key_dim, value_dim) per value head; value head i uses key head i / (value_heads / key_heads)):
//   S = exp(decay) S; d = beta * (v - S^T k); S = S + k d^T; out = S^T q
// route writes 2 * top_k columns: the chosen expert ids, then their weights. grouped_linear reads x once (in) or once for
// each chosen expert (top_k * in), and writes top_k * out columns.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/context.h"
#include "base/result.h"
#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

// One row's K and V as cached: (kv_heads, key_dim) and (kv_heads, value_dim).
struct KvRow {
  const float* key;
  const float* value;
};

// Where the interpreter keeps what outlives a pass. Rows are rows of the pass.
class CacheStore {
 public:
  virtual ~CacheStore() = default;
  virtual void write(CacheId cache, std::size_t row, const float* key, const float* value) = 0;
  // What `row` sees, by position, itself last; only the last `window` when that is not 0. Any thread, after all writes.
  virtual void visible(CacheId cache, std::size_t row, int window, std::vector<KvRow>& out) const = 0;
  // The recurrent state that `row` reads and updates; rows of a sequence come in order.
  virtual float* state(CacheId cache, std::size_t row) = 0;
};

struct InterpreterPass {
  std::span<const std::int32_t> tokens;     // (n_rows), each inside the vocabulary
  std::span<const std::int32_t> positions;  // (n_rows)
  std::span<const std::int32_t> outputs;    // rows whose logits are wanted
  float* logits = nullptr;                  // (outputs, n_vocab)
};

class Interpreter {
 public:
  static Result<std::unique_ptr<Interpreter>> create(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights,
                                                     int threads);
  ~Interpreter();
  // `context` is polled between ops and inside long ones; after an error the caches hold a part of the pass.
  Result<void> run(const Context& context, const InterpreterPass& pass, CacheStore& caches);
  // Called after each op with its rows; for tests that compare hidden states. Null: off.
  void set_probe(std::function<void(const Op&, std::span<const float> rows)> probe);
  std::size_t resident_bytes() const;
  int threads() const;

 private:
  struct Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wright::engine
