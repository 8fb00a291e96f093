#include "engine/run/cost_model.h"

#include <algorithm>
#include <bit>

namespace wright::engine {
namespace {

constexpr double kSmoothing = 0.25;  // weight of the newest measurement

int bucket_of(int rows, int buckets) {
  return std::min(buckets - 1, static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(1, rows) - 1))));
}

}  // namespace

void CostModel::record(int rows, double ms) {
  double& cell = ms_per_row_[static_cast<std::size_t>(bucket_of(rows, kBuckets))];
  const double now = ms / std::max(1, rows);
  cell = cell == 0 ? now : cell + kSmoothing * (now - cell);
}

double CostModel::estimate(int rows) const {
  const int wanted = bucket_of(rows, kBuckets);
  // The nearest measured size; its cost a row stands for ours.
  for (int d = 0; d < kBuckets; ++d)
    for (const int b : {wanted - d, wanted + d})
      if (b >= 0 && b < kBuckets && ms_per_row_[static_cast<std::size_t>(b)] > 0)
        return ms_per_row_[static_cast<std::size_t>(b)] * std::max(1, rows);
  return 0;
}

int CostModel::rows_within(double target_ms, int unit, int most) const {
  most = std::max(unit, most / unit * unit);
  if (estimate(unit) == 0) return std::min(most, 2 * unit);
  int rows = unit;
  while (rows + unit <= most && estimate(rows + unit) <= target_ms) rows += unit;
  return rows;
}

}  // namespace wright::engine
