#include "engine/chat/marked_text.h"

#include <algorithm>

namespace wright::engine {

MarkedText::MarkedText(std::string text, bool trusted) : text_(std::move(text)) { mark(text_.size(), trusted); }

void MarkedText::mark(std::size_t end, bool trusted) {
  const std::size_t begin = runs_.empty() ? 0 : runs_.back().end;
  if (end == begin) return;
  if (!runs_.empty() && runs_.back().trusted == trusted) runs_.back().end = end;
  else runs_.push_back({end, trusted});
}

void MarkedText::append(std::string_view text, bool trusted) {
  text_ += text;
  mark(text_.size(), trusted);
}

void MarkedText::append(const MarkedText& other, std::size_t at, std::size_t n) {
  at = std::min(at, other.size());
  n = std::min(n, other.size() - at);
  auto run = std::upper_bound(other.runs_.begin(), other.runs_.end(), at,
                              [](std::size_t a, const Run& r) { return a < r.end; });
  const std::size_t stop = at + n;
  for (std::size_t i = at; i < stop; ++run) {
    const std::size_t end = std::min(stop, run->end);
    append(std::string_view(other.text_).substr(i, end - i), run->trusted);
    i = end;
  }
}

MarkedText MarkedText::substr(std::size_t at, std::size_t n) const {
  MarkedText out;
  out.append(*this, at, n);
  return out;
}

bool MarkedText::trusted() const {
  return std::all_of(runs_.begin(), runs_.end(), [](const Run& r) { return r.trusted; });
}

MarkedText MarkedText::with_text(std::string text) const {
  if (text.size() != text_.size()) return MarkedText(std::move(text), trusted());
  MarkedText out;
  out.text_ = std::move(text);
  out.runs_ = runs_;
  return out;
}

std::vector<TextSpan> MarkedText::spans() const {
  std::vector<TextSpan> out;
  std::size_t begin = 0;
  for (const Run& r : runs_) {
    out.push_back({text_.substr(begin, r.end - begin), r.trusted});
    begin = r.end;
  }
  return out;
}

}  // namespace wright::engine
