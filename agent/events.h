// The event bus of one session: one ring of the latest events, any number of readers with a cursor each. Text deltas of an
// item are joined for at most limits::kDeltaCoalesceMs, so a fast model costs at most twenty events a second.
// A reader that falls more than limits::kEventQueue events behind is told so and replays from the store. Any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/items.h"
#include "base/clock.h"
#include "base/limits.h"

namespace wright::agent {

class EventBus {
 public:
  explicit EventBus(std::string session, const Clock& clock = Clock::system(), std::size_t capacity = limits::kEventQueue);

  void added(const Item& item);
  void delta(const Item& item, std::string_view text);  // of an item announced by added()
  void done(const Item& item);
  // No more events; readers get what is left, then nothing.
  void close();

  std::int64_t last_sequence() const;

  // `after`: the last sequence already seen; the default reads only what comes from now on.
  class Reader {
   public:
    // The next event; nothing after `timeout` or once closed and empty. An error of kind limit when events were lost: the
    // cursor then stands at the oldest event kept.
    Result<std::optional<Event>> next(Duration timeout);
    bool finished() const;

   private:
    friend class EventBus;
    Reader(EventBus& bus, std::int64_t after) : bus_(&bus), seen_(after) {}
    EventBus* bus_;  // outlives the reader
    std::int64_t seen_;
  };
  Reader reader(std::optional<std::int64_t> after = std::nullopt);

 private:
  void publish(Event event);  // with mutex_ held
  void flush();               // with mutex_ held

  const std::string session_;
  const Clock& clock_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::deque<Event> ring_;
  std::int64_t sequence_ = 0;
  std::optional<Event> pending_;  // a delta that still grows
  TimePoint last_delta_{};        // when a delta was published last
  bool closed_ = false;
};

}  // namespace wright::agent
