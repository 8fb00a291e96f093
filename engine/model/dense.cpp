#include "engine/model/dense.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/model/op_builder.h"

namespace wright::engine {
namespace {

constexpr std::int64_t kLargest = 1 << 24;  // of any hyper-parameter

Error bad(const Weights& weights, std::string message) {
  return {ErrorKind::invalid, weights.path() + ": " + std::move(message), "the checkpoint is damaged or of another kind"};
}

Result<int> gguf_size(const Weights& weights, const std::string& key) {
  WRIGHT_TRY(const std::int64_t value, meta_int(weights, key));
  if (value < 1 || value > kLargest) return bad(weights, fmt::format("{} is {}", key, value));
  return static_cast<int>(value);
}
Result<int> gguf_size_or(const Weights& weights, const std::string& key, int fallback) {
  return weights.meta(key) ? gguf_size(weights, key) : Result<int>(fallback);
}

Result<int> config_size(const JsonView& config, const char* key) {
  WRIGHT_TRY(const JsonView field, config.at(key));
  WRIGHT_TRY(const std::int64_t value, field.integer());
  if (value < 1 || value > kLargest) return field.error(fmt::format("{} is out of range", value));
  return static_cast<int>(value);
}
Result<int> config_size_or(const JsonView& config, const char* key, int fallback) {
  return config.has(key) ? config_size(config, key) : Result<int>(fallback);
}

// The vocabulary is as long as the embedding table; its own count may be padded differently or absent.
Result<int> vocabulary_size(const Weights& weights, const std::string& embed) {
  const TensorView* table = weights.find(embed);
  if (!table) return bad(weights, "tensor " + embed + " is missing");
  if (table->rank != 2 || table->shape[0] > kLargest) return bad(weights, "tensor " + embed + " is no table of embeddings");
  return static_cast<int>(table->shape[0]);
}

Result<void> check(const Weights& weights, const DenseSpec& s) {
  if (s.heads % s.kv_heads != 0) return bad(weights, fmt::format("{} heads are no multiple of {} kv heads", s.heads, s.kv_heads));
  if (s.rotary_dim > s.head_dim || s.rotary_dim % 2 != 0)
    return bad(weights, fmt::format("cannot rotate {} of {} values of a head", s.rotary_dim, s.head_dim));
  if (!(s.eps > 0.0f)) return bad(weights, "the norm's epsilon is not positive");
  return {};
}

struct Emitter {
  const DenseSpec& s;
  OpBuilder b;
  WeightId factors = -1;

  explicit Emitter(const DenseSpec& spec) : s(spec), b(spec.architecture, spec.n_vocab, spec.n_layers, spec.width, spec.context_length) {}

  std::string in_layer(int layer, const std::string& name) const { return s.names.layer_prefix + std::to_string(layer) + "." + name; }
  ValueId linear(int layer, ValueId x, const std::string& weight, int out, bool bias, const char* name) {
    const std::string full = in_layer(layer, weight);
    const WeightId w = b.weight(full + ".weight", {out, b.width(x)});
    return b.linear(x, w, name, bias ? b.weight(full + ".bias", {out}) : -1);
  }
  ValueId norm(ValueId x, const std::string& weight, const char* name, int heads = 1) {
    NormParams p;
    p.eps = s.eps;
    p.heads = heads;
    return b.norm(x, b.weight(weight + ".weight", {b.width(x) / heads}), p, name);
  }
  ValueId rope(ValueId x, int heads, const char* name) {
    RopeParams p;
    p.heads = heads;
    p.head_dim = s.head_dim;
    p.rotary_dim = s.rotary_dim;
    p.interleaved = s.interleaved;
    set_frequencies(p, s.rope.base, s.rope.scaling);
    return b.rope(x, std::move(p), name, factors);
  }

  ValueId attention(int layer, ValueId x) {
    ValueId q = linear(layer, x, s.names.q, s.heads * s.head_dim, s.qkv_bias, "q");
    ValueId k = linear(layer, x, s.names.k, s.kv_heads * s.head_dim, s.qkv_bias, "k");
    const ValueId v = linear(layer, x, s.names.v, s.kv_heads * s.head_dim, s.qkv_bias, "v");
    if (s.qk_norm) {
      q = norm(q, in_layer(layer, s.names.q_norm), "q_norm", s.heads);
      k = norm(k, in_layer(layer, s.names.k_norm), "k_norm", s.kv_heads);
    }
    CacheSpec cache;
    cache.kind = s.window ? CacheSpec::Kind::window : CacheSpec::Kind::full;
    cache.kv_heads = s.kv_heads;
    cache.key_dim = cache.value_dim = s.head_dim;
    cache.window = s.window;
    AttendParams p;
    p.heads = s.heads;
    p.kv_heads = s.kv_heads;
    p.key_dim = p.value_dim = s.head_dim;
    p.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(s.head_dim)));
    p.window = s.window;
    p.cache = b.cache(cache);
    const ValueId y = b.attend(rope(q, s.heads, "q_rope"), rope(k, s.kv_heads, "k_rope"), v, p, "attend");
    return linear(layer, y, s.names.o, s.width, s.o_bias, "attn_out");
  }

  ValueId feed_forward(int layer, ValueId x) {
    const ValueId gate = linear(layer, x, s.names.gate, s.inner, s.mlp_bias, "gate");
    const ValueId up = linear(layer, x, s.names.up, s.inner, s.mlp_bias, "up");
    return linear(layer, b.activate(ActivateParams::Kind::silu, gate, up, "act"), s.names.down, s.width, s.mlp_bias, "ffn_out");
  }

