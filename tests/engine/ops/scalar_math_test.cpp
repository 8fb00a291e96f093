// The reference arithmetic against formulas written out in f64.
#include "engine/ops/scalar_math.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace wright::engine;

namespace {

std::vector<float> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random() % 20001) / 10000.0f - 1.0f;
  return x;
}

}  // namespace

TEST_CASE("ops/scalar_math: dot of every length, and in the documented order") {
  for (std::size_t n = 0; n < 200; ++n) {
    const auto a = noise(n, 1), b = noise(n, 2);
    double exact = 0, size = 0;
    float lanes[16] = {};
    for (std::size_t i = 0; i < n; ++i) exact += static_cast<double>(a[i]) * b[i], size += std::fabs(a[i] * b[i]);
    for (std::size_t i = 0; i < n / 16 * 16; ++i) lanes[i % 16] += a[i] * b[i];
    float four[4];
    for (int l = 0; l < 4; ++l) four[l] = (lanes[l] + lanes[l + 4]) + (lanes[l + 8] + lanes[l + 12]);
    float ordered = (four[0] + four[1]) + (four[2] + four[3]);
    for (std::size_t i = n / 16 * 16; i < n; ++i) ordered += a[i] * b[i];
    const float got = scalar::dot(a.data(), b.data(), n);
    INFO(n);
    CHECK(got == ordered);
    CHECK(std::fabs(got - exact) <= 1e-6 * size + 1e-30);
  }
}

TEST_CASE("ops/scalar_math: norms") {
  const auto x = noise(24, 3), w = noise(12, 4), bias = noise(12, 5);
  for (const bool layer : {false, true}) {
    NormParams p;
    p.heads = 2;
    p.layer_norm = layer;
    p.plus_one = !layer;
    std::vector<float> out(24);
    scalar::norm(p, x.data(), w.data(), layer ? bias.data() : nullptr, out.data(), 24);
    for (std::size_t i = 0; i < 24; ++i) {
      const std::size_t from = i / 12 * 12;
      double mean = 0, square = 0;
      for (std::size_t j = from; j < from + 12; ++j) mean += x[j] / 12.0;
      if (!layer) mean = 0;
      for (std::size_t j = from; j < from + 12; ++j) square += (x[j] - mean) * (x[j] - mean) / 12.0;
      const double weight = w[i % 12] + (layer ? 0.0 : 1.0);
      CHECK(out[i] == Approx((x[i] - mean) / std::sqrt(square + 1e-5) * weight + (layer ? bias[i % 12] : 0.0f)).margin(1e-6));
    }
  }
}

TEST_CASE("ops/scalar_math: rope turns pairs, keeps the rest, and depends on distance alone") {
  RopeParams p;
  p.heads = 1;
  p.head_dim = 8;
  p.rotary_dim = 4;
  p.offset = 2;
  p.inv_freq = {1.0f, 0.1f};
  const auto x = noise(8, 6), y = noise(8, 7);
  for (const bool interleaved : {false, true}) {
    p.interleaved = interleaved;
    std::vector<float> a(8), b(8);
    const auto product = [&](int i, int j) {
      scalar::rope(p, nullptr, i, x.data(), a.data());
      scalar::rope(p, nullptr, j, y.data(), b.data());
      return scalar::dot(a.data(), b.data(), 8);
    };
    CHECK(product(7, 3) == Approx(product(104, 100)).margin(1e-4));
    for (const std::size_t kept : {0, 1, 6, 7}) CHECK(a[kept] == x[kept]);
    scalar::rope(p, nullptr, 5, x.data(), a.data());
    const std::size_t second = interleaved ? 3 : 4;
    CHECK(a[2] == Approx(x[2] * std::cos(5.0) - x[second] * std::sin(5.0)).margin(1e-6));
    const float halved[] = {2.0f, 2.0f};
    scalar::rope(p, halved, 10, x.data(), b.data());
    for (std::size_t i = 0; i < 8; ++i) CHECK(a[i] == b[i]);
  }
}

TEST_CASE("ops/scalar_math: attention with sinks, softcap and a group of heads") {
  AttendParams p;
  p.heads = 4;
  p.kv_heads = 2;
  p.key_dim = 8;
  p.value_dim = 6;
  p.scale = 0.5f;
  const std::size_t n = 37;
  const auto q = noise(32, 8), k = noise(n * 16, 9), v = noise(n * 12, 10), sinks = noise(4, 11);
  std::vector<KvRow> seen;
  for (std::size_t t = 0; t < n; ++t) seen.push_back({k.data() + t * 16, v.data() + t * 12});
  for (const float softcap : {0.0f, 2.0f})
    for (const float* sink : {static_cast<const float*>(nullptr), sinks.data()}) {
      p.softcap = softcap;
      std::vector<float> out(24), scratch;
      scalar::attend(p, q.data(), seen, sink, out.data(), scratch);
      for (std::size_t h = 0; h < 4; ++h) {
        double total = sink ? std::exp(static_cast<double>(sink[h])) : 0.0;
        std::vector<double> sum(6);
        for (std::size_t t = 0; t < n; ++t) {
          double score = 0;
          for (std::size_t i = 0; i < 8; ++i) score += 0.5 * q[h * 8 + i] * k[t * 16 + h / 2 * 8 + i];
          if (softcap != 0.0f) score = softcap * std::tanh(score / softcap);
          total += std::exp(score);
          for (std::size_t i = 0; i < 6; ++i) sum[i] += std::exp(score) * v[t * 12 + h / 2 * 6 + i];
        }
        for (std::size_t i = 0; i < 6; ++i) CHECK(out[h * 6 + i] == Approx(sum[i] / total).margin(1e-6));
      }
    }
}

