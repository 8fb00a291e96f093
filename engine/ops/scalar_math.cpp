#include "engine/ops/scalar_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace wright::engine::scalar {
namespace {

using Four = float __attribute__((vector_size(16)));
using Eight = float __attribute__((vector_size(32)));

template <class V>
inline __attribute__((always_inline)) V load(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Sixteen lanes, lane i the sum of products i, i + 16, ...; then lanes l, l + 4 and l + 8, l + 12, then across. Products and
// sums are rounded one by one, so both versions give the same bits; the second is what 256-bit registers make of the first.
float across(Four s) { return (s[0] + s[1]) + (s[2] + s[3]); }

float dot_sse(const float* a, const float* b, std::size_t n) {
  Four s0{}, s1{}, s2{}, s3{};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    s0 += load<Four>(a + i) * load<Four>(b + i);
    s1 += load<Four>(a + i + 4) * load<Four>(b + i + 4);
    s2 += load<Four>(a + i + 8) * load<Four>(b + i + 8);
    s3 += load<Four>(a + i + 12) * load<Four>(b + i + 12);
  }
  float sum = across((s0 + s1) + (s2 + s3));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

__attribute__((target("avx2"))) float dot_avx2(const float* a, const float* b, std::size_t n) {
  Eight s01{}, s23{};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    Eight x[2], y[2];  // no call that returns one: its convention would depend on the caller's instruction set
    std::memcpy(x, a + i, sizeof x);
    std::memcpy(y, b + i, sizeof y);
    s01 += x[0] * y[0];
    s23 += x[1] * y[1];
  }
  float lanes[4];
  for (std::size_t l = 0; l < 4; ++l) lanes[l] = (s01[l] + s01[l + 4]) + (s23[l] + s23[l + 4]);
  float sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

constexpr std::size_t kValueBlock = 16;  // rows of V that are summed in f32 before they join the f64 sum

// sum += weights * values, for the columns from `at`.
void add_values(const float* weights, std::span<const KvRow> rows, std::size_t at, std::vector<double>& sum) {
  std::size_t i = 0;
  for (; i + 4 <= sum.size(); i += 4) {
    Four part{};
    for (std::size_t t = 0; t < rows.size(); ++t) part += weights[t] * load<Four>(rows[t].value + at + i);
    for (std::size_t l = 0; l < 4; ++l) sum[i + l] += part[l];
  }
  for (; i < sum.size(); ++i)
    for (std::size_t t = 0; t < rows.size(); ++t) sum[i] += weights[t] * rows[t].value[at + i];
}

using Activation = float (*)(float);
constexpr Activation kActivations[] = {
    [](float x) { return x * sigmoid(x); },
    [](float x) { return 0.5f * x * (1.0f + std::tanh(0.7978845608028654f * (x + 0.044715f * x * x * x))); },
    [](float x) { return 0.5f * x * (1.0f + std::erf(x * 0.7071067811865476f)); },
    [](float x) { return x > 0.0f ? x * x : 0.0f; },
    sigmoid,
};

// Ids of the `k` largest of `scores`, best first, ties to the lower id; entries at -infinity are not chosen.
std::vector<int> best(const std::vector<float>& scores, int k) {
  std::vector<int> ids(scores.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) { return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)]; });
  ids.resize(static_cast<std::size_t>(k));
  return ids;
}

void softmax(std::vector<float>& x) {
  const float largest = *std::max_element(x.begin(), x.end());
  double sum = 0.0;
  for (float& v : x) sum += static_cast<double>(v = std::exp(v - largest));
  for (float& v : x) v = static_cast<float>(v / sum);
}

