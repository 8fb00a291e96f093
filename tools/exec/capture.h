// First and last halves of a command's output; counts what lies between. One thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace wright::tools {

class Capture {
 public:
  explicit Capture(std::size_t limit_bytes) : half_(limit_bytes / 2) {}
  void add(std::string_view bytes) {
    total_ += bytes.size();
    const std::size_t head = std::min(bytes.size(), half_ - head_.size());
    head_.append(bytes.substr(0, head));
    tail_.append(bytes.substr(head));
    if (tail_.size() > 2 * half_ + 65536) tail_.erase(0, tail_.size() - half_);
  }
  std::size_t total() const { return total_; }
  std::string take() {
    if (tail_.size() > half_) tail_.erase(0, tail_.size() - half_);
    const std::size_t cut = total_ - head_.size() - tail_.size();
    if (cut) head_ += "\n[" + std::to_string(cut) + " bytes left out]\n";
    return head_ + tail_;
  }

 private:
  std::size_t half_, total_ = 0;
  std::string head_, tail_;
};

}  // namespace wright::tools
