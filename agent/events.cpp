#include "agent/events.h"

#include <fmt/format.h>

namespace wright::agent {
namespace {
constexpr Duration kCoalesce = std::chrono::milliseconds(limits::kDeltaCoalesceMs);
}

EventBus::EventBus(std::string session, const Clock& clock, std::size_t capacity)
    : session_(std::move(session)), clock_(clock), capacity_(capacity) {}

void EventBus::publish(Event event) {
  event.session = session_;
  event.sequence = ++sequence_;
  ring_.push_back(std::move(event));
  if (ring_.size() > capacity_) ring_.pop_front();
  changed_.notify_all();
}

void EventBus::flush() {
  if (!pending_) return;
  Event event = std::move(*pending_);
  pending_.reset();
  last_delta_ = clock_.now();
  publish(std::move(event));
}

void EventBus::added(const Item& item) {
  std::lock_guard lock(mutex_);
  flush();
  publish({Event::Kind::added, 0, "", item, ""});
}

void EventBus::delta(const Item& item, std::string_view text) {
  if (text.empty()) return;
  std::lock_guard lock(mutex_);
  if (pending_ && pending_->item.id != item.id) flush();
  if (!pending_) {
    // Only identity and type matter to readers of a delta.
    Item head{item.id, "", 0, std::visit([](const auto& body) { return ItemBody(std::decay_t<decltype(body)>{}); }, item.body)};
    pending_ = Event{Event::Kind::delta, 0, "", std::move(head), ""};
  }
  pending_->text.append(text);
  if (clock_.now() - last_delta_ >= kCoalesce) flush();
  else changed_.notify_all();  // a waiting reader publishes it when it is due
}

void EventBus::done(const Item& item) {
  std::lock_guard lock(mutex_);
  flush();
  publish({Event::Kind::done, 0, "", item, ""});
}

void EventBus::close() {
  std::lock_guard lock(mutex_);
  flush();
  closed_ = true;
  changed_.notify_all();
}

std::int64_t EventBus::last_sequence() const {
  std::lock_guard lock(mutex_);
  return sequence_;
}

EventBus::Reader EventBus::reader(std::optional<std::int64_t> after) {
  std::lock_guard lock(mutex_);
  return Reader(*this, after.value_or(sequence_));
}

Result<std::optional<Event>> EventBus::Reader::next(Duration timeout) {
  std::unique_lock lock(bus_->mutex_);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (bus_->sequence_ <= seen_) {
    const auto now = std::chrono::steady_clock::now();
    if (bus_->closed_ || now >= deadline) return std::optional<Event>();
    auto wake = deadline;
    if (bus_->pending_) {
      const Duration left = kCoalesce - (bus_->clock_.now() - bus_->last_delta_);
      if (left <= Duration::zero()) {
        bus_->flush();
        continue;
      }
      wake = std::min(wake, now + left);
    }
    bus_->changed_.wait_until(lock, wake);
  }
  const std::int64_t oldest = bus_->sequence_ - static_cast<std::int64_t>(bus_->ring_.size()) + 1;
  if (seen_ + 1 < oldest) {
    const std::int64_t lost = oldest - seen_ - 1;
    seen_ = oldest - 1;
    return Error{ErrorKind::limit, fmt::format("{} events were lost by a slow reader", lost), "replay the session from its items"};
  }
  Event event = bus_->ring_[static_cast<std::size_t>(seen_ + 1 - oldest)];
  ++seen_;
  return std::optional<Event>(std::move(event));
}

bool EventBus::Reader::finished() const {
  std::lock_guard lock(bus_->mutex_);
  return bus_->closed_ && bus_->sequence_ <= seen_;
}

}  // namespace wright::agent
