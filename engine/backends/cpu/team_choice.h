// Whether the helpers of a team pay: on a busy machine, or on one core, two threads may be slower than one. Keeps the seconds
// that passes took for each unit of work with the team and with the caller alone, apart for different row counts, and takes
// what was quicker. The other is tried again now and then, the more seldom the slower it was, so that trying costs about
// kTrying of the time; working alone is tried only after a pass in which the caller lost time, waiting or without its core: an
// idle machine never pays for it. Which is chosen never changes results. Engine thread only.
#pragma once

#include <algorithm>
#include <array>
#include <bit>

namespace wright::engine::cpu {

class TeamChoice {
 public:
  // Should the next pass, of `rows`, be run by the caller alone?
  bool alone(int rows) {
    at_ = std::min<std::size_t>(kBuckets - 1, static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(std::max(1, rows)) - 1)));
    Cell& c = cells_[at_];
    if (c.seconds[0] == 0) return now_ = false;
    if (c.seconds[1] == 0) return now_ = disturbed_;
    const bool better = c.seconds[1] < c.seconds[0];
    if (++c.since < c.wait || (!better && !disturbed_)) return now_ = better;
    c.since = 0;
    return now_ = !better;
  }
  // What the pass took: `work` in any unit that grows as its cost; `lost`: seconds that the caller waited or had no core.
  void record(double work, double seconds, double lost) {
    Cell& c = cells_[at_];
    if (!now_) disturbed_ = lost > kLost * seconds;
    double& mean = c.seconds[now_];
    const double sample = seconds / std::max(work, 1.0);
    mean = mean == 0 ? sample : mean + kSmoothing * (sample - mean);
    if (c.seconds[0] == 0 || c.seconds[1] == 0) return;
    const double ratio = std::max(c.seconds[0], c.seconds[1]) / std::min(c.seconds[0], c.seconds[1]);
    c.wait = static_cast<int>(std::clamp((ratio - 1) / kTrying, 3.0, 100.0));
  }

 private:
  static constexpr double kSmoothing = 0.25;  // weight of the newest pass
  static constexpr double kTrying = 0.03;
  static constexpr double kLost = 0.1;         // of a pass: as much is lost by the way on an idle machine
  static constexpr std::size_t kBuckets = 10;  // rows 1, 2, 3-4, 5-8, … 257-512
  struct Cell {
    std::array<double, 2> seconds{};  // for a unit of work, smoothed: with the team, alone; 0: not measured
    int wait = 3, since = 0;          // passes from one try of the slower to the next
  };
  std::array<Cell, kBuckets> cells_{};
  std::size_t at_ = 0;
  bool now_ = false, disturbed_ = false;
};

}  // namespace wright::engine::cpu