TEST_CASE("ops/scalar_math: activations") {
  const float g = 0.7f, u = -1.3f;
  const auto on = [&](ActivateParams::Kind kind) {
    ActivateParams p;
    p.kind = kind;
    float out;
    scalar::activate(p, &g, &u, &out, 1);
    return out;
  };
  const double sigmoid = 1 / (1 + std::exp(-0.7));
  CHECK(on(ActivateParams::Kind::silu) == Approx(0.7 * sigmoid * u));
  CHECK(on(ActivateParams::Kind::sigmoid) == Approx(sigmoid * u));
  CHECK(on(ActivateParams::Kind::relu2) == Approx(0.49 * u));
  CHECK(on(ActivateParams::Kind::gelu_erf) == Approx(0.7 * 0.5 * (1 + std::erf(0.7 / std::sqrt(2.0))) * u));
  CHECK(on(ActivateParams::Kind::gelu_tanh) == Approx(0.7 * 0.5 * (1 + std::erf(0.7 / std::sqrt(2.0))) * u).epsilon(1e-3));
  CHECK(on(ActivateParams::Kind::swiglu_clamped) == Approx((u + 1) * 0.7 / (1 + std::exp(-1.702 * 0.7))));
  ActivateParams p;
  p.kind = ActivateParams::Kind::swiglu_clamped;
  const float large = 50.0f;
  float out;
  scalar::activate(p, &large, &large, &out, 1);
  CHECK(out == Approx(8.0 * 7.0));
}

TEST_CASE("ops/scalar_math: routes") {
  RouteParams p;
  p.experts = 6;
  p.top_k = 2;
  const float logits[] = {0.1f, 2.0f, -1.0f, 2.0f, 1.0f, 0.0f};
  float out[4];
  scalar::route(p, logits, nullptr, out);
  CHECK((out[0] == 1 && out[1] == 3));  // ties to the lower id
  CHECK((out[2] == Approx(0.5) && out[3] == Approx(0.5)));
  p.renormalise = false;
  scalar::route(p, logits, nullptr, out);
  double total = 0;
  for (const float l : logits) total += std::exp(l);
  CHECK(out[2] == Approx(std::exp(2.0) / total));
  p.softmax_after_top_k = true;
  scalar::route(p, logits, nullptr, out);
  CHECK(out[2] == Approx(0.5));
  p = {};
  p.experts = 6;
  p.top_k = 2;
  p.sigmoid = true;
  p.scaling = 2.5f;
  const float bias[] = {0, 0, 0, -5, 0, 0};  // steers the choice, not the weight
  scalar::route(p, logits, bias, out);
  const double a = 1 / (1 + std::exp(-2.0)), b = 1 / (1 + std::exp(-1.0));
  CHECK((out[0] == 1 && out[1] == 4));
  CHECK((out[2] == Approx(2.5 * a / (a + b)) && out[3] == Approx(2.5 * b / (a + b))));
  p.groups = 3;  // {0, 1}, {2, 3}, {4, 5}: the last has the best two together
  const float grouped[] = {-9.0f, 3.0f, -9.0f, 1.0f, 2.0f, 2.0f};
  scalar::route(p, grouped, nullptr, out);
  CHECK((out[0] == 4 && out[1] == 5));
}

TEST_CASE("ops/scalar_math: the delta rule stores, corrects and forgets") {
  RecurrentParams p{1, 1, 2, 2, 0};
  float state[4] = {}, out[2];
  const float k[] = {1, 0}, v[] = {3, 4}, w[] = {5, 6}, one = 1, never = 0, half = -0.693147181f;
  scalar::delta_rule(p, k, k, v, &one, &never, state, out);
  CHECK((out[0] == 3 && out[1] == 4));
  scalar::delta_rule(p, k, k, w, &one, &never, state, out);  // the same key again: replaced, not added
  CHECK((out[0] == 5 && out[1] == 6));
  const float other[] = {0, 1};
  scalar::delta_rule(p, k, other, v, &one, &half, state, out);  // reading the first key after it faded by half
  CHECK((out[0] == Approx(2.5) && out[1] == Approx(3)));
}
