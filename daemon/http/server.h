// HTTP/1.1 on a unix socket (0600, peer uid checked) and, when asked, on 127.0.0.1. One I/O thread runs all coroutines; each
// request's handler runs on a thread of its own (at most limits::kHandlerThreads, then 503), so it may block. Strict about what
// makes two readers disagree: folded headers, two lengths, two encodings, a target that is not a plain path are 400.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "daemon/http/message.h"

namespace wright::daemon {

struct ServerOptions {
  std::string unix_path;   // "" : no unix socket. Its folder exists and is 0700.
  int port = -1;           // -1: no TCP; 0: any free port of 127.0.0.1
};

class HttpServer {
 public:
  using Handler = std::function<void(const HttpRequest&, Responder&)>;
  // `io` when an address is in use or can't be bound.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options, Handler handler);
  virtual ~HttpServer() = default;  // stops
  virtual int port() const = 0;     // of the TCP listener; -1: none
  // No new connections; running requests go on.
  virtual void stop_listening() = 0;
  // Cancels every request's context and closes every connection; returns once the handlers have returned, or after `grace`.
  virtual void stop(Duration grace) = 0;
  virtual std::size_t running() const = 0;      // requests in their handlers
  virtual TimePoint last_request() const = 0;   // when the last one ended or began
};

}  // namespace wright::daemon
