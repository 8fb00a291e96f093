#include "engine/remote/channel.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace wright::engine {
namespace {

Error gone(std::string_view what, int error_number) {
  return {ErrorKind::io, fmt::format("the other side of the engine's wall is gone ({}: {})", what, error_number ? std::strerror(error_number) : "end of stream"), ""};
}

}  // namespace

Result<void> Channel::send(const Message& message) {
  std::string bytes(sizeof(std::uint32_t), '\0');
  bytes += encode(message);
  const std::size_t length = bytes.size() - sizeof(std::uint32_t);
  if (length > kMessageBytes)
    return Error{ErrorKind::limit, fmt::format("an engine message of {} bytes is over the limit of {}", length, kMessageBytes),
                 "ask for less in one request"};
  const auto count = static_cast<std::uint32_t>(length);
  std::memcpy(bytes.data(), &count, sizeof count);
  std::lock_guard lock(write_mutex_);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::send(fd_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return gone("send", errno);
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> Channel::read_exactly(char* out, std::size_t n) {
  while (n > 0) {
    const ssize_t got = ::recv(fd_.get(), out, n, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return gone("receive", got < 0 ? errno : 0);
    out += got;
    n -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<Message> Channel::receive() {
  std::uint32_t length = 0;
  WRIGHT_CHECK(read_exactly(reinterpret_cast<char*>(&length), sizeof length));
  if (length > kMessageBytes)
    return Error{ErrorKind::invalid, fmt::format("an engine message says it has {} bytes, the limit is {}", length, kMessageBytes), ""};
  std::string bytes(length, '\0');
  WRIGHT_CHECK(read_exactly(bytes.data(), length));
  return decode(bytes);
}

void Channel::shut_down() { ::shutdown(fd_.get(), SHUT_RDWR); }

}  // namespace wright::engine
