#include "daemon/http/request_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace wright::daemon {
namespace {

Error malformed(std::string_view what) { return {ErrorKind::invalid, "malformed request: " + std::string(what), ""}; }

bool is_token(std::string_view text) {  // RFC 9110 §5.6.2
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode_path(std::string_view target) {
  std::string out;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      out += target[i];
      continue;
    }
    const int high = i + 2 < target.size() ? hex(target[i + 1]) : -1, low = i + 2 < target.size() ? hex(target[i + 2]) : -1;
    if (high < 0 || low < 0 || high * 16 + low < 0x20) return malformed("percent-encoding in the path");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (("/" + out + "/").find("/../") != std::string::npos) return malformed("'..' in the path");
  return out;
}

Result<void> read_line(RequestHead& head, std::string_view line) {
  const auto space = line.find(' '), last = line.rfind(' ');
  if (space == std::string_view::npos || last == space) return malformed("the request line");
  const std::string_view method = line.substr(0, space), target = line.substr(space + 1, last - space - 1), version = line.substr(last + 1);
  if (!is_token(method)) return malformed("the method");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return malformed("the HTTP version");
  if (target.empty() || target[0] != '/') return malformed("the target is not a path");
  for (const unsigned char c : target)
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') return malformed("a character of the target");
  head.keep_alive = version == "HTTP/1.1";
  head.request.method = method;
  const auto question = target.find('?');
  WRIGHT_TRY(head.request.path, decode_path(target.substr(0, question)));
  if (question != std::string_view::npos) head.request.query = target.substr(question + 1);
  return {};
}

Result<void> read_header(RequestHead& head, std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') return malformed("a folded header");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return malformed("a header's name");
  const std::string name = lower(line.substr(0, colon));
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  for (const unsigned char c : value)
    if ((c < 0x20 && c != '\t') || c == 0x7f) return malformed("a control character in a header");
  auto& headers = head.request.headers;
  if (const auto found = headers.find(name); found != headers.end()) {
    if (name == "host" || name == "content-length" || name == "transfer-encoding" || name == "authorization" || name == "origin")
      return malformed("two " + name + " headers");
    found->second += ", " + std::string(value);
  } else {
    headers.emplace(name, value);
  }
  return {};
}

Result<void> read_framing(RequestHead& head) {
  const HttpRequest& request = head.request;
  if (const std::string encoding = request.header("transfer-encoding"); !encoding.empty()) {
    if (lower(encoding) != "chunked") return malformed("the transfer encoding");
    if (request.headers.contains("content-length")) return malformed("a length beside a transfer encoding");
    head.chunked = true;
  }
  if (request.headers.contains("content-length")) {
    const std::string text = request.header("content-length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return malformed("the content length");
    head.content_length = length;
  }
  if (!request.headers.contains("host")) return malformed("there is no Host header");
  const std::string connection = lower(request.header("connection"));
  if (connection.find("close") != std::string::npos) head.keep_alive = false;
  head.expect_continue = lower(request.header("expect")) == "100-continue";
  return {};
}

}  // namespace

Result<RequestHead> parse_request_head(std::string_view bytes) {
  RequestHead head;
  if (!bytes.ends_with("\r\n\r\n")) return malformed("the head does not end");
  bytes.remove_suffix(2);
  bool first = true;
  while (!bytes.empty()) {
    const auto end = bytes.find("\r\n");
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos || line.empty())
      return malformed("a bare CR, LF or NUL in the head");
    if (first) WRIGHT_CHECK(read_line(head, line));
    else WRIGHT_CHECK(read_header(head, line));
    first = false;
  }
  if (first) return malformed("the request line");
  WRIGHT_CHECK(read_framing(head));
  return head;
}

}  // namespace wright::daemon
