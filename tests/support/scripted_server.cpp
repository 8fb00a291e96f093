#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace wright::test {

ServerReply http_reply(int status, const std::string& body, const std::string& headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Status\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

ServerReply sse_reply(const std::vector<std::string>& events) {
  std::string body;
  for (const auto& e : events) body += "data: " + e + "\n\n";
  return {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

ScriptedServer::ScriptedServer(std::vector<ServerReply> replies) : replies_(std::move(replies)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 || pipe(stop_) != 0)
    throw std::runtime_error("scripted server: no loopback socket");
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  close(listener_);
}

std::string ScriptedServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> ScriptedServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::serve() {
  for (std::size_t n = 0;; ++n) {
    pollfd fds[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 || fds[1].revents) return;
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) continue;
    answer(fd, replies_[std::min(n, replies_.size() - 1)]);
    close(fd);
  }
}

void ScriptedServer::answer(int fd, const ServerReply& reply) {
  std::string request;
  char buffer[4096];
  for (;;) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t at = request.find("Content-Length: ");
      const std::size_t body = at < head ? static_cast<std::size_t>(std::atol(request.c_str() + at + 16)) : 0;
      if (request.size() >= head + 4 + body) break;
    }
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) return;
    request.append(buffer, static_cast<std::size_t>(n));
  }
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const std::size_t end = std::min(reply.cut, reply.bytes.size());
  for (std::size_t at = 0; at < end;) {
    const std::size_t n = std::min(reply.piece, end - at);
    if (send(fd, reply.bytes.data() + at, n, MSG_NOSIGNAL) < 0) return;
    at += n;
    if (reply.pause.count() > 0) {
      pollfd stop{stop_[0], POLLIN, 0};
      if (poll(&stop, 1, static_cast<int>(reply.pause.count())) > 0) return;
    }
  }
  if (reply.hang) {
    pollfd fds[2] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(fds, 2, -1);
  }
}

}  // namespace wright::test
