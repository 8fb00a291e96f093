#include "engine/ops/weight_store.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "engine/tensor/quant.h"

namespace wright::engine {
namespace {

// Types whose bytes alone say the value. Bytes of integers and 8-bit floats need scales that stand in other tensors.
bool is_number(DType type) {
  const DTypeInfo& d = info(type);
  return can_dequantise(type) && (d.block_elements > 1 || type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::f64);
}

}  // namespace

Result<TensorView> find_weight(const Weights& weights, const WeightInfo& wanted) {
  const TensorView* view = weights.find(wanted.name);
  if (!view)
    return Error{ErrorKind::invalid, fmt::format("{}: tensor {} is missing", weights.path(), wanted.name),
                 "the checkpoint is incomplete; fetch it again"};
  const std::vector<std::int64_t> shape(view->shape.begin(), view->shape.begin() + view->rank);
  if (shape != wanted.shape)
    return Error{ErrorKind::invalid,
                 fmt::format("{}: tensor {} has shape ({}), its model needs ({})", weights.path(), wanted.name, fmt::join(shape, ", "),
                             fmt::join(wanted.shape, ", ")),
                 "the checkpoint does not fit its own hyper-parameters; fetch it again"};
  if (!is_number(view->type))
    return Error{ErrorKind::model, fmt::format("{}: tensor {} has type {}, whose scales this architecture does not read", weights.path(),
                                               wanted.name, info(view->type).name), "choose another quantisation of the model"};
  return *view;
}

Result<WeightStore> WeightStore::create(std::shared_ptr<const Weights> weights, const OpList& ops) {
  WeightStore store;
  for (const WeightInfo& wanted : ops.weights) {
    WRIGHT_TRY(const TensorView view, find_weight(*weights, wanted));
    const bool aligned = reinterpret_cast<std::uintptr_t>(view.data) % alignof(float) == 0;
    store.slots_.push_back({view, {}, view.type == DType::f32 && aligned});
  }
  store.weights_ = std::move(weights);
  return store;
}

void WeightStore::keep(Slot& slot, ThreadTeam& team) {
  if (slot.in_place || !slot.kept.empty()) return;
  const auto rows = static_cast<std::size_t>(slot.view.rows()), cols = static_cast<std::size_t>(slot.view.cols());
  slot.kept.resize(rows * cols);
  resident_ += slot.kept.size() * sizeof(float);
  const std::size_t stride = slot.view.row_bytes();
  team.run(rows, 1 + 65536 / (cols + 1), [&](std::size_t begin, std::size_t end) {
    dequantise(slot.view.type, slot.view.data + begin * stride, slot.kept.data() + begin * cols, (end - begin) * cols);
  });
}

void WeightStore::prepare(WeightId id, ThreadTeam& team) {
  Slot& slot = slots_[static_cast<std::size_t>(id)];
  const std::size_t bytes = static_cast<std::size_t>(slot.view.elements()) * sizeof(float);
  if (resident_ + bytes <= limits::kReferenceWeightBytes) keep(slot, team);
}

const float* WeightStore::all(WeightId id, ThreadTeam& team) {
  Slot& slot = slots_[static_cast<std::size_t>(id)];
  keep(slot, team);
  return slot.in_place ? reinterpret_cast<const float*>(slot.view.data) : slot.kept.data();
}

const float* WeightStore::row(WeightId id, std::size_t i, float* scratch) const {
  const Slot& slot = slots_[static_cast<std::size_t>(id)];
  const auto cols = static_cast<std::size_t>(slot.view.cols());
  if (slot.in_place) return reinterpret_cast<const float*>(slot.view.data) + i * cols;
  if (!slot.kept.empty()) return slot.kept.data() + i * cols;
  dequantise(slot.view.type, slot.view.data + i * slot.view.row_bytes(), scratch, cols);
  return scratch;
}

}  // namespace wright::engine
