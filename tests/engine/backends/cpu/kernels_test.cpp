// Every kernel of every instruction set that this machine has, against plain f64 loops, over shapes, odd sizes and
// misalignment; and that bits do not depend on how many rows a call brings.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/logprobs.h"
#include "engine/backends/cpu/pack.h"
#include "engine/tensor/quant.h"

using namespace wright::engine;
using namespace wright::engine::cpu;

namespace {

// Largest error allowed, relative to the sum of the absolute products (f32 sums of some thousand terms; f16 sub-scales).
constexpr struct { DType type; double tolerance; } kTypes[] = {
    {DType::f32, 1e-5}, {DType::f16, 1e-5}, {DType::bf16, 1e-5}, {DType::q4_0, 1e-5},
    {DType::q4_1, 1e-5}, {DType::q8_0, 2e-5}, {DType::q4_k, 1e-3}, {DType::q6_k, 1e-3},
};

std::vector<float> random_floats(std::size_t n, std::mt19937& rng, float scale = 1.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> v(n);
  for (float& x : v) x = normal(rng);
  return v;
}

// Rows of a weight in `type`'s blocks; k-quants get random codes with ordinary scales.
std::vector<std::byte> random_weight(DType type, int columns, int inner, std::mt19937& rng) {
  const auto n = static_cast<std::size_t>(columns) * static_cast<std::size_t>(inner);
  std::vector<std::byte> bytes(bytes_of(type, n));
  if (type == DType::f32) {
    const auto values = random_floats(n, rng);
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else if (can_quantise(type)) {
    const auto values = random_floats(n, rng);
    quantise(type, values.data(), bytes.data(), n);
  } else {
    for (std::byte& b : bytes) b = static_cast<std::byte>(rng());
    const auto block = static_cast<std::size_t>(info(type).block_bytes);
    for (std::size_t at = 0; at < bytes.size(); at += block) {
      const std::uint16_t d = float_to_half(0.01f), dmin = float_to_half(0.02f);
      if (type == DType::q4_k) {
        std::memcpy(&bytes[at], &d, 2);
        std::memcpy(&bytes[at + 2], &dmin, 2);
      } else {
        std::memcpy(&bytes[at + offsetof(BlockQ6_K, d)], &d, 2);
      }
    }
  }
  return bytes;
}

struct Quantised {
  std::vector<std::int8_t> q;
  std::vector<float> d, s, h;
};
Quantised quantise_rows(const Kernels& k, const std::vector<float>& x, int rows, int inner) {
  const auto r = static_cast<std::size_t>(rows), n = static_cast<std::size_t>(inner);
  Quantised out{std::vector<std::int8_t>(r * n), std::vector<float>(r * n / 32), std::vector<float>(r * n / 32),
                std::vector<float>(r * n / 16)};
  for (std::size_t i = 0; i < r; ++i)
    k.quantise(&x[i * n], inner, &out.q[i * n], &out.d[i * n / 32], &out.s[i * n / 32], &out.h[i * n / 16]);
  return out;
}

void check_linear(const Kernels& k, DType type, double tolerance, int columns, int inner, int rows) {
  std::mt19937 rng(static_cast<unsigned>(columns * 131 + inner * 7 + rows));
  const auto weight = random_weight(type, columns, inner, rng);
  const auto row_bytes = bytes_of(type, static_cast<std::size_t>(inner));
  const auto pack = pack_for(type, "w");
  REQUIRE(pack.ok());
  PackedMatrix m = packed_shape(*pack, columns, inner);
  std::vector<std::byte> packed(packed_bytes(m) + 8192 + 64);
  std::byte* at = packed.data() + (64 - reinterpret_cast<std::uintptr_t>(packed.data()) % 64);
  pack_tiles(m, type, weight.data(), row_bytes, 0, m.tiles(), at);
  m.data = at;
  // One float off alignment, and a stride beyond the width.
  const std::size_t stride = static_cast<std::size_t>(inner) + 5;
  std::vector<float> x(static_cast<std::size_t>(rows) * stride + 1);
  const auto values = random_floats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(inner), rng);
  for (int r = 0; r < rows; ++r)
    std::copy_n(&values[static_cast<std::size_t>(r * inner)], inner, x.begin() + 1 + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(r) * stride));
  const auto bias = random_floats(static_cast<std::size_t>(columns), rng);
  Activations in{x.data() + 1, stride};
  Quantised q;
  if (m.quantised()) {
    q = quantise_rows(k, values, rows, inner);
    in = {nullptr, 0, q.q.data(), q.d.data(), q.s.data(), q.h.data()};
  }
  const std::size_t out_stride = static_cast<std::size_t>(columns) + 3;
  std::vector<float> out(static_cast<std::size_t>(rows) * out_stride, 777.0f);
  const auto fn = k.linear[static_cast<int>(m.pack)];
  fn({&m, 0, m.tiles(), in, rows, out.data(), out_stride, bias.data()});
  std::vector<float> w(static_cast<std::size_t>(inner));
  for (int c = 0; c < columns; ++c) {
    dequantise(type, weight.data() + static_cast<std::size_t>(c) * row_bytes, w.data(), w.size());
    for (int r = 0; r < rows; ++r) {
      double sum = bias[static_cast<std::size_t>(c)], absolute = std::fabs(sum) + 1e-3;
      for (int i = 0; i < inner; ++i) {
        const auto e = static_cast<std::size_t>(r * inner + i);
        const double a = m.quantised() ? static_cast<double>(q.d[e / 32]) * q.q[e] : values[e];
        sum += a * w[static_cast<std::size_t>(i)];
        absolute += std::fabs(a * w[static_cast<std::size_t>(i)]);
      }
      INFO(k.name << " " << info(type).name << " " << columns << "x" << inner << " row " << r << " column " << c);
      REQUIRE(std::fabs(out[static_cast<std::size_t>(r) * out_stride + static_cast<std::size_t>(c)] - sum) <= tolerance * absolute);
    }
  }
  for (int r = 0; r < rows; ++r) REQUIRE(out[static_cast<std::size_t>(r + 1) * out_stride - 1] == 777.0f);
  // The last row alone, and tile by tile: the same bits.
  std::vector<float> alone(out_stride, 777.0f);
  Activations last = in;
  const auto r = static_cast<std::size_t>(rows - 1), n = static_cast<std::size_t>(inner);
  if (m.quantised()) last = {nullptr, 0, in.q + r * n, in.d + r * n / 32, in.s + r * n / 32, in.h + r * n / 16};
  else last.x += r * stride;
  for (int t = 0; t < m.tiles(); ++t) fn({&m, t, t + 1, last, 1, alone.data(), out_stride, bias.data()});
  REQUIRE(std::memcmp(alone.data(), out.data() + r * out_stride, static_cast<std::size_t>(columns) * 4) == 0);
}

}  // namespace

