// The table of architectures: one file each (engine/model/llama.cpp …), which reads hyper-parameters and emits the op list.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

struct Architecture {
  std::string_view name;             // "llama"
  std::string_view gguf_names;       // general.architecture values, comma separated
  std::string_view hub_model_types;  // config.json model_type values, comma separated
  std::string_view doc;              // models it runs
  Result<OpList> (*build)(const Weights& weights);
};

std::span<const Architecture> architectures();

// Finds the architecture, builds and validates its op list, and checks that every weight is there with its shape.
Result<std::shared_ptr<const OpList>> build_op_list(const Weights& weights);

}  // namespace wright::engine
