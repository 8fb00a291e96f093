#include "daemon/http/auth.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <array>

#include "base/file.h"

namespace wright::daemon {
namespace {

bool is_own_host(std::string_view host, int port) {
  for (const std::string_view name : {"127.0.0.1", "localhost", "[::1]"})
    if (host == fmt::format("{}:{}", name, port)) return true;
  return false;
}

std::string bearer(const HttpRequest& request) {
  const std::string value = request.header("authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.starts_with(kScheme)) return value.substr(kScheme.size());
  return request.header("x-api-key");
}

}  // namespace

bool equal_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<HttpRefusal> check_access(const AccessRules& rules, const HttpRequest& request, bool open) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  if (request.door == Door::loopback) {
    if (!is_own_host(request.header("host"), rules.port)) return HttpRefusal{421, "this Host is not served here"};
    const std::string origin = request.header("origin");
    if (!origin.empty() && !(origin.starts_with("http://") && is_own_host(std::string_view(origin).substr(7), rules.port)))
      return HttpRefusal{403, "requests from another origin are refused"};
    if (!open && (rules.token.empty() || !equal_secret(bearer(request), rules.token)))
      return HttpRefusal{401, "a token is needed: send `Authorization: Bearer TOKEN`; `wright status` says where it lies"};
  }
  if (request.door == Door::loopback && changes && !request.body.empty() && !request.header("content-type").starts_with("application/json"))
    return HttpRefusal{415, "the body must be application/json"};
  return std::nullopt;
}

Result<std::string> load_or_make_token(const std::string& path) {
  if (exists(path)) {
    WRIGHT_TRY(std::string token, read_file(path, 4096));
    while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
    if (token.size() >= 32) return token;
  }
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return Error{ErrorKind::io, "no random numbers for the token", ""};
  std::string token;
  for (const unsigned char b : bytes) token += fmt::format("{:02x}", b);
  WRIGHT_CHECK(write_file_atomic(path, token + "\n", 0600));
  return token;
}

}  // namespace wright::daemon
