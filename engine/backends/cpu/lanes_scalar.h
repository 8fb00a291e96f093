// Lanes: the vocabulary in which every vector kernel of this folder is written once. A Lanes type is a set of static
// functions over kWidth f32 lanes; the kernel templates (*_impl.h) are instantiated per instruction set in files whose
// name carries it. This one is plain C++ for any processor. All are pure, any thread.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/tensor/quant.h"

namespace wright::engine::cpu {

struct LanesScalar {
  static constexpr int kWidth = 8;
  static constexpr int kLinearRows = 4;   // rows of activations a linear kernel keeps in registers
  static constexpr int kAttendRows = 4;   // query rows (up to five), and vectors of keys or values beside them
  static constexpr int kAttendVectors = 2;
  struct F { float v[kWidth]; };
  struct I { std::int32_t v[kWidth]; };
  struct B { std::uint8_t v[4 * kWidth]; };  // four bytes a lane
  using Dot = I;

  template <class Fn> static F each(Fn fn) {
    F r;
    for (int i = 0; i < kWidth; ++i) r.v[i] = fn(i);
    return r;
  }
  static F zero() { return each([](int) { return 0.0f; }); }
  static F set1(float x) { return each([&](int) { return x; }); }
  static F load(const float* p) { return each([&](int i) { return p[i]; }); }
  static F load(const std::uint16_t* p) { return each([&](int i) { return half_to_float(p[i]); }); }
  static F load(const std::int8_t* p) { return each([&](int i) { return static_cast<float>(p[i]); }); }
  static F set1_half(const std::uint16_t* p) { return set1(half_to_float(*p)); }
  static F load_bf16(const std::uint16_t* p) { return each([&](int i) { return bf16_to_float(p[i]); }); }
  static F load_n(const float* p, int n) { return each([&](int i) { return i < n ? p[i] : 0.0f; }); }
  static void store(float* p, F a) { store_n(p, a, kWidth); }
  static void store_n(float* p, F a, int n) {
    for (int i = 0; i < n; ++i) p[i] = a.v[i];
  }
  static void store_half(std::uint16_t* p, F a) {
    for (int i = 0; i < kWidth; ++i) p[i] = float_to_half(a.v[i]);
  }
  static void store_bf16(std::uint16_t* p, F a) {
    for (int i = 0; i < kWidth; ++i) p[i] = float_to_bf16(a.v[i]);
  }
  static F add(F a, F b) { return each([&](int i) { return a.v[i] + b.v[i]; }); }
  static F sub(F a, F b) { return each([&](int i) { return a.v[i] - b.v[i]; }); }
  static F mul(F a, F b) { return each([&](int i) { return a.v[i] * b.v[i]; }); }
  static F div(F a, F b) { return each([&](int i) { return a.v[i] / b.v[i]; }); }
  static F fma(F a, F b, F c) { return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; }); }
  static F max(F a, F b) { return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; }); }
  static F min(F a, F b) { return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; }); }
  static F abs(F a) { return each([&](int i) { return std::fabs(a.v[i]); }); }
  static F exp(F a) { return each([&](int i) { return std::exp(a.v[i]); }); }
  static F swap_pairs(F a) { return each([&](int i) { return a.v[i ^ 1]; }); }
  // Lanes whose bit in `bits` is clear become minus infinity.
  static F keep(F a, std::uint32_t bits) { return each([&](int i) { return (bits >> i) & 1 ? a.v[i] : -INFINITY; }); }
  static float sum(F a) {
    float s = 0;
    for (int i = 0; i < kWidth; ++i) s += a.v[i];
    return s;
  }
  static float max_of(F a) {
    float m = a.v[0];
    for (int i = 1; i < kWidth; ++i) m = a.v[i] > m ? a.v[i] : m;
    return m;
  }

  static F to_float(I a) { return each([&](int i) { return static_cast<float>(a.v[i]); }); }
  // Rounds to nearest (ties to even) and keeps the low byte of each lane; returns the sum of what was stored.
  static int store_i8(std::int8_t* p, F a) {
    int sum = 0;
    for (int i = 0; i < kWidth; ++i) sum += p[i] = static_cast<std::int8_t>(std::lrintf(a.v[i]));
    return sum;
  }
  static B bytes(const std::uint8_t* p) {
    B r;
    for (int i = 0; i < 4 * kWidth; ++i) r.v[i] = p[i];
    return r;
  }
  template <int kLeft> static B shift(B a) {  // bits move left by kLeft (right when negative) within 16-bit units
    for (int i = 0; i < 4 * kWidth; i += 2) {
      const unsigned w = a.v[i] | static_cast<unsigned>(a.v[i + 1]) << 8;
      const unsigned s = kLeft >= 0 ? w << (kLeft & 15) : w >> (-kLeft & 15);
      a.v[i] = static_cast<std::uint8_t>(s);
      a.v[i + 1] = static_cast<std::uint8_t>(s >> 8);
    }
    return a;
  }
  static B mask(B a, int m) {
    for (auto& b : a.v) b = static_cast<std::uint8_t>(b & m);
    return a;
  }
  static B either(B a, B b) {
    for (int i = 0; i < 4 * kWidth; ++i) a.v[i] |= b.v[i];
    return a;
  }
  static Dot dot_zero() { return {}; }
  // Adds, lane by lane, four products of unsigned bytes w and the four signed bytes at x. dot4: w < 16, at most 8 adds
  // before finish; dot7: w < 128; dot8: any w.
  static Dot dot8(Dot acc, B w, const std::int8_t* x) {
    for (int i = 0; i < 4 * kWidth; ++i) acc.v[i / 4] += w.v[i] * x[i % 4];
    return acc;
  }
  static Dot dot7(Dot acc, B w, const std::int8_t* x) { return dot8(acc, w, x); }
  static Dot dot4(Dot acc, B w, const std::int8_t* x) { return dot8(acc, w, x); }
  static I finish4(Dot acc) { return acc; }
  static I finish(Dot acc) { return acc; }
  static void prefetch(const void*) {}
};

}  // namespace wright::engine::cpu
