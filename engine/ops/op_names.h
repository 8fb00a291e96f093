// Names and arities of op kinds: one table for the dump, the checks and the memory plan. Immutable, any thread.
#pragma once

#include <string_view>

#include "engine/ops/op_list.h"

namespace wright::engine {

struct OpInfo {
  OpKind kind;
  std::string_view name;
  int min_in, max_in;            // values read
  int min_weights, max_weights;  // weights named in Op::weights
  std::size_t params;            // index of the alternative of OpParams that it needs
};

const OpInfo& op_info(OpKind kind);

}  // namespace wright::engine