TEST_CASE("cpu kernels: linear against f64", "[cpu]") {
  for (const Kernels* k : supported_kernels())
    for (const auto& t : kTypes) {
      const int block = std::max(info(t.type).block_elements, 1);
      for (const int columns : {1, 16, 37, 96})
        for (const int inner : {block, 3 * block, block == 1 ? 65 : 5 * block})
          for (const int rows : {1, 2, 3, 5, 8, 13, 33}) check_linear(*k, t.type, t.tolerance, columns, inner, rows);
    }
}

TEST_CASE("cpu kernels: AMX has the bits of VNNI", "[cpu]") {
  const auto amx = kernels_for("amx");
  if (!amx.ok()) {
    WARN("skipped: this processor or its kernel has no AMX");
    return;
  }
  REQUIRE(std::string((*amx)->name) == "amx-int8");
  std::mt19937 rng(12);
  for (const DType type : {DType::q4_0, DType::q4_1, DType::q8_0, DType::q4_k, DType::q6_k})
    for (const int inner : {256, 768, 1792})
      for (const int rows : {15, 16, 17, 26, 31, 48, 65}) {
        const int columns = 83;
        const auto weight = random_weight(type, columns, inner, rng);
        PackedMatrix m = packed_shape(*pack_for(type, "w"), columns, inner);
        std::vector<std::byte> packed(packed_bytes(m) + 8192 + 64);
        std::byte* at = packed.data() + (64 - reinterpret_cast<std::uintptr_t>(packed.data()) % 64);
        pack_tiles(m, type, weight.data(), bytes_of(type, static_cast<std::size_t>(inner)), 0, m.tiles(), at);
        m.data = at;
        const auto q = quantise_rows(**amx, random_floats(static_cast<std::size_t>(rows * inner), rng), rows, inner);
        const Activations in{nullptr, 0, q.q.data(), q.d.data(), q.s.data(), q.h.data()};
        std::vector<float> a(static_cast<std::size_t>(rows * columns), 1.0f), b(a.size(), 2.0f);
        const auto pack = static_cast<std::size_t>(m.pack);
        linear_amx().linear[pack]({&m, 0, m.tiles(), in, rows, a.data(), static_cast<std::size_t>(columns), nullptr});
        linear_vnni().linear[pack]({&m, 0, m.tiles(), in, rows, b.data(), static_cast<std::size_t>(columns), nullptr});
        INFO(info(type).name << " inner " << inner << " rows " << rows);
        REQUIRE(std::memcmp(a.data(), b.data(), a.size() * 4) == 0);
      }
}

