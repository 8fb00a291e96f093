// One pass in execution: what every step needs to know about rows, positions and memory. Filled by CpuBackend::run(), read by
// the step functions (rows.cpp, linear.cpp, attend.cpp). Lives as long as the backend so that a pass allocates nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/backends/backend.h"
#include "engine/backends/cpu/caches.h"
#include "engine/backends/cpu/plan.h"

namespace wright::engine::cpu {

// Rows of one sequence that share attention work: rows [first, first + rows) of sequence `sequence`.
struct RowBlock {
  int sequence, first, rows;
  std::int32_t lowest, highest;  // positions
};

struct PassState {
  const OpList* ops = nullptr;
  const Plan* plan = nullptr;
  const Kernels* kernels = nullptr;
  KvKind kv = KvKind::f16;
  Team* team = nullptr;
  Caches* caches = nullptr;
  std::byte* arena = nullptr;
  std::vector<std::byte*> scratch;         // of each thread, for local values
  std::vector<std::byte*> attend_scratch;  // of each thread
  std::byte* tree_page = nullptr;          // page-shaped blocks for K and V of tree rows, by row of the pass

  const Context* context = nullptr;        // polled in every unit: what is computed after it is done does not count
  const Pass* pass = nullptr;
  int rows = 0;
  std::vector<std::int32_t> positions;     // by row
  std::vector<std::int32_t> sequence_of;   // by row
  std::vector<std::int32_t> first_row;     // by sequence
  // Tree rows: bit t of word (row, b) is set when the row sees pass row 64 b + t (ancestors and itself).
  std::vector<std::uint64_t> tree_words;   // (max_rows, tree_blocks)
  int tree_blocks = 0;
  std::vector<RowBlock> blocks;            // attention's, rebuilt when the group size changes
  int blocks_for = 0;                      // rows a block that `blocks` was built for; 0: not yet in this pass
  std::vector<float> partials;             // attention's split results
  std::int32_t deepest = 0;                // largest position of the pass

  std::vector<std::vector<float>> asked_scratch;  // of each thread: logits of kAskedRows rows of a chunk of the vocabulary
  std::vector<float> asked_sums;           // partial sums of the asked rows, by row and chunk
  std::vector<std::size_t> asked_from;     // of each asked row: its first id

  // Gathered rows: those whose logits are wanted, then those that are asked for log-probabilities.
  int rows_of(bool outputs) const { return outputs ? static_cast<int>(pass->outputs.size() + pass->asked.size()) : rows; }
  float* value(ValueId v, int row, int thread) const {
    const Place& p = plan->places[static_cast<std::size_t>(v)];
    std::byte* base = (p.local ? scratch[static_cast<std::size_t>(thread)] : arena) + p.offset;
    return reinterpret_cast<float*>(base) + static_cast<std::size_t>(row) * p.stride;
  }
  std::size_t stride(ValueId v) const { return plan->places[static_cast<std::size_t>(v)].stride; }
  int width(ValueId v) const { return ops->values[static_cast<std::size_t>(v)].width; }
  // Activations of a value from `row` on.
  Activations activations(ValueId v, int row) const;
};

void run_rows(PassState& state, const Step& step);
void run_linear(PassState& state, const Step& step);
void run_asked(PassState& state, const Step& step);  // of the step that gives logits: its asked rows
void run_grouped(PassState& state, const Step& step);
void run_attend(PassState& state, const Step& step);
void run_delta_rule(PassState& state, const Step& step);
void run_decay_scan(PassState& state, const Step& step);
void run_gather(PassState& state, const Step& step);

void fill_rope_tables(PassState& state);
// Bytes of attention scratch that a thread needs, and floats of `partials` for a context of `tokens`.
std::size_t attend_scratch_bytes(const OpList& ops, int max_rows);
std::size_t attend_partial_floats(const OpList& ops, int threads, int tokens);
inline constexpr int kAskedRows = 48;
std::size_t asked_floats(int n_vocab, int max_rows);

}  // namespace wright::engine::cpu
