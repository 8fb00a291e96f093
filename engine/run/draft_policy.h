// How many draft tokens to put into a pass: as many as pay, by measured cost and by how many were accepted lately.
// One a request; engine thread only.
#pragma once

#include <algorithm>

#include "engine/run/cost_model.h"

namespace wright::engine {

class DraftPolicy {
 public:
  static constexpr int kMost = 16;

  // Draft tokens worth trying now; 0: none.
  int length(const CostModel& cost) {
    if (resting_ > 0 && --resting_ > 0) return 0;
    const double one = cost.estimate(1);
    for (int n = length_; n >= 2; n /= 2) {
      const double ratio = one > 0 ? cost.estimate(1 + n) / one : 1;
      if (1 + share_ * n > ratio) return n;
    }
    resting_ = kRest;
    share_ = std::max(share_, kRetryShare);  // so that the next try is made
    return 0;
  }
  void verified(int proposed, int accepted) {
    if (proposed == 0) return;
    share_ += kSmoothing * (static_cast<double>(accepted) / proposed - share_);
    length_ = accepted == proposed ? std::min(kMost, length_ * 2) : std::max(2, std::min(length_, 2 * accepted + 2));
  }

 private:
  static constexpr double kSmoothing = 0.3, kRetryShare = 0.5;
  static constexpr int kRest = 32;  // passes without drafts after they did not pay
  double share_ = 0.7;              // of proposed tokens that are accepted
  int length_ = 8;
  int resting_ = 0;
};

}  // namespace wright::engine
