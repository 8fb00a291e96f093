#include "engine/run/delivery.h"


namespace wright::engine {

Delivery::Delivery() : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { run(queue); }) {}

Delivery::~Delivery() {
  {
    std::lock_guard lock(queue_->mutex);
    queue_->closed = true;
    queue_->arrived.notify_one();
  }
  if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
  else thread_.join();
}

void Delivery::post(std::function<void()> call) {
  std::lock_guard lock(queue_->mutex);
  queue_->calls.push_back(std::move(call));
  queue_->arrived.notify_one();
}

void Delivery::run(const std::shared_ptr<Queue>& queue) {
  for (;;) {
    std::function<void()> call;
    {
      std::unique_lock lock(queue->mutex);
      queue->arrived.wait(lock, [&] { return queue->closed || !queue->calls.empty(); });
      if (queue->calls.empty()) return;
      call = std::move(queue->calls.front());
      queue->calls.pop_front();
    }
    call();
  }
}

}  // namespace wright::engine