  OpList run() {
    const WeightId table = b.weight(s.names.embed, {s.n_vocab, s.width});
    if (!s.rope_factors.empty()) factors = b.weight(s.rope_factors, {s.rotary_dim / 2});
    ValueId x = b.embed(table, "embed");
    for (int layer = 0; layer < s.n_layers; ++layer) {
      b.layer(layer);
      x = b.add(x, attention(layer, norm(x, in_layer(layer, s.names.attn_norm), "attn_norm")), "attn_sum");
      x = b.add(x, feed_forward(layer, norm(x, in_layer(layer, s.names.ffn_norm), "ffn_norm")), "out");
    }
    b.layer(-1);
    x = norm(b.gather_outputs(x, "outputs"), s.names.final_norm, "final_norm");
    return b.finish(x, s.tied ? table : b.weight(s.names.head, {s.n_vocab, s.width}));
  }
};

}  // namespace

DenseNames gguf_dense_names() {
  return {"token_embd.weight", "blk.", "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "attn_q_norm", "attn_k_norm",
          "ffn_norm", "ffn_gate", "ffn_up", "ffn_down", "output_norm", "output.weight"};
}

DenseNames hub_dense_names(const std::string& prefix) {
  return {prefix + "embed_tokens.weight", prefix + "layers.", "input_layernorm", "self_attn.q_proj", "self_attn.k_proj",
          "self_attn.v_proj", "self_attn.o_proj", "self_attn.q_norm", "self_attn.k_norm", "post_attention_layernorm",
          "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", prefix + "norm", "lm_head.weight"};
}

Result<DenseSpec> dense_of_gguf(const Weights& weights, const std::string& prefix) {
  DenseSpec s;
  s.architecture = prefix;
  s.names = gguf_dense_names();
  WRIGHT_TRY(s.n_vocab, vocabulary_size(weights, s.names.embed));
  WRIGHT_TRY(s.n_layers, gguf_size(weights, prefix + ".block_count"));
  WRIGHT_TRY(s.width, gguf_size(weights, prefix + ".embedding_length"));
  WRIGHT_TRY(s.inner, gguf_size(weights, prefix + ".feed_forward_length"));
  WRIGHT_TRY(s.heads, gguf_size(weights, prefix + ".attention.head_count"));
  WRIGHT_TRY(s.kv_heads, gguf_size_or(weights, prefix + ".attention.head_count_kv", s.heads));
  WRIGHT_TRY(s.head_dim, gguf_size_or(weights, prefix + ".attention.key_length", std::max(1, s.width / s.heads)));
  WRIGHT_TRY(const int value_dim, gguf_size_or(weights, prefix + ".attention.value_length", s.head_dim));
  if (value_dim != s.head_dim) return bad(weights, fmt::format("{}.attention.value_length is {}, the keys have {}", prefix, value_dim, s.head_dim));
  WRIGHT_TRY(s.rotary_dim, gguf_size_or(weights, prefix + ".rope.dimension_count", s.head_dim));
  WRIGHT_TRY(s.context_length, gguf_size(weights, prefix + ".context_length"));
  WRIGHT_TRY(const double eps, meta_float(weights, prefix + ".attention.layer_norm_rms_epsilon"));
  s.eps = static_cast<float>(eps);
  s.tied = !weights.find(s.names.head);
  WRIGHT_TRY(s.rope, rope_of_gguf(weights, prefix));
  WRIGHT_CHECK(check(weights, s));
  return s;
}

Result<DenseSpec> dense_of_config(const Weights& weights, const JsonView& config, const DenseNames& names) {
  DenseSpec s;
  s.names = names;
  if (config.has("quantization_config"))
    return Error{ErrorKind::model, weights.path() + ": config.json has a quantization_config, which this architecture does not read",
                 "use the unquantised checkpoint or a GGUF of the model"};
  WRIGHT_TRY(s.architecture, config.string_or("model_type", ""));
  WRIGHT_TRY(s.n_vocab, vocabulary_size(weights, s.names.embed));
  WRIGHT_TRY(s.n_layers, config_size(config, "num_hidden_layers"));
  WRIGHT_TRY(s.width, config_size(config, "hidden_size"));
  WRIGHT_TRY(s.inner, config_size(config, "intermediate_size"));
  WRIGHT_TRY(s.heads, config_size(config, "num_attention_heads"));
  WRIGHT_TRY(s.kv_heads, config_size_or(config, "num_key_value_heads", s.heads));
  WRIGHT_TRY(s.head_dim, config_size_or(config, "head_dim", std::max(1, s.width / s.heads)));
  s.rotary_dim = s.head_dim;
  WRIGHT_TRY(s.context_length, config_size(config, "max_position_embeddings"));
  WRIGHT_TRY(const JsonView eps_field, config.at("rms_norm_eps"));
  WRIGHT_TRY(const double eps, eps_field.number());
  s.eps = static_cast<float>(eps);
  WRIGHT_TRY(s.tied, config.boolean_or("tie_word_embeddings", false));
  WRIGHT_TRY(const std::string activation, config.string_or("hidden_act", "silu"));
  if (activation != "silu") return config.error("hidden_act \"" + activation + "\" is not supported");
  WRIGHT_TRY(s.rope, rope_of_config(config));
  WRIGHT_CHECK(check(weights, s));
  return s;
}

OpList emit_dense(const DenseSpec& spec) { return Emitter(spec).run(); }

}  // namespace wright::engine
