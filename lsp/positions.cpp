#include "lsp/positions.h"

#include <algorithm>

#include "base/utf8.h"

namespace wright::lsp {
namespace {

std::int64_t units(const utf8::Decoded& c, Encoding encoding) {
  if (encoding == Encoding::utf8) return static_cast<std::int64_t>(c.length);
  return encoding == Encoding::utf16 && c.code > 0xFFFF ? 2 : 1;
}

}  // namespace

LineTable::LineTable(std::string_view text) : starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) starts_.push_back(i + 1);
}

std::size_t LineTable::offset(std::string_view text, Position position, Encoding encoding) const {
  if (position.line < 0) return 0;
  if (static_cast<std::size_t>(position.line) >= starts_.size()) return text.size();
  std::size_t at = starts_[static_cast<std::size_t>(position.line)];
  for (std::int64_t left = position.character; left > 0 && at < text.size() && text[at] != '\n' && text[at] != '\r';) {
    const auto c = utf8::decode(text, at);
    left -= units(c, encoding);
    if (left < 0) break;  // inside a character
    at += c.length;
  }
  return at;
}

Position LineTable::position(std::string_view text, std::size_t offset, Encoding encoding) const {
  offset = std::min(offset, text.size());
  const auto line = std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin() - 1;
  Position out{line, 0};
  for (std::size_t at = starts_[static_cast<std::size_t>(line)]; at < offset;) {
    const auto c = utf8::decode(text, at);
    out.character += units(c, encoding);
    at += c.length;
  }
  return out;
}

}  // namespace wright::lsp
