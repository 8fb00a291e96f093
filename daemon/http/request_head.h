// The head of an HTTP/1.1 request, read strictly (RFC 9112 with every leniency off). Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/message.h"

namespace wright::daemon {

struct RequestHead {
  HttpRequest request;                        // all but body and door
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;
};

// `bytes` ends with the empty line. An `invalid` error says what is wrong.
Result<RequestHead> parse_request_head(std::string_view bytes);

}  // namespace wright::daemon
