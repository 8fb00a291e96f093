// The plan: an op list lowered once for this backend. Row-wise ops that follow each other become one step whose unit is a
// few rows (so norm and quantisation, or add, norm and quantisation, touch a row while it is hot); linears with one input
// become one step (q/k/v, gate/up); attention stores K and V in the row step before it. Buffers are placed by liveness of
// steps, values that live within one step in scratch of the thread. Immutable after lower().
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "engine/backends/cpu/kernels.h"
#include "engine/backends/cpu/memory.h"
#include "engine/backends/cpu/team.h"
#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::engine::cpu {

// Where a value's rows are: row r at base + r * stride floats; base is the arena, or the thread's scratch (stride 0).
struct Place {
  bool local = false;
  std::size_t offset = 0;  // bytes
  std::size_t stride = 0;  // floats
};
// Its quantised twin: byte offsets into the arena.
struct QuantPlace {
  int width = 0;  // 0: not needed
  std::size_t q = 0, d = 0, s = 0, h = 0;
};

enum class RowKind : std::uint8_t {
  embed, norm, rope, add, multiply, scale, activate, route, combine, split, store_kv, quantise
};
struct RowOp {
  RowKind kind;
  const Op* op = nullptr;           // null for quantise
  ValueId value = -1;               // quantise: of this value
  const float* w = nullptr;         // norm's weight, route's bias
  const float* bias = nullptr;
  TensorView table;                 // embed
  int rope_table = -1;
};

struct LinearPart {
  PackedMatrix w;
  const float* bias = nullptr;
  ValueId out = -1;
  bool logits = false;
};

struct Step {
  enum class Kind : std::uint8_t { rows, linear, grouped, attend, delta_rule, decay_scan, gather } kind;
  bool outputs = false;             // works on gathered rows
  const Op* op = nullptr;
  std::vector<RowOp> rows;          // Kind::rows
  std::vector<LinearPart> parts;    // Kind::linear: one input; Kind::grouped: one part an expert
  ValueId in = -1;                  // Kind::linear, grouped
  const float* weight = nullptr;    // attend: sinks; decay_scan: a
  std::size_t cost = 0;             // rows: floats touched a row; linear: packed bytes
};

// Angles of one rope setting, filled per pass for every row: (max_rows, rotary_dim) of cosines, then of signed sines.
struct RopeTable {
  std::vector<float> inv_freq;
  float magnitude = 1;
  bool interleaved = false;
  std::size_t offset = 0;           // bytes into the arena
};

struct Plan {
  std::vector<Step> steps;
  std::vector<Place> places;        // by ValueId
  std::vector<QuantPlace> quants;   // by ValueId
  std::vector<RopeTable> ropes;
  std::vector<std::vector<float>> small;  // norms, biases as f32
  Region weights;                   // packed matrices
  std::size_t arena_bytes = 0, scratch_bytes = 0;  // of the pass; of one thread
  std::size_t packed = 0, read_per_token = 0;      // bytes
  int max_rows = 0;
};

// Packs the weights with the team's help. An error names the weight or op.
Result<Plan> lower(const OpList& ops, const Weights& weights, int max_rows, Team& team);

}  // namespace wright::engine::cpu
