// Qwen2 and Qwen2.5 (biases on q, k and v), Qwen3 dense (RMS norm on q and k per head instead). GGUF keeps the half-split
// rope of the published checkpoints.
#include <nlohmann/json.hpp>

#include "engine/model/dense.h"

namespace wright::engine {
namespace {

Result<OpList> build(const Weights& weights, const std::string& name) {
  const bool third = name == "qwen3";
  DenseSpec s;
  if (weights.is_gguf()) {
    WRIGHT_TRY(s, dense_of_gguf(weights, name));
    s.qkv_bias = !third;
  } else {
    const JsonView config(*weights.config(), weights.path() + "/config.json");
    WRIGHT_TRY(s, dense_of_config(weights, config, hub_dense_names()));
    WRIGHT_TRY(const bool slides, config.boolean_or("use_sliding_window", false));
    if (slides) return config.error("use_sliding_window is not supported");
    WRIGHT_TRY(s.qkv_bias, config.boolean_or("attention_bias", !third));
    s.o_bias = third && s.qkv_bias;
  }
  s.qk_norm = third;
  return emit_dense(s);
}

}  // namespace

Result<OpList> build_qwen2(const Weights& weights) { return build(weights, "qwen2"); }
Result<OpList> build_qwen3(const Weights& weights) { return build(weights, "qwen3"); }

}  // namespace wright::engine
