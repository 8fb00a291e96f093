// A few threads that share out a range in small units: whichever thread is awake takes the next one. Owned by one caller
// thread, which works along; run() returns when every unit is done. Units must not depend on each other.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace wright::engine {

class ThreadTeam {
 public:
  explicit ThreadTeam(int threads);  // 0: as many as this process may use; 1: everything on the caller
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // work(begin, end) over [0, n) in units of `grain`.
  void run(std::size_t n, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& work);
  int size() const { return size_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  int size_ = 1;
};

}  // namespace wright::engine
