// A client of the daemon's unix socket: one request a connection, the body handed over as it arrives. Blocks; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/result.h"

namespace wright::daemon {

struct UnixRequest {
  std::string socket, method, path, body;  // body: JSON or empty
};

// Returns the status. `on_body`: pieces as they come. not_found: nobody listens there; io: the connection broke; cancelled at once
// with the context (the connection is closed, which cancels a job).
Result<int> unix_stream(const Context& context, const UnixRequest& request, const std::function<void(std::string_view)>& on_body);

struct UnixReply {
  int status = 0;
  std::string body;
};
Result<UnixReply> unix_fetch(const Context& context, const UnixRequest& request);

}  // namespace wright::daemon
