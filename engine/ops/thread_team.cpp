#include "engine/ops/thread_team.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace wright::engine {
namespace {

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace

struct ThreadTeam::State {
  std::mutex mutex;  // guards generation, busy, stop
  std::condition_variable start, finished;
  std::uint64_t generation = 0;
  int busy = 0;
  bool stop = false;
  // Written before `generation` grows, read by the threads after.
  const std::function<void(std::size_t, std::size_t)>* work = nullptr;
  std::size_t n = 0, grain = 1;
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;

  void take_units() {
    for (std::size_t begin = next.fetch_add(grain); begin < n; begin = next.fetch_add(grain))
      (*work)(begin, std::min(n, begin + grain));
  }

  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      start.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      lock.unlock();
      take_units();
      lock.lock();
      if (--busy == 0) finished.notify_one();
    }
  }
};

ThreadTeam::ThreadTeam(int threads) : state_(std::make_unique<State>()), size_(threads > 0 ? threads : usable_cores()) {
  for (int i = 1; i < size_; ++i) state_->threads.emplace_back([state = state_.get()] { state->serve(); });
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->start.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

void ThreadTeam::run(std::size_t n, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& work) {
  grain = std::max<std::size_t>(grain, 1);
  if (size_ == 1 || n <= grain) {
    if (n > 0) work(0, n);
    return;
  }
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    s.work = &work;
    s.n = n;
    s.grain = grain;
    s.next = 0;
    s.busy = size_ - 1;
    ++s.generation;
  }
  s.start.notify_all();
  s.take_units();
  std::unique_lock lock(s.mutex);
  s.finished.wait(lock, [&] { return s.busy == 0; });
}

}  // namespace wright::engine
