#include "engine/run/stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace wright::engine {
namespace {

// Events from the engine's delivery thread to the caller's.
struct Mailbox {
  std::mutex mutex;  // guards the rest
  std::condition_variable arrived;
  std::deque<GenerateEvent> events;
};

// The next event; nothing when the deadline passes first.
std::optional<GenerateEvent> next(Mailbox& mailbox, std::optional<TimePoint> deadline) {
  std::unique_lock lock(mailbox.mutex);
  const auto ready = [&] { return !mailbox.events.empty(); };
  if (!deadline) mailbox.arrived.wait(lock, ready);
  else if (!mailbox.arrived.wait_until(lock, *deadline, ready)) return std::nullopt;
  GenerateEvent event = std::move(mailbox.events.front());
  mailbox.events.pop_front();
  return event;
}

}  // namespace

Result<void> stream(Engine& engine, const Context& context, GenerateRequest request,
                    const std::function<bool(const GenerateEvent&)>& take) {
  WRIGHT_CHECK(context.check());
  const auto mailbox = std::make_shared<Mailbox>();
  const RequestId id = engine.submit(std::move(request), [mailbox](const GenerateEvent& event) {
    std::lock_guard lock(mailbox->mutex);
    mailbox->events.push_back(event);
    mailbox->arrived.notify_one();
  });
  const auto hook = context.on_cancel([&engine, id] { engine.cancel(id); });
  for (bool stopped = false;;) {
    const auto event = next(*mailbox, stopped ? std::nullopt : context.deadline());
    if (!event) {
      engine.cancel(id);
      stopped = true;
      continue;
    }
    if (!stopped && !take(*event)) {
      engine.cancel(id);
      stopped = true;
    }
    if (!event->done) continue;
    if (event->finish == Finish::error) return event->error;
    if (event->finish == Finish::cancelled) {
      WRIGHT_CHECK(context.check());
      return Error{ErrorKind::cancelled, "the request was cancelled", ""};
    }
    return {};
  }
}

}  // namespace wright::engine
