#include "daemon/api/event_pump.h"

#include <chrono>

namespace wright::daemon {

using namespace std::chrono_literals;

EventPump::EventPump(agent::EventBus& bus, const JobIo& io) : bus_(bus), io_(io), reader_(bus.reader()), seen_(bus.last_sequence()), thread_([this] { run(); }) {}

EventPump::~EventPump() {
  drain();
  stop_ = true;
  thread_.join();
}

void EventPump::drain() {
  while (seen_ < bus_.last_sequence()) std::this_thread::sleep_for(1ms);
}

void EventPump::run() {
  while (!stop_) {
    auto next = reader_.next(20ms);
    if (!next.ok()) {
      if (io_.emit) io_.emit({{"type", "lost"}, {"message", next.error().text()}});
      continue;
    }
    if (!*next) continue;
    if (io_.emit) io_.emit(agent::to_json(**next));
    seen_ = (*next)->sequence;
  }
}

}  // namespace wright::daemon
