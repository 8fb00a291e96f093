// The thread team of one backend. The calling thread publishes phases; a phase is a number of small independent units that
// any awake thread takes by a counter. Which thread computes a unit never changes its result. Helpers spin briefly between
// phases and then sleep; the caller waits for nobody who has not taken a unit, and when helpers keep it waiting (a busy
// machine) it works alone for a while (and CpuBackend measures what pays: team_choice.h): so two threads are not slower than one.
// run() is called by the owning thread only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace wright::engine::cpu {

class Team {
 public:
  explicit Team(int threads);  // >= 1, the caller included
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  // While set, the caller runs all units itself.
  void rest_helpers(bool rest) { helpers_rest_ = rest; }
  // Seconds that the caller has waited for helpers or been without its core, since it asked last. By the caller.
  double take_lost_seconds();

  // fn(unit, thread) for units 0 .. n-1; `thread` in [0, threads()) names scratch memory. Returns when all are done.
  template <class Fn>
  void run(int n, const Fn& fn) {
    if (n <= 0) return;
    if (n == 1 || helpers_.empty() || helpers_rest_) {
      for (int i = 0; i < n; ++i) fn(i, 0);
      return;
    }
    phase(n, [](const void* context, int unit, int thread) { (*static_cast<const Fn*>(context))(unit, thread); }, &fn);
  }

 private:
  using Call = void (*)(const void* context, int unit, int thread);
  void phase(int n, Call call, const void* context);
  void help(int thread);
  bool take(int& unit);
  void wake();

  // Phase number in the high half, next unit in the low half: a unit is taken by compare-exchange, which fails when the
  // phase is over; so a late helper can never run a unit of an old phase.
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  std::atomic<int> units_{0};
  std::atomic<Call> call_{nullptr};
  std::atomic<const void*> context_{nullptr};
  alignas(64) std::atomic<int> done_{0};
  alignas(64) std::atomic<std::uint32_t> bell_{0};  // futex: phases count it up while anybody sleeps
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};

  // The caller's own, after a helper kept it waiting:
  int alone_ = 0;       // phases left to run without publishing
  int alone_next_ = 0;  // how many there will be next time
  bool helpers_rest_ = false;
  double waited_micros_ = 0, last_wall_ = 0, last_cpu_ = 0;  // micros

  std::vector<std::thread> helpers_;
};

// Cores this process may run on.
int available_cores();

}  // namespace wright::engine::cpu
