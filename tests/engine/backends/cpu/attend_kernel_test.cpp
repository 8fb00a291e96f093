// The attention kernel of every instruction set against f64 softmax attention: row counts, dimensions, masks, soft caps,
// sinks, KV types; merged splits; and that a row's bits are its own.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/backends/cpu/isa.h"
#include "engine/tensor/quant.h"

using namespace wright::engine;
using namespace wright::engine::cpu;

namespace {

constexpr struct { KvKind kind; double tolerance; } kKinds[] = {{KvKind::f32, 2e-5}, {KvKind::f16, 1e-3}, {KvKind::bf16, 8e-3}, {KvKind::q8_0, 2e-2}};

struct Case { int rows, key_dim, value_dim, keys; float softcap, sink; };
constexpr Case kCases[] = {
    {1, 64, 64, 64, 0, kNoLogit}, {3, 64, 64, 130, 0, kNoLogit},  {16, 64, 64, 500, 0, kNoLogit}, {15, 16, 16, 77, 0, 0.5f},
    {5, 80, 80, 33, 20.0f, kNoLogit}, {7, 20, 12, 9, 0, -1.0f},   {9, 128, 128, 200, 5.0f, 2.0f}, {2, 8, 40, 1, 0, kNoLogit},
};

// Keys and values in pages as the backend keeps them.
struct Pages {
  std::vector<std::vector<std::byte>> k, v;
  std::vector<KeyBlock> blocks;
};

Pages fill(const Kernels& kernels, KvKind kind, const Case& c, const std::vector<float>& k, const std::vector<float>& v) {
  Pages p;
  for (int from = 0; from < c.keys; from += kPage) {
    // What no token has written must not matter, even when it is not a number.
    p.k.emplace_back(static_cast<std::size_t>(c.key_dim) * kPage * 4 + 64, std::byte{0xff});
    p.v.emplace_back(static_cast<std::size_t>(c.value_dim) * kPage * 4 + 64, std::byte{0xff});
    const int n = std::min(kPage, c.keys - from);
    for (int t = 0; t < n; ++t)
      kernels.store_kv[static_cast<int>(kind)](&k[static_cast<std::size_t>((from + t) * c.key_dim)], c.key_dim,
                                               &v[static_cast<std::size_t>((from + t) * c.value_dim)], c.value_dim, p.k.back().data(),
                                               p.v.back().data(), t);
    p.blocks.push_back({p.k.back().data(), p.v.back().data(), 0, n});
  }
  return p;
}

struct Result3 { std::vector<float> m, l, o; };
Result3 attend(const Kernels& kernels, KvKind kind, const Case& c, const std::vector<KeyBlock>& blocks, const std::vector<float>& q,
               const std::vector<std::uint64_t>& visible, int first_row, int rows) {
  std::vector<const float*> pointers;
  for (int r = 0; r < rows; ++r) pointers.push_back(&q[static_cast<std::size_t>((first_row + r) * c.key_dim)]);
  const int n = static_cast<int>(blocks.size()), o_stride = round_up(c.value_dim, kTile);
  std::vector<float> scores(static_cast<std::size_t>(rows * n * kPage));
  Result3 out{std::vector<float>(static_cast<std::size_t>(rows)), std::vector<float>(static_cast<std::size_t>(rows)),
              std::vector<float>(static_cast<std::size_t>(rows * o_stride))};
  kernels.attend[static_cast<int>(kind)]({rows, pointers.data(), c.key_dim, c.value_dim, 0.2f, c.softcap, n, blocks.data(),
                                          visible.data() + first_row * n, scores.data(), out.m.data(), out.l.data(), out.o.data()});
  return out;
}

}  // namespace

