// Framed messages over one end of a socket pair: a length of 32 bits, then the message. send() may be called from any thread;
// receive() from one thread at a time. Both fail when the other side is gone.
#pragma once

#include <mutex>

#include "base/file.h"
#include "engine/remote/message.h"

namespace wright::engine {

inline constexpr std::size_t kMessageBytes = std::size_t{256} << 20;  // longest message

class Channel {
 public:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<void> send(const Message& message);
  // Waits. `io` at the end of the stream; `invalid` for bytes that are no message.
  Result<Message> receive();
  // Wakes a receive() and fails everything from now on.
  void shut_down();

 private:
  Result<void> read_exactly(char* out, std::size_t n);
  const UniqueFd fd_;
  std::mutex write_mutex_;  // one frame at a time
};

}  // namespace wright::engine
