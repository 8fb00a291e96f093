// Time as a seam: everything that waits or stamps takes a Clock, so that tests can turn it. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace wright {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const { return std::chrono::steady_clock::now(); }
  // Milliseconds since 1970-01-01 UTC.
  virtual std::int64_t unix_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  static const Clock& system() {
    static const Clock clock;
    return clock;
  }
};

inline double seconds_between(TimePoint a, TimePoint b) { return std::chrono::duration<double>(b - a).count(); }

}  // namespace wright