// Groups whose experts may be chosen: by their best two choice scores together (sigmoid) or their best one (softmax).
void drop_groups(const RouteParams& p, std::vector<float>& choice) {
  const auto size = static_cast<std::size_t>(p.experts / p.groups);
  std::vector<float> totals;
  for (int g = 0; g < p.groups; ++g) {
    std::vector<float> group(choice.begin() + static_cast<std::ptrdiff_t>(size) * g, choice.begin() + static_cast<std::ptrdiff_t>(size) * (g + 1));
    std::sort(group.begin(), group.end(), std::greater<>());
    totals.push_back(p.sigmoid && size > 1 ? group[0] + group[1] : group[0]);
  }
  std::vector<bool> kept(static_cast<std::size_t>(p.groups), false);
  for (const int g : best(totals, p.top_groups)) kept[static_cast<std::size_t>(g)] = true;
  for (std::size_t e = 0; e < choice.size(); ++e)
    if (!kept[e / size]) choice[e] = -std::numeric_limits<float>::infinity();
}

}  // namespace

float dot(const float* a, const float* b, std::size_t n) {
  static const auto best_dot = __builtin_cpu_supports("avx2") ? dot_avx2 : dot_sse;
  return best_dot(a, b, n);
}

void norm(const NormParams& p, const float* x, const float* weight, const float* bias, float* out, std::size_t width) {
  const std::size_t n = width / static_cast<std::size_t>(p.heads);
  for (std::size_t at = 0; at < width; at += n) {
    double mean = 0.0, square = 0.0;
    if (p.layer_norm) {
      for (std::size_t i = 0; i < n; ++i) mean += x[at + i];
      mean /= static_cast<double>(n);
    }
    for (std::size_t i = 0; i < n; ++i) square += (x[at + i] - mean) * (x[at + i] - mean);
    const double factor = 1.0 / std::sqrt(square / static_cast<double>(n) + static_cast<double>(p.eps));
    for (std::size_t i = 0; i < n; ++i) {
      const auto scaled = static_cast<float>((x[at + i] - mean) * factor);
      out[at + i] = scaled * (p.plus_one ? 1.0f + weight[i] : weight[i]) + (bias ? bias[i] : 0.0f);
    }
  }
}

void rope(const RopeParams& p, const float* factors, int position, const float* x, float* out) {
  const int half = p.rotary_dim / 2;
  std::memcpy(out, x, static_cast<std::size_t>(p.heads * p.head_dim) * sizeof(float));
  for (int i = 0; i < half; ++i) {
    // The angle is rounded to f32, as the models' own code does.
    const float frequency = p.inv_freq[static_cast<std::size_t>(i)] / (factors ? factors[i] : 1.0f);
    const double angle = static_cast<double>(static_cast<float>(position) * frequency);
    const auto c = static_cast<float>(std::cos(angle)) * p.magnitude, s = static_cast<float>(std::sin(angle)) * p.magnitude;
    const int first = p.offset + (p.interleaved ? 2 * i : i), second = first + (p.interleaved ? 1 : half);
    for (int h = 0; h < p.heads; ++h) {
      const float a = x[h * p.head_dim + first], b = x[h * p.head_dim + second];
      out[h * p.head_dim + first] = a * c - b * s;
      out[h * p.head_dim + second] = b * c + a * s;
    }
  }
}

void attend(const AttendParams& p, const float* q, const std::vector<KvRow>& seen, const float* sinks, float* out,
            std::vector<float>& scores) {
  const auto key_dim = static_cast<std::size_t>(p.key_dim), value_dim = static_cast<std::size_t>(p.value_dim);
  scores.resize(seen.size());
  std::vector<double> sum(value_dim);
  for (int h = 0; h < p.heads; ++h) {
    const auto head = static_cast<std::size_t>(h), kv_head = static_cast<std::size_t>(h / (p.heads / p.kv_heads));
    float largest = sinks ? sinks[h] : -std::numeric_limits<float>::infinity();
    for (std::size_t t = 0; t < seen.size(); ++t) {
      float score = dot(q + head * key_dim, seen[t].key + kv_head * key_dim, key_dim) * p.scale;
      if (p.softcap != 0.0f) score = p.softcap * std::tanh(score / p.softcap);
      scores[t] = score;
      largest = std::max(largest, score);
    }
    double total = sinks ? std::exp(static_cast<double>(sinks[h] - largest)) : 0.0;
    for (float& score : scores) total += score = std::exp(score - largest);
    std::fill(sum.begin(), sum.end(), 0.0);
    for (std::size_t t = 0; t < seen.size(); t += kValueBlock)
      add_values(scores.data() + t, {seen.data() + t, std::min(kValueBlock, seen.size() - t)}, kv_head * value_dim, sum);
    for (std::size_t i = 0; i < value_dim; ++i) out[head * value_dim + i] = static_cast<float>(sum[i] / total);
  }
}

