// The checkpoint's weights as f32, for the interpreter. A weight is dequantised when it is first needed and kept while a
// budget lasts; beyond it, rows are dequantised each time. Engine thread only, except row(), which any thread may call.
#pragma once

#include <vector>

#include "base/result.h"
#include "engine/format/weights.h"
#include "engine/ops/op_list.h"
#include "engine/ops/thread_team.h"

namespace wright::engine {

class WeightStore {
 public:
  // An error names the weight that is missing, of another shape, or of a type that cannot be read.
  static Result<WeightStore> create(std::shared_ptr<const Weights> weights, const OpList& ops);

  // Makes row() fast for this weight if the budget allows.
  void prepare(WeightId id, ThreadTeam& team);
  // Row `i` of the weight (rows of its innermost dimension); `scratch` has room for one row.
  const float* row(WeightId id, std::size_t i, float* scratch) const;
  // A whole small weight.
  const float* all(WeightId id, ThreadTeam& team);
  const TensorView& view(WeightId id) const { return slots_[static_cast<std::size_t>(id)].view; }
  std::size_t resident_bytes() const { return resident_; }

 private:
  struct Slot {
    TensorView view;
    std::vector<float> kept;
    bool in_place = false;  // f32 in the mapped file, aligned
  };
  void keep(Slot& slot, ThreadTeam& team);
  std::shared_ptr<const Weights> weights_;
  std::vector<Slot> slots_;
  std::size_t resident_ = 0;
};

// Whether the checkpoint has the weight in the shape that the op list expects, readable.
Result<TensorView> find_weight(const Weights& weights, const WeightInfo& wanted);

}  // namespace wright::engine
