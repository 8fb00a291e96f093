// Lanes over AVX-512 F/BW/VL/DQ: 16 f32 lanes, and with __AVX512VNNI__ a variant whose byte products are one instruction.
// Include only from *_avx512.cpp, *_vnni.cpp and *_amx.cpp. See lanes_scalar.h for what each function does.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define WRIGHT_LANES_FN [[gnu::always_inline]] static inline

namespace wright::engine::cpu {

struct LanesAvx512 {
  static constexpr int kWidth = 16;
  static constexpr int kLinearRows = 12;
  static constexpr int kAttendRows = 5;
  static constexpr int kAttendVectors = 4;
  using F = __m512;
  using I = __m512i;
  using B = __m512i;
  using Dot = __m512i;

  WRIGHT_LANES_FN __mmask16 lane_mask(int n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : (1u << n) - 1); }
  WRIGHT_LANES_FN F zero() { return _mm512_setzero_ps(); }
  WRIGHT_LANES_FN F set1(float x) { return _mm512_set1_ps(x); }
  WRIGHT_LANES_FN F load(const float* p) { return _mm512_loadu_ps(p); }
  WRIGHT_LANES_FN F load(const std::uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  WRIGHT_LANES_FN F load(const std::int8_t* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  WRIGHT_LANES_FN F set1_half(const std::uint16_t* p) { return set1(_cvtsh_ss(*p)); }
  WRIGHT_LANES_FN F load_bf16(const std::uint16_t* p) {
    const __m512i w = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(w, 16));
  }
  WRIGHT_LANES_FN F load_n(const float* p, int n) { return _mm512_maskz_loadu_ps(lane_mask(n), p); }
  WRIGHT_LANES_FN void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  WRIGHT_LANES_FN void store_n(float* p, F a, int n) { _mm512_mask_storeu_ps(p, lane_mask(n), a); }
  WRIGHT_LANES_FN void store_half(std::uint16_t* p, F a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  WRIGHT_LANES_FN void store_bf16(std::uint16_t* p, F a) {
    const __m512i u = _mm512_castps_si512(a);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i r = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(u, odd), _mm512_set1_epi32(0x7fff)), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(r));
  }
  WRIGHT_LANES_FN F add(F a, F b) { return _mm512_add_ps(a, b); }
  WRIGHT_LANES_FN F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  WRIGHT_LANES_FN F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  WRIGHT_LANES_FN F div(F a, F b) { return _mm512_div_ps(a, b); }
  WRIGHT_LANES_FN F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  WRIGHT_LANES_FN F max(F a, F b) { return _mm512_max_ps(a, b); }
  WRIGHT_LANES_FN F min(F a, F b) { return _mm512_min_ps(a, b); }
  WRIGHT_LANES_FN F abs(F a) { return _mm512_abs_ps(a); }
  // e^x by 2^n * p(r), |r| <= ln2 / 2; 2 ulp; 0 below -87, and +inf bounded at x = 88.
  WRIGHT_LANES_FN F exp(F x) {
    const __mmask16 keep = _mm512_cmp_ps_mask(x, set1(-87.0f), _CMP_GE_OQ);
    x = min(max(x, set1(-87.0f)), set1(88.0f));
    const F n = _mm512_roundscale_ps(mul(x, set1(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    F r = _mm512_fnmadd_ps(n, set1(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, set1(-2.12194440e-4f), r);
    F p = set1(1.9875691500e-4f);
    p = fma(p, r, set1(1.3981999507e-3f));
    p = fma(p, r, set1(8.3334519073e-3f));
    p = fma(p, r, set1(4.1665795894e-2f));
    p = fma(p, r, set1(1.6666665459e-1f));
    p = fma(p, r, set1(5.0000001201e-1f));
    p = add(fma(p, mul(r, r), r), set1(1.0f));
    const __m512i e = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
    return _mm512_maskz_mul_ps(keep, p, _mm512_castsi512_ps(e));
  }
  WRIGHT_LANES_FN F swap_pairs(F a) { return _mm512_permute_ps(a, 0xB1); }
  WRIGHT_LANES_FN F keep(F a, std::uint32_t bits) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), set1(-__builtin_inff()), a);
  }
  WRIGHT_LANES_FN float sum(F a) { return _mm512_reduce_add_ps(a); }
  WRIGHT_LANES_FN float max_of(F a) { return _mm512_reduce_max_ps(a); }

  WRIGHT_LANES_FN F to_float(I a) { return _mm512_cvtepi32_ps(a); }
  WRIGHT_LANES_FN int store_i8(std::int8_t* p, F a) {
    const __m512i i = _mm512_cvtps_epi32(a);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(i));
    return _mm512_reduce_add_epi32(i);
  }
  WRIGHT_LANES_FN B bytes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  template <int kLeft> WRIGHT_LANES_FN B shift(B a) {
    if constexpr (kLeft >= 0) return _mm512_slli_epi16(a, kLeft);
    else return _mm512_srli_epi16(a, -kLeft);
  }
  WRIGHT_LANES_FN B mask(B a, int m) { return _mm512_and_si512(a, _mm512_set1_epi8(static_cast<char>(m))); }
  WRIGHT_LANES_FN B either(B a, B b) { return _mm512_or_si512(a, b); }
  WRIGHT_LANES_FN Dot dot_zero() { return _mm512_setzero_si512(); }
  WRIGHT_LANES_FN __m512i four(const std::int8_t* x) {
    int v;
    __builtin_memcpy(&v, x, 4);
    return _mm512_set1_epi32(v);
  }
  // 8 adds of at most 2 * 15 * 127 stay below 2^15.
  WRIGHT_LANES_FN Dot dot4(Dot acc, B w, const std::int8_t* x) {
    return _mm512_add_epi16(acc, _mm512_maddubs_epi16(w, four(x)));
  }
  WRIGHT_LANES_FN I finish4(Dot acc) { return _mm512_madd_epi16(acc, _mm512_set1_epi16(1)); }
  WRIGHT_LANES_FN Dot dot7(Dot acc, B w, const std::int8_t* x) {
    return _mm512_add_epi32(acc, _mm512_madd_epi16(_mm512_maddubs_epi16(w, four(x)), _mm512_set1_epi16(1)));
  }
  // In two nibbles, so that the 16-bit sums cannot saturate.
  WRIGHT_LANES_FN Dot dot8(Dot acc, B w, const std::int8_t* x) {
    const __m512i v = four(x);
    const __m512i low = _mm512_maddubs_epi16(mask(w, 15), v), high = _mm512_maddubs_epi16(mask(shift<-4>(w), 15), v);
    acc = _mm512_add_epi32(acc, _mm512_madd_epi16(low, _mm512_set1_epi16(1)));
    return _mm512_add_epi32(acc, _mm512_madd_epi16(high, _mm512_set1_epi16(16)));
  }
  WRIGHT_LANES_FN I finish(Dot acc) { return acc; }
  WRIGHT_LANES_FN void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
};

#ifdef __AVX512VNNI__
struct LanesVnni : LanesAvx512 {
  WRIGHT_LANES_FN Dot dot8(Dot acc, B w, const std::int8_t* x) { return _mm512_dpbusd_epi32(acc, w, four(x)); }
  WRIGHT_LANES_FN Dot dot7(Dot acc, B w, const std::int8_t* x) { return dot8(acc, w, x); }
  WRIGHT_LANES_FN Dot dot4(Dot acc, B w, const std::int8_t* x) { return dot8(acc, w, x); }
  WRIGHT_LANES_FN I finish4(Dot acc) { return acc; }
};
#endif

}  // namespace wright::engine::cpu
