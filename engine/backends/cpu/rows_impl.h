// Row-wise kernels over Lanes: norms, activations, rope, quantisation of one row, element-wise sums. Sums run in lanes first
// and across lanes last, in one fixed order.
#pragma once

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

template <class L>
struct RowsImpl {
  using F = typename L::F;
  static constexpr int kW = L::kWidth;

  // Calls fn(i, n) for each vector of [0, n_all): n is kW, or less for the last.
  template <class Fn> [[gnu::always_inline]] static inline void vectors(int n_all, Fn fn) {
    int i = 0;
    for (; i + kW <= n_all; i += kW) fn(i, kW);
    if (i < n_all) fn(i, n_all - i);
  }
  [[gnu::always_inline]] static inline F get(const float* p, int n) { return n == kW ? L::load(p) : L::load_n(p, n); }
  [[gnu::always_inline]] static inline void put(float* p, F v, int n) {
    if (n == kW) L::store(p, v);
    else L::store_n(p, v, n);
  }

  static void norm(const NormCall& c) {
    const float width = static_cast<float>(c.width);
    float mean = 0;
    if (c.layer_norm) {
      F sum = L::zero();
      vectors(c.width, [&](int i, int n) { sum = L::add(sum, get(c.x + i, n)); });
      mean = L::sum(sum) / width;
    }
    F squares = L::zero();
    vectors(c.width, [&](int i, int n) {
      F x = get(c.x + i, n);
      if (c.layer_norm) {
        x = L::sub(x, L::set1(mean));
        // Lanes beyond the end hold -mean: they must not count.
        if (n < kW) {
          float lanes[kW];
          L::store(lanes, x);
          x = L::load_n(lanes, n);
        }
      }
      squares = L::fma(x, x, squares);
    });
    const float root = __builtin_sqrtf(L::sum(squares) / width + c.eps);
    const F inverse = L::set1(1.0f / root), shift = L::set1(mean), one = L::set1(c.plus_one ? 1.0f : 0.0f);
    vectors(c.width, [&](int i, int n) {
      const F w = L::add(get(c.w + i, n), one);
      F y = L::mul(L::mul(L::sub(get(c.x + i, n), shift), inverse), w);
      if (c.bias) y = L::add(y, get(c.bias + i, n));
      put(c.out + i, y, n);
    });
  }

  [[gnu::always_inline]] static inline F sigmoid(F x) {
    return L::div(L::set1(1.0f), L::add(L::set1(1.0f), L::exp(L::sub(L::zero(), x))));
  }
  [[gnu::always_inline]] static inline F tanh(F x) {
    return L::sub(L::set1(1.0f), L::div(L::set1(2.0f), L::add(L::exp(L::add(x, x)), L::set1(1.0f))));
  }

  template <class Fn> [[gnu::always_inline]] static inline void gated(const ActivateCall& c, Fn fn) {
    vectors(c.n, [&](int i, int n) {
      F y = fn(get(c.gate + i, n));
      if (c.up) y = L::mul(y, get(c.up + i, n));
      put(c.out + i, y, n);
    });
  }

  static void activate(const ActivateCall& c) {
    switch (c.kind) {
      case Activation::silu: return gated(c, [](F x) { return L::mul(x, sigmoid(x)); });
      case Activation::sigmoid: return gated(c, [](F x) { return sigmoid(x); });
      case Activation::relu2: return gated(c, [](F x) {
        const F y = L::max(x, L::zero());
        return L::mul(y, y);
      });
      case Activation::gelu_tanh: return gated(c, [](F x) {
        const F inner = L::mul(L::set1(0.7978845608f), L::fma(L::mul(L::mul(x, x), x), L::set1(0.044715f), x));
        return L::mul(L::mul(L::set1(0.5f), x), L::add(L::set1(1.0f), tanh(inner)));
      });
      case Activation::gelu_erf: return gated(c, [](F x) {
        float v[kW];
        L::store(v, x);
        for (float& y : v) y = 0.5f * y * (1.0f + __builtin_erff(y * 0.70710678f));
        return L::load(v);
      });
      case Activation::swiglu_clamped:
        vectors(c.n, [&](int i, int n) {
          const F limit = L::set1(c.limit), g = L::min(get(c.gate + i, n), limit);
          const F u = c.up ? L::max(L::min(get(c.up + i, n), limit), L::sub(L::zero(), limit)) : L::zero();
          put(c.out + i, L::mul(L::mul(L::add(u, L::set1(1.0f)), g), sigmoid(L::mul(L::set1(c.alpha), g))), n);
        });
    }
  }

