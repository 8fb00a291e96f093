#include "daemon/http/exchange.h"

#include <fmt/format.h>

#include <chrono>

#include "base/limits.h"

namespace wright::daemon {
namespace {

struct Reason { int status; std::string_view text; };
constexpr Reason kReasons[] = {{200, "OK"}, {202, "Accepted"}, {204, "No Content"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
                               {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
                               {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {421, "Misdirected Request"},
                               {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
                               {503, "Service Unavailable"}};

std::string_view reason_of(int status) {
  for (const Reason& r : kReasons)
    if (r.status == status) return r.text;
  return "Status";
}

}  // namespace

std::string response_head(int status, std::string_view content_type, const std::vector<std::pair<std::string, std::string>>& headers,
                          bool keep_alive, const std::string& framing) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}Connection: {}\r\nCache-Control: no-store\r\n"
                                 "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n",
                                 status, reason_of(status), content_type, framing, keep_alive ? "keep-alive" : "close");
  bool policy = false;
  for (const auto& [name, value] : headers) {
    head += name + ": " + value + "\r\n";
    policy = policy || name == "Content-Security-Policy";
  }
  if (!policy) head += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  return head + "\r\n";
}

void Exchange::reply(int status, std::string_view content_type, std::string body,
                     std::vector<std::pair<std::string, std::string>> headers) {
  {
    std::lock_guard lock(mutex_);
    if (begun_) return;
    begun_ = true;
  }
  std::string head = response_head(status, content_type, headers, keep_alive_, fmt::format("Content-Length: {}\r\n", body.size()));
  push(head_only_ ? std::move(head) : std::move(head) + body, true);
}

void Exchange::begin(int status, std::string_view content_type) {
  {
    std::lock_guard lock(mutex_);
    if (begun_) return;
    begun_ = true;
  }
  push(response_head(status, content_type, {}, keep_alive_, "Transfer-Encoding: chunked\r\n"), head_only_);
}

bool Exchange::write(std::string bytes) {
  if (bytes.empty()) return true;
  {
    std::unique_lock lock(mutex_);
    const bool room = taken_.wait_for(lock, std::chrono::milliseconds(limits::kClientStallMs),
                                      [&] { return gone_ || ended_ || out_.size() < limits::kClientBufferBytes; });
    if (!room) gone_ = true;  // the client takes nothing: drop it
    if (gone_ || ended_) {
      lock.unlock();
      if (!room) context_.cancel();
      return false;
    }
  }
  push(fmt::format("{:x}\r\n", bytes.size()) + std::move(bytes) + "\r\n", false);
  return true;
}

void Exchange::end() {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || !begun_) return;
  }
  push("0\r\n\r\n", true);
}

void Exchange::finish_handler() {
  reply(500, "application/json", R"({"error":{"message":"the handler gave no answer","type":"server_error"}})", {});
  end();
}

void Exchange::push(std::string bytes, bool last) {
  {
    std::lock_guard lock(mutex_);
    if (!gone_) out_ += bytes;
    ended_ = ended_ || last;
  }
  wake_();
}

std::string Exchange::take(bool& ended) {
  std::lock_guard lock(mutex_);
  std::string bytes = std::move(out_);
  out_.clear();
  ended = ended_ || gone_;
  taken_.notify_all();
  return bytes;
}

void Exchange::client_left() {
  {
    std::lock_guard lock(mutex_);
    gone_ = true;
    taken_.notify_all();
  }
  context_.cancel();
}

}  // namespace wright::daemon
