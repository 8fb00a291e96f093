// Context: deadline and cancellation of one request, handed down to the innermost loop. Copyable, cheap; a child is
// cancelled with its parent and never outlives its parent's deadline. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace wright {

class Context {
 public:
  // No deadline, never cancelled unless cancel() is called on it.
  Context();
  // A child with its own cancel(), ending with the parent.
  Context child() const;
  // A child whose deadline is now + timeout, or the parent's if that is sooner.
  Context with_timeout(Duration timeout) const;

  void cancel() const;
  bool cancelled() const;                      // cancel() was called here or above
  bool expired() const;                        // the deadline passed
  bool done() const { return cancelled() || expired(); }
  std::optional<TimePoint> deadline() const;
  // Time left; a large value without a deadline, never negative.
  Duration remaining() const;
  // ok, or Error cancelled / timeout. Poll it in loops.
  Result<void> check() const;

  // Calls `hook` once when cancelled (at once if it already is), from the cancelling thread. The hook is dropped when
  // the returned handle dies; after that it will not start.
  class Hook;
  std::shared_ptr<Hook> on_cancel(std::function<void()> hook) const;

 private:
  struct State;
  explicit Context(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace wright
