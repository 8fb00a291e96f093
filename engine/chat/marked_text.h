// Text that knows which of its bytes a template wrote (trusted) and which came from data. Values; distinct objects may be
// used from distinct threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/tokenizer.h"

namespace wright::engine {

class MarkedText {
 public:
  MarkedText() = default;
  MarkedText(std::string text, bool trusted);

  const std::string& text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }

  void append(const MarkedText& other) { append(other, 0, other.size()); }
  void append(const MarkedText& other, std::size_t at, std::size_t n);
  void append(std::string_view text, bool trusted);
  MarkedText substr(std::size_t at, std::size_t n = std::string::npos) const;
  // True when every byte is the template's.
  bool trusted() const;
  // Same marks over `text`, which must have this text's length (case mapping of ASCII); of another length: trusted only
  // when all of this was.
  MarkedText with_text(std::string text) const;
  std::vector<TextSpan> spans() const;

 private:
  struct Run {
    std::size_t end;
    bool trusted;
  };
  void mark(std::size_t end, bool trusted);
  std::string text_;
  std::vector<Run> runs_;  // cover the text; neighbours differ
};

}  // namespace wright::engine
