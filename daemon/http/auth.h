// Who may call what. The unix socket's peer is this user; on 127.0.0.1 every route but the public ones needs the token, an exact Host
// and, when the browser sends one, an exact Origin: loopback alone is not trust (DNS rebinding, CSRF). Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/message.h"

namespace wright::daemon {

struct AccessRules {
  int port = -1;
  std::string token;
};

struct HttpRefusal {
  int status;
  std::string message;
};

// Nothing when the request may go on. `open`: the route needs no token.
std::optional<HttpRefusal> check_access(const AccessRules& rules, const HttpRequest& request, bool open);

// 256 random bits, hex. Read from `path`, or made there (0600).
Result<std::string> load_or_make_token(const std::string& path);
// In time that depends on the lengths alone.
bool equal_secret(std::string_view a, std::string_view b);

}  // namespace wright::daemon
