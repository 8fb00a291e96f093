// Lanes over AVX2, FMA and F16C: 8 f32 lanes. Include only from *_avx2.cpp. See lanes_scalar.h for what each function does.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define WRIGHT_LANES_FN [[gnu::always_inline]] static inline

namespace wright::engine::cpu {

struct LanesAvx2 {
  static constexpr int kWidth = 8;
  static constexpr int kLinearRows = 4;
  static constexpr int kAttendRows = 4;
  static constexpr int kAttendVectors = 2;
  using F = __m256;
  using I = __m256i;
  using B = __m256i;
  using Dot = __m256i;

  WRIGHT_LANES_FN __m256i lane_mask(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  WRIGHT_LANES_FN F zero() { return _mm256_setzero_ps(); }
  WRIGHT_LANES_FN F set1(float x) { return _mm256_set1_ps(x); }
  WRIGHT_LANES_FN F load(const float* p) { return _mm256_loadu_ps(p); }
  WRIGHT_LANES_FN F load(const std::uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  WRIGHT_LANES_FN F load(const std::int8_t* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  WRIGHT_LANES_FN F set1_half(const std::uint16_t* p) { return set1(_cvtsh_ss(*p)); }
  WRIGHT_LANES_FN F load_bf16(const std::uint16_t* p) {
    const __m256i w = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(w, 16));
  }
  WRIGHT_LANES_FN F load_n(const float* p, int n) { return _mm256_maskload_ps(p, lane_mask(n)); }
  WRIGHT_LANES_FN void store(float* p, F a) { _mm256_storeu_ps(p, a); }
  WRIGHT_LANES_FN void store_n(float* p, F a, int n) { _mm256_maskstore_ps(p, lane_mask(n), a); }
  WRIGHT_LANES_FN void store_half(std::uint16_t* p, F a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  WRIGHT_LANES_FN void store_bf16(std::uint16_t* p, F a) {
    const __m256i u = _mm256_castps_si256(a);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const __m256i r = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(u, odd), _mm256_set1_epi32(0x7fff)), 16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(r, r), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
  }
  WRIGHT_LANES_FN F add(F a, F b) { return _mm256_add_ps(a, b); }
  WRIGHT_LANES_FN F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  WRIGHT_LANES_FN F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  WRIGHT_LANES_FN F div(F a, F b) { return _mm256_div_ps(a, b); }
  WRIGHT_LANES_FN F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  WRIGHT_LANES_FN F max(F a, F b) { return _mm256_max_ps(a, b); }
  WRIGHT_LANES_FN F min(F a, F b) { return _mm256_min_ps(a, b); }
  WRIGHT_LANES_FN F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  // e^x by 2^n * p(r), |r| <= ln2 / 2; 2 ulp; 0 below -87, and +inf bounded at x = 88.
  WRIGHT_LANES_FN F exp(F x) {
    const F keep = _mm256_cmp_ps(x, set1(-87.0f), _CMP_GE_OQ);
    x = min(max(x, set1(-87.0f)), set1(88.0f));
    const F n = _mm256_round_ps(mul(x, set1(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    F r = _mm256_fnmadd_ps(n, set1(0.693359375f), x);
    r = _mm256_fnmadd_ps(n, set1(-2.12194440e-4f), r);
    F p = set1(1.9875691500e-4f);
    p = fma(p, r, set1(1.3981999507e-3f));
    p = fma(p, r, set1(8.3334519073e-3f));
    p = fma(p, r, set1(4.1665795894e-2f));
    p = fma(p, r, set1(1.6666665459e-1f));
    p = fma(p, r, set1(5.0000001201e-1f));
    p = add(fma(p, mul(r, r), r), set1(1.0f));
    const __m256i e = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_and_ps(mul(p, _mm256_castsi256_ps(e)), keep);
  }
  WRIGHT_LANES_FN F swap_pairs(F a) { return _mm256_permute_ps(a, 0xB1); }
  WRIGHT_LANES_FN F keep(F a, std::uint32_t bits) {
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i on = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit), bit);
    return _mm256_blendv_ps(set1(-__builtin_inff()), a, _mm256_castsi256_ps(on));
  }
  WRIGHT_LANES_FN float sum(F a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
  }
  WRIGHT_LANES_FN float max_of(F a) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
  }

  WRIGHT_LANES_FN F to_float(I a) { return _mm256_cvtepi32_ps(a); }
  WRIGHT_LANES_FN int store_i8(std::int8_t* p, F a) {
    const __m256i i = _mm256_cvtps_epi32(a);
    __m256i s = _mm256_packs_epi32(i, i);
    s = _mm256_permute4x64_epi64(s, 0x08);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(_mm256_castsi256_si128(s), _mm256_castsi256_si128(s)));
    __m128i t = _mm_add_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4E));
    t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0xB1));
    return _mm_cvtsi128_si32(t);
  }
  WRIGHT_LANES_FN B bytes(const std::uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  template <int kLeft> WRIGHT_LANES_FN B shift(B a) {
    if constexpr (kLeft >= 0) return _mm256_slli_epi16(a, kLeft);
    else return _mm256_srli_epi16(a, -kLeft);
  }
  WRIGHT_LANES_FN B mask(B a, int m) { return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(m))); }
  WRIGHT_LANES_FN B either(B a, B b) { return _mm256_or_si256(a, b); }
  WRIGHT_LANES_FN Dot dot_zero() { return _mm256_setzero_si256(); }
  WRIGHT_LANES_FN __m256i four(const std::int8_t* x) {
    int v;
    __builtin_memcpy(&v, x, 4);
    return _mm256_set1_epi32(v);
  }
  // 8 adds of at most 2 * 15 * 127 stay below 2^15.
  WRIGHT_LANES_FN Dot dot4(Dot acc, B w, const std::int8_t* x) {
    return _mm256_add_epi16(acc, _mm256_maddubs_epi16(w, four(x)));
  }
  WRIGHT_LANES_FN I finish4(Dot acc) { return _mm256_madd_epi16(acc, _mm256_set1_epi16(1)); }
  WRIGHT_LANES_FN Dot dot7(Dot acc, B w, const std::int8_t* x) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(w, four(x)), _mm256_set1_epi16(1)));
  }
  // In two nibbles, so that the 16-bit sums cannot saturate.
  WRIGHT_LANES_FN Dot dot8(Dot acc, B w, const std::int8_t* x) {
    const __m256i v = four(x);
    const __m256i low = _mm256_maddubs_epi16(mask(w, 15), v), high = _mm256_maddubs_epi16(mask(shift<-4>(w), 15), v);
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(low, _mm256_set1_epi16(1)));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(high, _mm256_set1_epi16(16)));
  }
  WRIGHT_LANES_FN I finish(Dot acc) { return acc; }
  WRIGHT_LANES_FN void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
};

}  // namespace wright::engine::cpu
