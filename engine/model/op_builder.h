// Writes an op list line by line: what architecture files (and toy models of tests) are made of. Single-threaded; takes ids
// on trust, OpList::validate() checks the result.
#pragma once

#include <string>
#include <unordered_map>

#include "engine/ops/op_list.h"

namespace wright::engine {

class OpBuilder {
 public:
  OpBuilder(std::string architecture, int n_vocab, int n_layers, int width, int context_length);

  void layer(int index) { layer_ = index; }  // of the ops that follow; -1 outside the layers
  WeightId weight(const std::string& name, std::vector<std::int64_t> shape);  // one id a name
  CacheId cache(CacheSpec spec);              // spec.layer is the current layer

  ValueId embed(WeightId table, const std::string& name);
  ValueId norm(ValueId x, WeightId weight, NormParams params, const std::string& name);
  ValueId linear(ValueId x, WeightId weight, const std::string& name, WeightId bias = -1);
  ValueId rope(ValueId x, RopeParams params, const std::string& name, WeightId factors = -1);
  ValueId attend(ValueId q, ValueId k, ValueId v, AttendParams params, const std::string& name);
  ValueId add(ValueId a, ValueId b, const std::string& name);
  ValueId scale(ValueId x, float factor, const std::string& name);
  ValueId activate(ActivateParams::Kind kind, ValueId gate, ValueId up, const std::string& name);  // up -1: none
  ValueId gather_outputs(ValueId x, const std::string& name);
  // Any op, with the width of what it writes.
  ValueId op(OpKind kind, std::vector<ValueId> in, int width, const std::string& name, std::vector<WeightId> weights = {},
             OpParams params = {});
  int width(ValueId v) const { return list_.values[static_cast<std::size_t>(v)].width; }

  // Ends the list with the logits; the builder is spent.
  OpList finish(ValueId x, WeightId head);

 private:
  OpList list_;
  std::unordered_map<std::string, WeightId> ids_;
  int layer_ = -1;
};

}  // namespace wright::engine
