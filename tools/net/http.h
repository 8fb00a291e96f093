// HTTP/1.1 client: one request, http or https (system certificates, host checked), the body streamed as it arrives. No proxy, no
// redirects, no cookies. Blocks the calling thread; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;      // http://host[:port]/path?query or https://…
  HttpHeaders headers;  // beside Host and Content-Length
  std::string body;
  Duration connect_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(120);  // between two pieces of the reply
};

struct HttpHead {
  int status = 0;
  HttpHeaders headers;
  // The first header of that name (any case); "" when absent.
  std::string header(std::string_view name) const;
};

struct HttpReply {
  HttpHead head;
  std::string body;
};

// `on_head` once, then `on_body` for each piece; false from either ends the request early (ok). Errors: usage (URL), io (connection,
// a reply cut off), timeout, cancelled, invalid (not HTTP).
Result<void> http_stream(const Context& context, const HttpRequest& request, const std::function<bool(const HttpHead&)>& on_head,
                         const std::function<bool(std::string_view)>& on_body);
// The whole reply, at most `limit_bytes` of body (more is an error).
Result<HttpReply> http_fetch(const Context& context, const HttpRequest& request, std::size_t limit_bytes);

}  // namespace wright::tools
