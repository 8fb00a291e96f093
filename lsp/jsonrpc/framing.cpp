#include "lsp/jsonrpc/framing.h"

#include <fmt/format.h>

#include <charconv>
#include <cctype>

#include "base/limits.h"

namespace wright::lsp {
namespace {

constexpr std::size_t kHeaderBytes = 8 * 1024;

Error broken(std::string_view what) { return {ErrorKind::invalid, "the message stream is broken: " + std::string(what), "restart the server"}; }

bool equal_no_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) != std::tolower(static_cast<unsigned char>(b[i]))) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<void> FrameReader::read_header() {
  const auto end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffer_.size() > kHeaderBytes) return broken("a header does not end");
    return {};
  }
  std::string_view header = std::string_view(buffer_).substr(0, end + 2);
  std::optional<std::size_t> length;
  while (!header.empty()) {
    const auto line_end = header.find("\r\n");
    const std::string_view line = header.substr(0, line_end);
    header.remove_prefix(line_end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return broken("a header without a colon");
    if (!equal_no_case(trimmed(line.substr(0, colon)), "content-length")) continue;
    const std::string_view value = trimmed(line.substr(colon + 1));
    std::size_t n = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (value.empty() || error != std::errc() || stop != value.data() + value.size()) return broken("Content-Length is not a number");
    if (length && *length != n) return broken("two different lengths");
    length = n;
  }
  if (!length) return broken("there is no Content-Length");
  if (*length > limits::kRpcMessageBytes) return broken(fmt::format("a message of {} bytes, more than {}", *length, limits::kRpcMessageBytes));
  buffer_.erase(0, end + 4);
  length_ = length;
  return {};
}

Result<std::optional<std::string>> FrameReader::next() {
  if (!length_) WRIGHT_CHECK(read_header());
  if (!length_ || buffer_.size() < *length_) return std::optional<std::string>();
  std::string body = buffer_.substr(0, *length_);
  buffer_.erase(0, *length_);
  length_.reset();
  return std::optional<std::string>(std::move(body));
}

std::string frame(std::string_view body) { return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body); }

}  // namespace wright::lsp
