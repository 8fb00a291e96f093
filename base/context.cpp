#include "base/context.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace wright {

class Context::Hook {
 public:
  explicit Hook(std::function<void()> f) : f_(std::move(f)) {}
  ~Hook() { drop(); }
  void fire() {
    std::lock_guard lock(mutex_);
    if (f_) std::exchange(f_, nullptr)();
  }
  void drop() {
    std::lock_guard lock(mutex_);
    f_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void()> f_;
};

struct Context::State {
  std::shared_ptr<State> parent;
  std::atomic<bool> cancelled{false};
  std::optional<TimePoint> deadline;
  std::mutex mutex;
  std::vector<std::weak_ptr<State>> children;  // guarded by mutex
  std::vector<std::weak_ptr<Hook>> hooks;      // guarded by mutex

  void cancel() {
    std::vector<std::weak_ptr<State>> kids;
    std::vector<std::weak_ptr<Hook>> calls;
    {
      std::lock_guard lock(mutex);
      if (cancelled.exchange(true)) return;
      kids.swap(children);
      calls.swap(hooks);
    }
    for (auto& weak : calls)
      if (auto hook = weak.lock()) hook->fire();
    for (auto& weak : kids)
      if (auto kid = weak.lock()) kid->cancel();
  }
};

Context::Context() : state_(std::make_shared<State>()) {}

Context Context::child() const {
  auto state = std::make_shared<State>();
  state->parent = state_;
  state->deadline = state_->deadline;
  bool dead = false;
  {
    std::lock_guard lock(state_->mutex);
    dead = state_->cancelled;
    if (!dead) {
      std::erase_if(state_->children, [](const auto& weak) { return weak.expired(); });
      state_->children.push_back(state);
    }
  }
  if (dead) state->cancelled = true;
  return Context(std::move(state));
}

Context Context::with_timeout(Duration timeout) const {
  Context result = child();
  const TimePoint limit = Clock::system().now() + timeout;
  auto& deadline = result.state_->deadline;
  deadline = deadline ? std::min(*deadline, limit) : limit;
  return result;
}

void Context::cancel() const { state_->cancel(); }
bool Context::cancelled() const { return state_->cancelled.load(std::memory_order_relaxed); }
bool Context::expired() const { return state_->deadline && Clock::system().now() >= *state_->deadline; }
std::optional<TimePoint> Context::deadline() const { return state_->deadline; }

Duration Context::remaining() const {
  if (!state_->deadline) return std::chrono::hours(24 * 365);
  return std::max(Duration::zero(), std::chrono::duration_cast<Duration>(*state_->deadline - Clock::system().now()));
}

Result<void> Context::check() const {
  if (cancelled()) return Error{ErrorKind::cancelled, "interrupted", ""};
  if (expired()) return Error{ErrorKind::timeout, "the time limit was reached", "raise it with --timeout"};
  return {};
}

std::shared_ptr<Context::Hook> Context::on_cancel(std::function<void()> f) const {
  auto hook = std::make_shared<Hook>(std::move(f));
  bool now = false;
  {
    std::lock_guard lock(state_->mutex);
    now = state_->cancelled;
    if (!now) {
      std::erase_if(state_->hooks, [](const auto& weak) { return weak.expired(); });
      state_->hooks.push_back(hook);
    }
  }
  if (now) hook->fire();
  return hook;
}

}  // namespace wright
