// The op list: a model's forward pass as plain data, emitted once by its architecture file (engine/model/*.cpp), read by
// the scalar interpreter (engine/ops/interpret.h, the reference) and lowered by backends. Immutable after building.
//
// Values are matrices (n_rows of the pass, width); rows are the pass's new tokens, or only its output rows after
// OpKind::gather_outputs. Weights are named tensors of the checkpoint; an op says in words what shape it expects.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/ops/cache_spec.h"

namespace wright::engine {

using ValueId = std::int32_t;   // index into OpList::values; -1 = none
using WeightId = std::int32_t;  // index into OpList::weights; -1 = none
using CacheId = std::int32_t;   // index into OpList::caches

enum class OpKind : std::uint8_t {
  embed,           // out = table[token]                      weights {table (n_vocab, width)}
  norm,            // RMS or layer norm                       weights {w (width)[, bias]}        NormParams
  linear,          // out = x W^T (+ bias)                    weights {W (out, in)[, bias (out)]}
  grouped_linear,  // per row and chosen expert: x W_e^T      weights {W (experts, out, in)[, bias]}  in {x, route}
  rope,            // rotates heads of x by position          RopeParams (weights {freq_factors} optional)
  attend,          // softmax attention over the cache        in {q, k, v}                       AttendParams
  delta_rule,      // gated delta rule, recurrent             in {q, k, v, beta, decay}          RecurrentParams
  decay_scan,      // s = a*s + (1-a)*x a channel, recurrent  in {x}, weights {a (width)}        RecurrentParams
  add,             // out = a + b
  multiply,        // out = a * b
  scale,           // out = x * factor                        ScaleParams
  activate,        // out = act(gate) * up, or act(x)         in {gate[, up]}                    ActivateParams
  route,           // chooses experts and weights             in {router logits}                 RouteParams
  combine,         // weighted sum of expert rows             in {grouped rows, route}
  split,           // copies columns [from, from + width)     SplitParams
  gather_outputs,  // keeps only the rows whose logits are asked for
  logits,          // as linear; marks the result             weights {W (n_vocab, width)}
};

struct NormParams { float eps = 1e-5f; bool layer_norm = false; int heads = 1; bool plus_one = false; };  // heads > 1: per head
struct RopeParams {
  int heads = 0, head_dim = 0, rotary_dim = 0, offset = 0;  // rotates [offset, offset + rotary_dim) of each head
  bool interleaved = false;                  // pairs (2i, 2i+1) instead of (i, i + rotary_dim/2)
  std::vector<float> inv_freq;               // rotary_dim / 2 angles per position, scaling already applied
  float magnitude = 1.0f;                    // multiplies sin and cos (yarn's mscale)
};
struct AttendParams {
  int heads = 0, kv_heads = 0, key_dim = 0, value_dim = 0;
  float scale = 0.0f;      // of q.k
  int window = 0;          // 0: all; W: position i sees i-W+1..i
  float softcap = 0.0f;    // 0: none; c: c * tanh(x / c)
  CacheId cache = -1;
  WeightId sinks = -1;     // (heads): a logit without value in each head's softmax
};
struct RecurrentParams { int key_heads = 0, value_heads = 0, key_dim = 0, value_dim = 0; CacheId cache = -1; };
struct ScaleParams { float factor = 1.0f; };
struct ActivateParams {
  enum class Kind : std::uint8_t { silu, gelu_tanh, gelu_erf, relu2, sigmoid, swiglu_clamped };
  Kind kind = Kind::silu;
  float alpha = 1.702f, limit = 7.0f;  // swiglu_clamped: min(g, limit), clamp(u), (u + 1) * g * sigmoid(alpha g)
};
struct RouteParams {
  int experts = 0, top_k = 0, groups = 1, top_groups = 1;
  bool sigmoid = false, renormalise = true, softmax_after_top_k = false;
  float scaling = 1.0f;
  WeightId choice_bias = -1;  // (experts): added for the choice only
};
struct SplitParams { int from = 0; };

using OpParams = std::variant<std::monostate, NormParams, RopeParams, AttendParams, RecurrentParams, ScaleParams,
                              ActivateParams, RouteParams, SplitParams>;

struct Op {
  OpKind kind;
  int layer = -1;                  // -1 outside the layers
  std::vector<ValueId> in;
  ValueId out = -1;
  std::vector<WeightId> weights;   // trailing optional ones absent or -1
  OpParams params;
};

struct ValueInfo { std::string name; int width = 0; };
struct WeightInfo {
  std::string name;                 // as in the checkpoint
  std::vector<std::int64_t> shape;  // outermost first
};

struct OpList {
  std::string architecture;
  int n_vocab = 0, n_layers = 0, width = 0, context_length = 0;
  std::vector<ValueInfo> values;
  std::vector<WeightInfo> weights;
  std::vector<CacheSpec> caches;
  std::vector<Op> ops;
  ValueId logits = -1;             // (n_outputs, n_vocab)

  // One op a line: "%5 attn_norm (576) = norm eps=1e-05 %4 [blk.0.attn_norm.weight]".
  std::string dump() const;
  // Widths, arities and ids fit together; the error names the op.
  Result<void> validate() const;
};

}  // namespace wright::engine
