// Hands a session's events to a job's client, in order, from a thread of its own, until the pump dies.
#pragma once

#include <atomic>
#include <thread>

#include "agent/events.h"
#include "daemon/api/jobs.h"

namespace wright::daemon {

class EventPump {
 public:
  // Bus and io outlive the pump.
  EventPump(agent::EventBus& bus, const JobIo& io);
  ~EventPump();  // hands out what is left
  EventPump(const EventPump&) = delete;
  EventPump& operator=(const EventPump&) = delete;
  // Returns when everything said so far was handed out: before a question, so that it stands below what led to it.
  void drain();

 private:
  void run();
  agent::EventBus& bus_;
  const JobIo& io_;
  agent::EventBus::Reader reader_;
  std::atomic<std::int64_t> seen_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace wright::daemon
