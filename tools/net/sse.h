// Server-sent events (WHATWG HTML, 9.2.6), read as the bytes arrive. A reader belongs to one stream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wright::tools {

struct SseEvent {
  std::string event;  // "" stands for "message"
  std::string data, id;
};

class SseReader {
 public:
  // Events that these bytes complete. An event larger than 16 MiB is dropped and overflow() tells.
  std::vector<SseEvent> feed(std::string_view bytes);
  bool overflow() const { return overflow_; }

 private:
  void line(std::string_view text, std::vector<SseEvent>& out);
  std::string buffer_;
  SseEvent now_;
  bool has_data_ = false, started_ = false, after_cr_ = false, overflow_ = false;
};

}  // namespace wright::tools