TEST_CASE("cpu kernels: attention against f64", "[cpu]") {
  for (const Kernels* kernels : supported_kernels())
    for (const auto& kind : kKinds)
      for (const Case& c : kCases) {
        if (kind.kind == KvKind::q8_0 && (c.key_dim % kBlock || c.value_dim % kBlock)) continue;  // refused by Caches
        std::mt19937 rng(static_cast<unsigned>(c.keys * 31 + c.rows));
        std::normal_distribution<float> normal;
        const auto random = [&](int n) {
          std::vector<float> x(static_cast<std::size_t>(n));
          for (float& y : x) y = normal(rng);
          return x;
        };
        const auto k = random(c.keys * c.key_dim), v = random(c.keys * c.value_dim), q = random(c.rows * c.key_dim);
        const Pages pages = fill(*kernels, kind.kind, c, k, v);
        const auto n = pages.blocks.size();
        std::vector<std::uint64_t> visible(static_cast<std::size_t>(c.rows) * n);
        const auto sees = [&](int r, int t) { return t < c.keys && (t == c.keys - 1 || (t * 7 + r) % 3 != 0); };
        for (int r = 0; r < c.rows; ++r)
          for (int t = 0; t < c.keys; ++t)
            if (sees(r, t)) visible[static_cast<std::size_t>(r) * n + static_cast<std::size_t>(t / kPage)] |= std::uint64_t{1} << (t % kPage);
        const Result3 all = attend(*kernels, kind.kind, c, pages.blocks, q, visible, 0, c.rows);
        const int o_stride = round_up(c.value_dim, kTile);
        for (int r = 0; r < c.rows; ++r) {
          std::vector<float> got(static_cast<std::size_t>(c.value_dim) + 1, 777.0f);
          const auto row = static_cast<std::size_t>(r);
          kernels->finish(&all.o[row * static_cast<std::size_t>(o_stride)], all.m[row], all.l[row], c.sink, got.data(), c.value_dim);
          std::vector<double> logit(static_cast<std::size_t>(c.keys));
          double most = c.sink, total = 0;
          for (int t = 0; t < c.keys; ++t) {
            if (!sees(r, t)) continue;
            double s = 0;
            for (int i = 0; i < c.key_dim; ++i)
              s += static_cast<double>(q[static_cast<std::size_t>(r * c.key_dim + i)]) * k[static_cast<std::size_t>(t * c.key_dim + i)];
            s *= 0.2;
            if (c.softcap > 0) s = c.softcap * std::tanh(s / c.softcap);
            logit[static_cast<std::size_t>(t)] = s;
            most = std::max(most, s);
          }
          std::vector<double> want(static_cast<std::size_t>(c.value_dim));
          for (int t = 0; t < c.keys; ++t) {
            if (!sees(r, t)) continue;
            const double w = std::exp(logit[static_cast<std::size_t>(t)] - most);
            total += w;
            for (int i = 0; i < c.value_dim; ++i) want[static_cast<std::size_t>(i)] += w * v[static_cast<std::size_t>(t * c.value_dim + i)];
          }
          if (c.sink > kNoLogit) total += std::exp(c.sink - most);
          for (int i = 0; i < c.value_dim; ++i) {
            INFO(kernels->name << " kv " << static_cast<int>(kind.kind) << " keys " << c.keys << " row " << r << " i " << i);
            REQUIRE(std::fabs(got[static_cast<std::size_t>(i)] - want[static_cast<std::size_t>(i)] / total) < kind.tolerance * 3);
          }
          REQUIRE(got.back() == 777.0f);
          // The row alone: the same bits.
          const Result3 one = attend(*kernels, kind.kind, c, pages.blocks, q, visible, r, 1);
          REQUIRE(one.m[0] == all.m[row]);
          REQUIRE(one.l[0] == all.l[row]);
          REQUIRE(std::memcmp(one.o.data(), &all.o[row * static_cast<std::size_t>(o_stride)], static_cast<std::size_t>(c.value_dim) * 4) == 0);
        }
      }
}

TEST_CASE("cpu kernels: merging splits equals attending at once", "[cpu]") {
  for (const Kernels* kernels : supported_kernels()) {
    const Case c{4, 32, 48, 300, 0, kNoLogit};
    std::mt19937 rng(11);
    std::normal_distribution<float> normal;
    std::vector<float> k(300 * 32), v(300 * 48), q(4 * 32);
    for (auto* x : {&k, &v, &q})
      for (float& y : *x) y = normal(rng);
    const Pages pages = fill(*kernels, KvKind::f32, c, k, v);
    std::vector<std::uint64_t> visible(4 * 5, ~std::uint64_t{0});
    for (std::size_t r = 0; r < 4; ++r) visible[r * 5 + 4] = (std::uint64_t{1} << (300 - 256)) - 1;
    const Result3 all = attend(*kernels, KvKind::f32, c, pages.blocks, q, visible, 0, 4);
    Result3 merged;
    for (std::size_t b = 0; b < 5; ++b) {
      std::vector<std::uint64_t> words;
      for (std::size_t r = 0; r < 4; ++r) words.push_back(visible[r * 5 + b]);
      const Result3 part = attend(*kernels, KvKind::f32, c, {pages.blocks[b]}, q, words, 0, 4);
      if (b == 0) merged = part;
      else kernels->merge(4, 48, merged.m.data(), merged.l.data(), merged.o.data(), part.m.data(), part.l.data(), part.o.data());
    }
    for (std::size_t i = 0; i < merged.o.size(); ++i) REQUIRE(merged.o[i] == Approx(all.o[i]).epsilon(1e-4).margin(1e-4));
  }
}
