#include "engine/model/architecture.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/ops/weight_store.h"

namespace wright::engine {

Result<OpList> build_llama(const Weights& weights);  // llama.cpp
Result<OpList> build_qwen2(const Weights& weights);  // qwen.cpp
Result<OpList> build_qwen3(const Weights& weights);

namespace {

constexpr Architecture kArchitectures[] = {
    {"llama", "llama", "llama,mistral", "Llama 2, 3.x, SmolLM2, Mistral 7B", build_llama},
    {"qwen2", "qwen2", "qwen2", "Qwen2, Qwen2.5, Qwen2.5-Coder", build_qwen2},
    {"qwen3", "qwen3", "qwen3", "Qwen3 dense", build_qwen3},
};

bool listed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

Result<const Architecture*> find(const Weights& weights) {
  std::string name;
  if (weights.is_gguf()) {
    WRIGHT_TRY(name, meta_string(weights, "general.architecture"));
  } else {
    WRIGHT_TRY(const JsonView type, JsonView(*weights.config(), weights.path() + "/config.json").at("model_type"));
    WRIGHT_TRY(name, type.string());
  }
  std::string known;
  for (const Architecture& a : kArchitectures) {
    const std::string_view names = weights.is_gguf() ? a.gguf_names : a.hub_model_types;
    if (listed(names, name)) return &a;
    known += (known.empty() ? "" : ", ") + std::string(names);
  }
  return Error{ErrorKind::model, fmt::format("{}: the architecture {} is not known", weights.path(), dump_json(Json(name.substr(0, 80)))),
               "known are: " + known};
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

Result<std::shared_ptr<const OpList>> build_op_list(const Weights& weights) {
  WRIGHT_TRY(const Architecture* architecture, find(weights));
  WRIGHT_TRY(OpList ops, architecture->build(weights));
  WRIGHT_CHECK(ops.validate());
  for (const WeightInfo& wanted : ops.weights) WRIGHT_CHECK(find_weight(weights, wanted));
  return std::make_shared<const OpList>(std::move(ops));
}

}  // namespace wright::engine