void delta_rule(const RecurrentParams& p, const float* q, const float* k, const float* v, const float* beta, const float* decay,
                float* state, float* out) {
  const auto dk = static_cast<std::size_t>(p.key_dim), dv = static_cast<std::size_t>(p.value_dim);
  std::vector<float> delta(dv);
  for (int h = 0; h < p.value_heads; ++h) {
    const auto key_head = static_cast<std::size_t>(h / (p.value_heads / p.key_heads));
    const float *kh = k + key_head * dk, *qh = q + key_head * dk, *vh = v + static_cast<std::size_t>(h) * dv;
    float *s = state + static_cast<std::size_t>(h) * dk * dv, *o = out + static_cast<std::size_t>(h) * dv;
    const float fade = std::exp(decay[h]);
    for (std::size_t i = 0; i < dk * dv; ++i) s[i] *= fade;
    for (std::size_t j = 0; j < dv; ++j) {
      double read = 0.0;
      for (std::size_t i = 0; i < dk; ++i) read += static_cast<double>(s[i * dv + j]) * kh[i];
      delta[j] = static_cast<float>(beta[h] * (vh[j] - read));
    }
    for (std::size_t i = 0; i < dk; ++i)
      for (std::size_t j = 0; j < dv; ++j) s[i * dv + j] += kh[i] * delta[j];
    for (std::size_t j = 0; j < dv; ++j) {
      double read = 0.0;
      for (std::size_t i = 0; i < dk; ++i) read += static_cast<double>(s[i * dv + j]) * qh[i];
      o[j] = static_cast<float>(read);
    }
  }
}

void activate(const ActivateParams& p, const float* gate, const float* up, float* out, std::size_t width) {
  if (p.kind == ActivateParams::Kind::swiglu_clamped) {
    for (std::size_t i = 0; i < width; ++i) {
      const float g = std::min(gate[i], p.limit), u = up ? std::clamp(up[i], -p.limit, p.limit) : 0.0f;
      out[i] = (u + 1.0f) * g * sigmoid(p.alpha * g);
    }
    return;
  }
  const Activation act = kActivations[static_cast<std::size_t>(p.kind)];
  for (std::size_t i = 0; i < width; ++i) out[i] = up ? act(gate[i]) * up[i] : act(gate[i]);
}

void route(const RouteParams& p, const float* logits, const float* bias, float* out) {
  std::vector<float> scores(logits, logits + p.experts);
  if (p.sigmoid) std::transform(scores.begin(), scores.end(), scores.begin(), sigmoid);
  else if (!p.softmax_after_top_k) softmax(scores);
  std::vector<float> choice = scores;
  if (bias)
    for (std::size_t e = 0; e < choice.size(); ++e) choice[e] += bias[e];
  if (p.groups > 1) drop_groups(p, choice);
  const std::vector<int> chosen = best(choice, p.top_k);
  std::vector<float> weights;
  for (const int e : chosen) weights.push_back(scores[static_cast<std::size_t>(e)]);
  if (p.softmax_after_top_k) softmax(weights);
  if (p.renormalise) {
    double sum = p.sigmoid ? 1e-20 : 0.0;
    for (const float w : weights) sum += w;
    for (float& w : weights) w = static_cast<float>(w / sum);
  }
  for (int i = 0; i < p.top_k; ++i) {
    out[i] = static_cast<float>(chosen[static_cast<std::size_t>(i)]);
    out[p.top_k + i] = weights[static_cast<std::size_t>(i)] * p.scaling;
  }
}

}  // namespace wright::engine::scalar
