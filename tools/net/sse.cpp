#include "tools/net/sse.h"

namespace wright::tools {
namespace {
constexpr std::size_t kLargest = 16u << 20;
}

std::vector<SseEvent> SseReader::feed(std::string_view bytes) {
  std::vector<SseEvent> out;
  for (const char c : bytes) {
    const bool after_cr = after_cr_;
    after_cr_ = c == '\r';
    if (c == '\n' && after_cr) continue;
    if (c == '\n' || c == '\r') {
      std::string_view text = buffer_;
      if (!started_ && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
      started_ = true;
      line(text, out);
      buffer_.clear();
    } else if (buffer_.size() + now_.data.size() < kLargest) {
      buffer_ += c;
    } else {
      overflow_ = true;
    }
  }
  return out;
}

void SseReader::line(std::string_view text, std::vector<SseEvent>& out) {
  if (text.empty()) {
    if (has_data_) out.push_back(now_);
    now_.event.clear();
    now_.data.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(" ")) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) now_.data += '\n';
    now_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    now_.event = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    now_.id = value;
  }
}

}  // namespace wright::tools
