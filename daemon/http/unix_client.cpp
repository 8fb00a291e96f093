#include "daemon/http/unix_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace wright::daemon {
namespace {

Error broken(std::string_view what) { return {ErrorKind::io, "the daemon's connection broke: " + std::string(what), "see `wright status`"}; }

Result<UniqueFd> connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd.valid() || path.size() >= sizeof address.sun_path) return Error{ErrorKind::io, "no socket for " + path, ""};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{ErrorKind::not_found, "no daemon listens on " + path, "`wright daemon` starts one"};
  return fd;
}

// A system call that a signal interrupted is made again: a cancel comes through the context, which shuts the socket down.
template <class Call>
ssize_t uninterrupted(const Call& call) {
  for (;;)
    if (const ssize_t n = call(); n >= 0 || errno != EINTR) return n;
}

// Buffered reading of one answer.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}
  // False at the end of the stream.
  bool more() {
    char bytes[16384];
    const ssize_t n = uninterrupted([&] { return ::recv(fd_, bytes, sizeof bytes, 0); });
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  Result<std::string> until(std::string_view mark, std::size_t limit) {
    std::size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos)
      if (buffer_.size() > limit || !more()) return broken("a line is missing");
    std::string out = buffer_.substr(0, at);
    buffer_.erase(0, at + mark.size());
    return out;
  }
  Result<void> pass(std::size_t n, const std::function<void(std::string_view)>& on_body) {
    while (n > 0) {
      if (buffer_.empty() && !more()) return broken("it ended early");
      const std::size_t take = std::min(n, buffer_.size());
      on_body(std::string_view(buffer_).substr(0, take));
      buffer_.erase(0, take);
      n -= take;
    }
    return {};
  }

 private:
  const int fd_;
  std::string buffer_;
};

Result<int> read_answer(Reader& reader, const std::function<void(std::string_view)>& on_body) {
  WRIGHT_TRY(std::string head, reader.until("\r\n\r\n", 64 * 1024));
  int status = 0;
  if (std::sscanf(head.c_str(), "HTTP/1.1 %d", &status) != 1) return broken("not HTTP");
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) {
    for (;;) {
      WRIGHT_TRY(const std::string size_line, reader.until("\r\n", 64));
      const std::size_t size = std::strtoul(size_line.c_str(), nullptr, 16);
      WRIGHT_CHECK(reader.pass(size, on_body));
      WRIGHT_TRY(const std::string end, reader.until("\r\n", 2));
      if (size == 0) return status;
    }
  }
  std::size_t length = 0;
  if (const auto at = head.find("\r\ncontent-length: "); at != std::string::npos) length = std::strtoul(head.c_str() + at + 18, nullptr, 10);
  WRIGHT_CHECK(reader.pass(length, on_body));
  return status;
}

}  // namespace

Result<int> unix_stream(const Context& context, const UnixRequest& request, const std::function<void(std::string_view)>& on_body) {
  WRIGHT_CHECK(context.check());
  WRIGHT_TRY(const UniqueFd fd, connect_to(request.socket));
  const auto hook = context.on_cancel([raw = fd.get()] { ::shutdown(raw, SHUT_RDWR); });
  const std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: wright\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                        request.method, request.path, request.body.size(), request.body);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = uninterrupted([&] { return ::send(fd.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL); });
    if (n <= 0) {
      WRIGHT_CHECK(context.check());
      return broken("it took no more bytes");
    }
    sent += static_cast<std::size_t>(n);
  }
  Reader reader(fd.get());
  auto status = read_answer(reader, on_body);
  if (!status.ok()) WRIGHT_CHECK(context.check());
  return status;
}

Result<UnixReply> unix_fetch(const Context& context, const UnixRequest& request) {
  UnixReply reply;
  WRIGHT_TRY(reply.status, unix_stream(context, request, [&](std::string_view bytes) { reply.body += bytes; }));
  return reply;
}

}  // namespace wright::daemon
