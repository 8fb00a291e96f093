// log(sum(exp(x))) over a row of logits, from sums over absolute chunks of kSumChunk values that are merged in order: whether
// the logits were stored or summed up as they were computed (run_logits() in logprobs.cpp), the bits are the same. Pure.
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

// Partial sums (m, s) of Kernels::exp_sum, added in order.
struct ExpSum {
  float most = -std::numeric_limits<float>::infinity();
  double total = 0;
  void add(float m, float s) {
    if (!(m <= most)) {
      total = total == 0 ? 0 : total * std::exp(static_cast<double>(most - m));
      most = m;
    }
    total += s == 0 ? 0 : static_cast<double>(s) * std::exp(static_cast<double>(m == most ? 0 : m - most));
  }
  float log() const { return std::isinf(most) && total == total ? most : most + static_cast<float>(std::log(total)); }
};

inline float log_sum_exp(const Kernels& kernels, std::span<const float> x) {
  ExpSum sum;
  for (std::size_t at = 0; at < x.size(); at += kSumChunk) {
    float m, s;
    kernels.exp_sum(x.data() + at, static_cast<int>(std::min<std::size_t>(kSumChunk, x.size() - at)), &m, &s);
    sum.add(m, s);
  }
  return sum.log();
}

}  // namespace wright::engine::cpu