TEST_CASE("cpu kernels: quantised activations are within half a step", "[cpu]") {
  std::mt19937 rng(5);
  for (const Kernels* k : supported_kernels()) {
    auto x = random_floats(96, rng, 3.0f);
    std::fill(x.begin() + 32, x.begin() + 64, 0.0f);
    const Quantised q = quantise_rows(*k, x, 1, 96);
    for (std::size_t b = 0; b < 3; ++b) {
      int sum = 0;
      for (std::size_t i = b * 32; i < b * 32 + 32; ++i) {
        REQUIRE(std::fabs(x[i] - q.d[b] * static_cast<float>(q.q[i])) <= q.d[b] * 0.5001f);
        sum += q.q[i];
      }
      REQUIRE(q.s[b] == Approx(q.d[b] * static_cast<float>(sum)).margin(1e-6));
      REQUIRE(q.h[2 * b] + q.h[2 * b + 1] == Approx(q.s[b]).margin(1e-4));
    }
  }
}

TEST_CASE("cpu kernels: norms", "[cpu]") {
  std::mt19937 rng(6);
  for (const Kernels* k : supported_kernels())
    for (const int n : {1, 3, 16, 31, 64, 577})
      for (const bool layer : {false, true})
        for (const bool plus_one : {false, true}) {
          const auto size = static_cast<std::size_t>(n);
          auto x = random_floats(size + 1, rng);
          const auto w = random_floats(size, rng), bias = random_floats(size, rng);
          std::vector<float> out(size + 1, 777.0f);
          k->norm({x.data() + 1, w.data(), layer ? bias.data() : nullptr, out.data(), n, 1e-5f, layer, plus_one});
          double mean = 0, square = 0;
          for (std::size_t i = 0; i < size && layer; ++i) mean += x[i + 1] / n;
          for (std::size_t i = 0; i < size; ++i) square += (x[i + 1] - mean) * (x[i + 1] - mean) / n;
          for (std::size_t i = 0; i < size; ++i) {
            const double y = (x[i + 1] - mean) / std::sqrt(square + 1e-5) * (w[i] + (plus_one ? 1 : 0)) + (layer ? bias[i] : 0);
            INFO(k->name << " n " << n << " i " << i);
            REQUIRE(out[i] == Approx(y).epsilon(1e-5).margin(1e-5));
          }
          REQUIRE(out[size] == 777.0f);
        }
}

