#include "engine/model/rope_scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace wright::engine {
namespace {

constexpr double kPi = 3.14159265358979323846;

double llama3(double frequency, const RopeScaling& s) {
  const double wavelength = 2.0 * kPi / frequency;
  if (wavelength < s.original_context / s.high_freq_factor) return frequency;
  if (wavelength > s.original_context / s.low_freq_factor) return frequency / s.factor;
  const double smooth = (s.original_context / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1.0 - smooth) * frequency / s.factor + smooth * frequency;
}

struct Ramp { double low, high; };

// Between which of the dimensions YaRN goes from extrapolation to interpolation.
Ramp yarn_ramp(int dim, double base, const RopeScaling& s) {
  const auto dimension = [&](double rotations) {
    return dim * std::log(s.original_context / (rotations * 2.0 * kPi)) / (2.0 * std::log(base));
  };
  Ramp ramp{dimension(s.beta_fast), dimension(s.beta_slow)};
  if (s.truncate) ramp = {std::floor(ramp.low), std::ceil(ramp.high)};
  ramp = {std::max(ramp.low, 0.0), std::min(ramp.high, dim - 1.0)};
  if (ramp.low == ramp.high) ramp.high += 0.001;
  return ramp;
}

double mscale(double factor, double scale) { return factor <= 1.0 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0; }

Error bad(std::string message) { return {ErrorKind::invalid, std::move(message), "the model needs a newer Wright, or its files are damaged"}; }

Result<double> positive(const JsonView& scaling, const char* key) {
  WRIGHT_TRY(const JsonView field, scaling.at(key));
  WRIGHT_TRY(const double value, field.number());
  if (!(value > 0.0)) return field.error("expected a positive number");
  return value;
}

Result<void> yarn_of_config(const JsonView& json, RopeScaling& s) {
  WRIGHT_TRY(s.beta_fast, json.number_or("beta_fast", 32.0));
  WRIGHT_TRY(s.beta_slow, json.number_or("beta_slow", 1.0));
  WRIGHT_TRY(s.truncate, json.boolean_or("truncate", true));
  WRIGHT_TRY(const double scale, json.number_or("mscale", 0.0));
  WRIGHT_TRY(const double all_dim, json.number_or("mscale_all_dim", 0.0));
  const double natural = scale != 0.0 && all_dim != 0.0 ? mscale(s.factor, scale) / mscale(s.factor, all_dim) : mscale(s.factor, 1.0);
  WRIGHT_TRY(s.attention_factor, json.number_or("attention_factor", natural));
  return {};
}

Result<RopeScaling> scaling_of_config(const JsonView& json, const JsonView& config) {
  RopeScaling s;
  WRIGHT_TRY(const std::string old_type, json.string_or("type", "default"));
  WRIGHT_TRY(const std::string type, json.string_or("rope_type", old_type));
  if (type == "default") return s;
  if (type == "linear") s.kind = RopeScaling::Kind::linear;
  else if (type == "llama3") s.kind = RopeScaling::Kind::llama3;
  else if (type == "yarn") s.kind = RopeScaling::Kind::yarn;
  else return json.error("unknown rope scaling \"" + type + "\"");
  WRIGHT_TRY(s.factor, positive(json, "factor"));
  if (s.kind == RopeScaling::Kind::linear) return s;
  const bool own = json.has("original_max_position_embeddings");
  WRIGHT_TRY(s.original_context, own ? positive(json, "original_max_position_embeddings") : positive(config, "max_position_embeddings"));
  if (s.kind == RopeScaling::Kind::yarn) {
    WRIGHT_CHECK(yarn_of_config(json, s));
    return s;
  }
  WRIGHT_TRY(s.low_freq_factor, positive(json, "low_freq_factor"));
  WRIGHT_TRY(s.high_freq_factor, positive(json, "high_freq_factor"));
  if (s.high_freq_factor <= s.low_freq_factor) return json.error("high_freq_factor must be larger than low_freq_factor");
  return s;
}

}  // namespace

