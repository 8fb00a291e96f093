// What a handler sees of one HTTP request and how it answers. Plain values and one interface; boost stays in server.cpp.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::daemon {

enum class Door { unix_socket, loopback };  // how the client came in; the socket's peer has this process's uid

struct HttpRequest {
  Door door = Door::unix_socket;
  std::string method;
  std::string path;                            // decoded once; begins with '/', holds no NUL
  std::string query;                           // undecoded, without '?'
  std::map<std::string, std::string> headers;  // names in lower case; a repeated one is joined by ", "
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// One answer: either reply(), or begin(), write()…, end(). Called from the handler's thread; write() waits while the client is more
// than limits::kClientBufferBytes behind. A client that leaves cancels context().
class Responder {
 public:
  virtual ~Responder() = default;
  virtual const Context& context() const = 0;
  virtual void reply(int status, std::string_view content_type, std::string body,
                     std::vector<std::pair<std::string, std::string>> headers = {}) = 0;
  virtual void begin(int status, std::string_view content_type) = 0;
  virtual bool write(std::string bytes) = 0;  // false once the client is gone
  virtual void end() = 0;
};

}  // namespace wright::daemon
