// Scoring takes a log-softmax over the vocabulary for each trie row: with std::exp it would cost a quarter of the row's own
// forward pass. The exponential below is Cephes' expf (range reduction by ln 2 in two parts, degree 5), written on vectors
// of eight that the compiler splits for whatever the processor has.
#include "engine/run/softmax.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace wright::engine {
namespace {

typedef float Vec __attribute__((vector_size(32)));
typedef std::int32_t IntVec __attribute__((vector_size(32)));
constexpr std::size_t kLanes = 8;

inline Vec exp_vec(Vec x) {
  const Vec low = Vec{} - 87.0f;
  const IntVec dead = x < low;
  x = dead ? low : x;
  const Vec magic = Vec{} + 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vec n = (x * 1.44269504f + magic) - magic;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec p = Vec{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const IntVec exponent = (__builtin_convertvector(n, IntVec) + 127) << 23;
  Vec power;
  std::memcpy(&power, &exponent, sizeof power);
  p = p * power;
  return dead ? Vec{} : p;
}

}  // namespace

float exp_negative(float x) {
  return exp_vec(Vec{} + x)[0];
}

float log_sum_exp(std::span<const float> x) {
  float best = -std::numeric_limits<float>::infinity();
  for (const float v : x) best = v > best || v != v ? v : best;
  if (!std::isfinite(best)) return best;
  double total = 0;
  std::size_t i = 0;
  while (i + kLanes <= x.size()) {
    // Sums of 64 vectors in f32, those in f64: the error does not grow with the vocabulary.
    Vec sum{};
    for (std::size_t end = std::min(x.size() - kLanes, i + 63 * kLanes); i <= end; i += kLanes) {
      Vec v;
      std::memcpy(&v, x.data() + i, sizeof v);
      sum += exp_vec(v - best);
    }
    for (std::size_t k = 0; k < kLanes; ++k) total += static_cast<double>(sum[k]);
  }
  for (; i < x.size(); ++i) total += std::exp(static_cast<double>(x[i] - best));
  return best + static_cast<float>(std::log(total));
}

}  // namespace wright::engine
