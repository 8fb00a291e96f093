// What passes of this model cost on this machine, measured as it runs: sizes prefill chunks and says whether drafts pay.
// Engine thread only.
#pragma once

#include <array>

namespace wright::engine {

class CostModel {
 public:
  void record(int rows, double ms);
  // Expected milliseconds of a pass of `rows`; 0 while nothing is known.
  double estimate(int rows) const;
  // Rows of a pass that takes about `target_ms`: a multiple of `unit`, at least one unit, at most `most`.
  int rows_within(double target_ms, int unit, int most) const;

 private:
  static constexpr int kBuckets = 14;        // rows 1, 2, 3-4, 5-8, … 4097-8192
  std::array<double, kBuckets> ms_per_row_{};  // smoothed; 0: not measured
};

}  // namespace wright::engine
