// Dense decoders of the llama family: norm, attention, norm, gated feed-forward. An architecture file reads its
// hyper-parameters into a DenseSpec and says what is special; emit_dense() writes the op list. Pure functions.
#pragma once

#include <string>

#include "engine/format/weights.h"
#include "engine/model/rope_scaling.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

// How a checkpoint names its tensors; names in layers follow layer_prefix + index + ".".
struct DenseNames {
  std::string embed, layer_prefix, attn_norm, q, k, v, o, q_norm, k_norm, ffn_norm, gate, up, down, final_norm, head;
};
DenseNames gguf_dense_names();
DenseNames hub_dense_names(const std::string& prefix = "model.");

struct DenseSpec {
  std::string architecture;
  int n_vocab = 0, n_layers = 0, width = 0, inner = 0, heads = 0, kv_heads = 0, head_dim = 0, rotary_dim = 0, context_length = 0;
  float eps = 1e-5f;
  bool tied = false;           // the head is the embedding table
  bool interleaved = false;    // rope pairs (2i, 2i+1): llama in GGUF, whose q and k rows are permuted for it
  bool qkv_bias = false, o_bias = false, mlp_bias = false;
  bool qk_norm = false;        // RMS norm per head of q and k, before rope
  int window = 0;              // sliding window of every layer, 0: none
  RopeConfig rope;
  std::string rope_factors;    // tensor that divides the frequencies, "" for none
  DenseNames names;
};

// Sizes, eps, tying and rope from GGUF metadata under `prefix`, or from config.json; special fields keep their defaults.
Result<DenseSpec> dense_of_gguf(const Weights& weights, const std::string& prefix);
Result<DenseSpec> dense_of_config(const Weights& weights, const JsonView& config, const DenseNames& names);

OpList emit_dense(const DenseSpec& spec);

}  // namespace wright::engine