void set_frequencies(RopeParams& params, double base, const RopeScaling& s) {
  const int dim = params.rotary_dim;
  const Ramp ramp = s.kind == RopeScaling::Kind::yarn ? yarn_ramp(dim, base, s) : Ramp{0, 1};
  params.inv_freq.clear();
  for (int i = 0; i < dim / 2; ++i) {
    double frequency = std::pow(base, -2.0 * i / dim);
    if (s.kind == RopeScaling::Kind::linear) frequency /= s.factor;
    if (s.kind == RopeScaling::Kind::llama3) frequency = llama3(frequency, s);
    if (s.kind == RopeScaling::Kind::yarn) {
      const double interpolate = std::clamp((i - ramp.low) / (ramp.high - ramp.low), 0.0, 1.0);
      frequency = frequency / s.factor * interpolate + frequency * (1.0 - interpolate);
    }
    params.inv_freq.push_back(static_cast<float>(frequency));
  }
  params.magnitude = s.kind == RopeScaling::Kind::yarn ? static_cast<float>(s.attention_factor) : 1.0f;
}

Result<RopeConfig> rope_of_config(const JsonView& config) {
  RopeConfig rope;
  WRIGHT_TRY(rope.base, config.number_or("rope_theta", 10000.0));
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!config.has(key)) continue;
    WRIGHT_TRY(const JsonView json, config.at(key));
    WRIGHT_TRY(rope.base, json.number_or("rope_theta", rope.base));
    WRIGHT_TRY(rope.scaling, scaling_of_config(json, config));
    break;
  }
  if (!(rope.base > 1.0)) return config.error(fmt::format("rope_theta is {}", rope.base));
  return rope;
}

Result<RopeConfig> rope_of_gguf(const Weights& weights, const std::string& prefix) {
  RopeConfig rope;
  const auto number = [&](const char* key, double& value) -> Result<void> {
    if (!weights.meta(prefix + key)) return {};
    WRIGHT_TRY(value, meta_float(weights, prefix + key));
    return {};
  };
  WRIGHT_CHECK(number(".rope.freq_base", rope.base));
  if (!(rope.base > 1.0)) return bad(fmt::format("{}: {}.rope.freq_base is {}", weights.path(), prefix, rope.base));
  RopeScaling& s = rope.scaling;
  std::string type = "none";
  if (weights.meta(prefix + ".rope.scaling.type")) {
    WRIGHT_TRY(type, meta_string(weights, prefix + ".rope.scaling.type"));
  } else if (weights.meta(prefix + ".rope.scale_linear")) {
    type = "linear";
  }
  if (type == "none") return rope;
  if (type == "linear") s.kind = RopeScaling::Kind::linear;
  else if (type == "yarn") s.kind = RopeScaling::Kind::yarn;
  else return bad(fmt::format("{}: {}.rope.scaling.type \"{}\" is unknown", weights.path(), prefix, type));
  const std::string factor = prefix + (weights.meta(prefix + ".rope.scaling.factor") ? ".rope.scaling.factor" : ".rope.scale_linear");
  WRIGHT_TRY(s.factor, meta_float(weights, factor));
  if (!(s.factor > 0.0)) return bad(fmt::format("{}: {} is {}", weights.path(), factor, s.factor));
  if (s.kind == RopeScaling::Kind::linear) return rope;
  WRIGHT_TRY(s.original_context, meta_float(weights, prefix + ".rope.scaling.original_context_length"));
  if (!(s.original_context > 0.0))
    return bad(fmt::format("{}: {}.rope.scaling.original_context_length is {}", weights.path(), prefix, s.original_context));
  WRIGHT_CHECK(number(".rope.scaling.yarn_beta_fast", s.beta_fast));
  WRIGHT_CHECK(number(".rope.scaling.yarn_beta_slow", s.beta_slow));
  double extra = 1.0;
  WRIGHT_CHECK(number(".rope.scaling.attn_factor", extra));
  s.attention_factor = mscale(s.factor, 1.0) * extra;
  return rope;
}

}  // namespace wright::engine
