// An HTTP server on loopback that answers from a list, with faults: for tests of everything that speaks HTTP.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace wright::test {

struct ServerReply {
  std::string bytes;                       // the raw reply, head included
  std::size_t cut = std::string::npos;     // closes after so many bytes
  std::size_t piece = std::string::npos;   // bytes a write
  std::chrono::milliseconds pause{0};      // between writes
  bool hang = false;                       // stays open and silent after the bytes until the client leaves
};

// A reply with Content-Length; and one of server-sent events, each ended by a blank line.
ServerReply http_reply(int status, const std::string& body, const std::string& headers = "Content-Type: application/json\r\n");
ServerReply sse_reply(const std::vector<std::string>& events);

class ScriptedServer {
 public:
  // The n-th connection gets replies[n], later ones the last.
  explicit ScriptedServer(std::vector<ServerReply> replies);
  ~ScriptedServer();
  std::string url() const;                     // "http://127.0.0.1:PORT"
  std::vector<std::string> requests() const;   // raw, head and body

 private:
  void serve();
  void answer(int fd, const ServerReply& reply);
  const std::vector<ServerReply> replies_;
  int listener_ = -1, stop_[2] = {-1, -1};
  int port_ = 0;
  mutable std::mutex mutex_;  // guards requests_
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace wright::test