  static void add(const float* a, const float* b, float* out, int n_all) {
    vectors(n_all, [&](int i, int n) { put(out + i, L::add(get(a + i, n), get(b + i, n)), n); });
  }
  static void multiply(const float* a, const float* b, float* out, int n_all) {
    vectors(n_all, [&](int i, int n) { put(out + i, L::mul(get(a + i, n), get(b + i, n)), n); });
  }
  static void scale(const float* a, float factor, float* out, int n_all) {
    vectors(n_all, [&](int i, int n) { put(out + i, L::mul(get(a + i, n), L::set1(factor)), n); });
  }

  static void rope(const RopeCall& c) {
    if (c.interleaved) {
      vectors(c.rotary_dim, [&](int i, int n) {
        const F x = get(c.x + i, n);
        put(c.x + i, L::fma(L::swap_pairs(x), get(c.sin + i, n), L::mul(x, get(c.cos + i, n))), n);
      });
      return;
    }
    const int half = c.rotary_dim / 2;
    vectors(half, [&](int i, int n) {
      const F a = get(c.x + i, n), b = get(c.x + half + i, n);
      put(c.x + i, L::fma(b, get(c.sin + i, n), L::mul(a, get(c.cos + i, n))), n);
      put(c.x + half + i, L::fma(a, get(c.sin + half + i, n), L::mul(b, get(c.cos + half + i, n))), n);
    });
  }

  static void exp_sum(const float* x, int n_all, float* m, float* s) {
    constexpr float kInfinity = __builtin_inff();
    F most = L::set1(-kInfinity), odd = L::zero();
    const auto value = [&](int i, int n) { return n == kW ? L::load(x + i) : L::keep(L::load_n(x + i, n), (1u << n) - 1); };
    vectors(n_all, [&](int i, int n) {
      const F v = value(i, n);
      most = L::max(most, v);
      odd = L::add(odd, L::max(L::set1(-1.0f), v));  // max() gives its second operand when that is NaN, and so does the sum
    });
    *m = L::max_of(most);
    const float seen = L::sum(odd);
    if (seen != seen || !(*m < kInfinity && *m > -kInfinity)) {
      *s = seen != seen ? seen : *m > 0 ? 1.0f : 0.0f;
      return;
    }
    const F shift = L::set1(*m);
    F sum = L::zero();
    vectors(n_all, [&](int i, int n) { sum = L::add(sum, L::exp(L::sub(value(i, n), shift))); });
    *s = L::sum(sum);
  }

  static float read(const std::byte* p, std::size_t bytes) {
    F sum[4] = {L::zero(), L::zero(), L::zero(), L::zero()};
    const float* x = reinterpret_cast<const float*>(p);
    for (std::size_t i = 0; i < bytes / 4; i += 4 * kW) {
      if (i % 16 == 0) L::prefetch(x + i + 1024);
      for (int k = 0; k < 4; ++k) sum[k] = L::max(sum[k], L::load(x + i + static_cast<std::size_t>(k * kW)));
    }
    return L::sum(L::max(L::max(sum[0], sum[1]), L::max(sum[2], sum[3])));
  }

  static void quantise(const float* x, int n, std::int8_t* q, float* d, float* s, float* h) {
    constexpr int kVectors = kBlock / kW;
    for (int b = 0; b < n / kBlock; ++b, x += kBlock, q += kBlock) {
      F v[kVectors], largest = L::zero();
      for (int i = 0; i < kVectors; ++i) {
        v[i] = L::load(x + i * kW);
        largest = L::max(largest, L::abs(v[i]));
      }
      const float most = L::max_of(largest);
      const float scale = most / 127.0f, inverse = most > 0 ? 127.0f / most : 0.0f;
      int sums[2] = {0, 0};
      for (int i = 0; i < kVectors; ++i)
        sums[i * 2 / kVectors] += L::store_i8(q + i * kW, L::mul(v[i], L::set1(inverse)));
      d[b] = scale;
      s[b] = scale * static_cast<float>(sums[0] + sums[1]);
      h[2 * b] = scale * static_cast<float>(sums[0]);
      h[2 * b + 1] = scale * static_cast<float>(sums[1]);
    }
  }
};

}  // namespace wright::engine::cpu
