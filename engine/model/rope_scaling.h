// Frequencies of rotary embeddings with the scalings that checkpoints publish: linear, llama3, yarn. Pure functions.
// Source: the definitions in HuggingFace transformers (modeling_rope_utils) and the YaRN paper (arXiv 2309.00071).
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

struct RopeScaling {
  enum class Kind { none, linear, llama3, yarn };
  Kind kind = Kind::none;
  double factor = 1.0;
  double original_context = 0;                            // llama3, yarn
  double low_freq_factor = 1.0, high_freq_factor = 4.0;   // llama3
  double beta_fast = 32.0, beta_slow = 1.0;               // yarn
  double attention_factor = 1.0;                          // yarn: multiplies sin and cos
  bool truncate = true;                                   // yarn: whole ramp bounds
};

// inv_freq and magnitude of `params`, from its rotary_dim.
void set_frequencies(RopeParams& params, double base, const RopeScaling& scaling);

struct RopeConfig { double base = 10000.0; RopeScaling scaling; };
// From config.json: rope_theta with rope_scaling (`type` or `rope_type`), or the newer rope_parameters. A scaling that is
// not known is an error that names it; so is a missing factor.
Result<RopeConfig> rope_of_config(const JsonView& config);
// From GGUF metadata: PREFIX.rope.freq_base, PREFIX.rope.scaling.*.
Result<RopeConfig> rope_of_gguf(const Weights& weights, const std::string& prefix);

}  // namespace wright::engine
