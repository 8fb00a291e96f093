// The thread that calls sinks, in order, so that the engine thread never waits for a reader. post(): any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace wright::engine {

class Delivery {
 public:
  Delivery();
  // Delivers what was posted, then ends. When the delivery thread itself destroys this object (the last owner was a sink),
  // it is let go and ends by itself.
  ~Delivery();
  void post(std::function<void()> call);

 private:
  struct Queue {
    std::mutex mutex;  // guards the rest
    std::condition_variable arrived;
    std::deque<std::function<void()>> calls;
    bool closed = false;
  };
  static void run(const std::shared_ptr<Queue>& queue);
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace wright::engine
