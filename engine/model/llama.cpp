// Llama 1 to 3.x, SmolLM2, Mistral 7B and what else calls itself llama. GGUF stores the rows of q and k permuted, so that
// rope turns neighbouring pairs; llama3's rope scaling comes there as the tensor rope_freqs.weight.
#include <nlohmann/json.hpp>

#include "engine/model/dense.h"

namespace wright::engine {

Result<OpList> build_llama(const Weights& weights) {
  if (weights.is_gguf()) {
    WRIGHT_TRY(DenseSpec s, dense_of_gguf(weights, "llama"));
    s.interleaved = true;
    if (weights.find("rope_freqs.weight")) s.rope_factors = "rope_freqs.weight";
    s.qkv_bias = weights.find("blk.0.attn_q.bias") != nullptr;
    s.o_bias = weights.find("blk.0.attn_output.bias") != nullptr;
    return emit_dense(s);
  }
  const JsonView config(*weights.config(), weights.path() + "/config.json");
  WRIGHT_TRY(DenseSpec s, dense_of_config(weights, config, hub_dense_names()));
  WRIGHT_TRY(s.qkv_bias, config.boolean_or("attention_bias", false));
  s.o_bias = s.qkv_bias;
  WRIGHT_TRY(s.mlp_bias, config.boolean_or("mlp_bias", false));
  if (s.architecture == "mistral") {
    WRIGHT_TRY(const std::int64_t window, config.integer_or("sliding_window", 0));
    if (window < 0 || window > INT32_MAX) return config.error("sliding_window is out of range");
    s.window = static_cast<int>(window);
  }
  return emit_dense(s);
}

}  // namespace wright::engine
