#include "engine/backends/cpu/team.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace wright::engine::cpu {
namespace {

constexpr double kSpinMicros = 60;        // of a helper before it sleeps
constexpr double kPatienceMicros = 100;   // of the caller before it gives its core away
constexpr double kStallMicros = 1000;     // a wait that says: a helper lost its core
constexpr int kAloneMin = 200, kAloneMax = 20'000;  // phases to work alone after stalls

double micros(clockid_t clock = CLOCK_MONOTONIC) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<std::uint32_t>& word, int n) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_PRIVATE, n, nullptr, nullptr, 0);
}

}  // namespace

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

Team::Team(int threads) {
  for (int i = 1; i < threads; ++i) helpers_.emplace_back([this, i] { help(i); });
}

Team::~Team() {
  stop_ = true;
  ++bell_;
  futex_wake(bell_, 1 << 20);
  for (std::thread& t : helpers_) t.join();
}

double Team::take_lost_seconds() {
  const double wall = micros(), cpu = micros(CLOCK_THREAD_CPUTIME_ID);
  const double lost = (wall - last_wall_) - (cpu - last_cpu_) + waited_micros_;
  last_wall_ = wall;
  last_cpu_ = cpu;
  waited_micros_ = 0;
  return lost * 1e-6;
}

bool Team::take(int& unit) {
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  for (;;) {
    const int next = static_cast<int>(static_cast<std::uint32_t>(ticket));
    if (next >= units_.load(std::memory_order_relaxed)) return false;
    if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      unit = next;
      return true;
    }
  }
}

void Team::wake() {
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  bell_.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(bell_, static_cast<int>(helpers_.size()));
}

void Team::phase(int n, Call call, const void* context) {
  if (alone_ > 0) {
    --alone_;
    for (int i = 0; i < n; ++i) call(context, i, 0);
    return;
  }
  // Nobody holds a unit of the phase before, so these may change; the new ticket publishes them.
  const std::uint64_t next = ((ticket_.load(std::memory_order_relaxed) >> 32) + 1) << 32;
  ticket_.store(next | 0xffffffffu, std::memory_order_seq_cst);  // no unit to take while the fields change
  done_.store(0, std::memory_order_relaxed);
  call_.store(call, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  units_.store(n, std::memory_order_relaxed);
  ticket_.store(((next >> 32) + 1) << 32, std::memory_order_seq_cst);
  wake();

  int unit = 0, mine = 0;
  while (take(unit)) {
    call(context, unit, 0);
    ++mine;
  }
  if (mine) done_.fetch_add(mine, std::memory_order_acq_rel);
  if (done_.load(std::memory_order_acquire) == n) return;

  for (int i = 0; i < 200; ++i) {
    _mm_pause();
    if (done_.load(std::memory_order_acquire) == n) return;
  }
  const double start = micros();
  double waited = 0;
  while (done_.load(std::memory_order_acquire) != n) {
    if (waited > kPatienceMicros) sched_yield();
    else _mm_pause();
    waited = micros() - start;
  }
  waited_micros_ += waited;
  if (waited > kStallMicros) {
    alone_next_ = std::clamp(alone_next_ * 2, kAloneMin, kAloneMax);
    alone_ = alone_next_;
  } else if (alone_next_ > 0 && waited < kPatienceMicros) {
    --alone_next_;
  }
}

void Team::help(int thread) {
  double idle_since = micros();
  int spins = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    const int next = static_cast<int>(static_cast<std::uint32_t>(ticket));
    const int n = units_.load(std::memory_order_relaxed);
    const Call call = call_.load(std::memory_order_relaxed);
    const void* context = context_.load(std::memory_order_relaxed);
    if (next >= 0 && next < n) {
      if (ticket_.compare_exchange_strong(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        call(context, next, thread);
        done_.fetch_add(1, std::memory_order_acq_rel);
        spins = 0;
      }
      continue;
    }
    if (spins == 0) idle_since = micros();
    _mm_pause();
    if (++spins % 64 != 0 || micros() - idle_since < kSpinMicros) continue;
    // Sleep. The bell is read before the last look for work, so that a phase opened meanwhile wakes us.
    const std::uint32_t bell = bell_.load(std::memory_order_seq_cst);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    const std::uint64_t last = ticket_.load(std::memory_order_seq_cst);
    const int last_next = static_cast<int>(static_cast<std::uint32_t>(last));
    const bool work = last_next >= 0 && last_next < units_.load(std::memory_order_relaxed);
    if (!work && !stop_.load(std::memory_order_seq_cst)) futex_wait(bell_, bell);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    spins = 0;
  }
}

}  // namespace wright::engine::cpu