TEST_CASE("cpu kernels: sums of exponentials", "[cpu]") {
  std::mt19937 rng(8);
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Kernels* k : supported_kernels()) {
    for (const int n : {1, 7, 16, 33, 511, 512}) {
      auto x = random_floats(static_cast<std::size_t>(n) + 1, rng, 6.0f);
      x.back() = 777.0f;  // not part of it
      double total = 0, most = -1e9;
      for (int i = 0; i < n; ++i) most = std::max(most, static_cast<double>(x[static_cast<std::size_t>(i)]));
      for (int i = 0; i < n; ++i) total += std::exp(x[static_cast<std::size_t>(i)] - most);
      float m, s;
      k->exp_sum(x.data(), n, &m, &s);
      INFO(k->name << " n " << n);
      REQUIRE(static_cast<double>(m) == most);
      REQUIRE(static_cast<double>(s) == Approx(total).epsilon(2e-6));
      for (const int at : {0, n / 2, n - 1}) {
        auto odd = x;
        odd[static_cast<std::size_t>(at)] = kNan;
        k->exp_sum(odd.data(), n, &m, &s);
        REQUIRE(std::isnan(s));
        REQUIRE(std::isnan(log_sum_exp(*k, odd)));
      }
    }
    // Over many chunks; minus infinity counts nothing, and nothing but it is minus infinity.
    auto x = random_floats(3 * kSumChunk + 100, rng, 9.0f);
    std::fill_n(x.begin(), kSumChunk + 10, -kInfinity);
    double total = 0;
    for (const float v : x) total += std::exp(static_cast<double>(v));
    REQUIRE(log_sum_exp(*k, x) == Approx(std::log(total)).epsilon(1e-6));
    REQUIRE(log_sum_exp(*k, std::span(x).first(kSumChunk + 3)) == -kInfinity);
    x[700] = kInfinity;
    REQUIRE(log_sum_exp(*k, x) == kInfinity);
    x[1600] = kNan;
    REQUIRE(std::isnan(log_sum_exp(*k, x)));
  }
}

TEST_CASE("cpu kernels: activations", "[cpu]") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (const Kernels* k : supported_kernels())
    for (int kind = 0; kind <= static_cast<int>(Activation::swiglu_clamped); ++kind) {
      std::vector<float> x, up;
      for (int i = 0; i < 203; ++i) {
        x.push_back(static_cast<float>(i - 100) * 0.21f);
        up.push_back(static_cast<float>(i % 17) - 8.0f);
      }
      std::vector<float> out(x.size() + 1, 777.0f);
      k->activate({static_cast<Activation>(kind), 1.702f, 7.0f, x.data(), up.data(), out.data(), 203});
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double g = x[i], u = up[i];
        const double expected[] = {g * sigmoid(g) * u,
                                   0.5 * g * (1 + std::tanh(0.7978845608028654 * (g + 0.044715 * g * g * g))) * u,
                                   0.5 * g * (1 + std::erf(g * std::sqrt(0.5))) * u,
                                   (g > 0 ? g * g : 0) * u,
                                   sigmoid(g) * u,
                                   (std::clamp(u, -7.0, 7.0) + 1) * std::min(g, 7.0) * sigmoid(1.702 * std::min(g, 7.0))};
        INFO(k->name << " kind " << kind << " x " << g);
        REQUIRE(out[i] == Approx(expected[kind]).epsilon(2e-5).margin(2e-5));
      }
      REQUIRE(out[203] == 777.0f);
    }
}

TEST_CASE("cpu kernels: rope rotates pairs", "[cpu]") {
  for (const Kernels* k : supported_kernels())
    for (const int n : {2, 6, 32, 64, 96})
      for (const bool interleaved : {false, true}) {
        std::vector<float> x(static_cast<std::size_t>(n)), cos(x.size()), sin(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 3.5f;
        const auto before = x;
        const std::size_t half = x.size() / 2;
        for (std::size_t i = 0; i < half; ++i) {
          const std::size_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + half;
          cos[a] = cos[b] = std::cos(0.3f * static_cast<float>(i));
          sin[a] = -(sin[b] = std::sin(0.3f * static_cast<float>(i)));
        }
        k->rope({x.data(), cos.data(), sin.data(), n, interleaved});
        for (std::size_t i = 0; i < half; ++i) {
          const std::size_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + half;
          const double c = std::cos(0.3 * static_cast<double>(i)), s = std::sin(0.3 * static_cast<double>(i));
          REQUIRE(x[a] == Approx(before[a] * c - before[b] * s).margin(1e-4));
          REQUIRE(x[b] == Approx(before[b] * c + before[a] * s).margin(1e-4));
        }
      }
}
