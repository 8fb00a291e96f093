#include "daemon/cli/line_buffer.h"

#include <algorithm>

#include "base/utf8.h"

namespace wright::cli {
namespace {

bool blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void LineBuffer::set(std::string text) {
  text_ = std::move(text);
  cursor_ = text_.size();
}

void LineBuffer::insert(std::string_view bytes) {
  std::string clean;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto d = utf8::decode(bytes, at);
    if (d.valid && d.code >= 0x20 && d.code != 0x7F) clean.append(bytes.substr(at, d.length));
    else if (d.code == '\t') clean += ' ';
    at += std::max<std::size_t>(d.length, 1);
  }
  text_.insert(cursor_, clean);
  cursor_ += clean.size();
}

// The start of the character that ends at `at`: back over marks of no width to their base.
std::size_t LineBuffer::before(std::size_t at) const {
  while (at > 0) {
    do --at;
    while (at > 0 && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80);
    if (utf8::width(utf8::decode(text_, at).code) > 0) break;
  }
  return at;
}

std::size_t LineBuffer::after(std::size_t at) const {
  if (at >= text_.size()) return text_.size();
  at += utf8::decode(text_, at).length;
  while (at < text_.size()) {
    const auto d = utf8::decode(text_, at);
    if (utf8::width(d.code) > 0) break;
    at += d.length;
  }
  return at;
}

void LineBuffer::left() { cursor_ = before(cursor_); }
void LineBuffer::right() { cursor_ = after(cursor_); }

void LineBuffer::word_left() {
  while (cursor_ > 0 && blank(text_[cursor_ - 1])) --cursor_;
  while (cursor_ > 0 && !blank(text_[cursor_ - 1])) --cursor_;
}

void LineBuffer::word_right() {
  while (cursor_ < text_.size() && blank(text_[cursor_])) ++cursor_;
  while (cursor_ < text_.size() && !blank(text_[cursor_])) ++cursor_;
}

void LineBuffer::backspace() {
  const std::size_t from = before(cursor_);
  text_.erase(from, cursor_ - from);
  cursor_ = from;
}

void LineBuffer::erase() { text_.erase(cursor_, after(cursor_) - cursor_); }

void LineBuffer::erase_word() {
  const std::size_t end = cursor_;
  word_left();
  text_.erase(cursor_, end - cursor_);
}

void LineBuffer::erase_to_start() {
  text_.erase(0, cursor_);
  cursor_ = 0;
}

LineBuffer::Layout LineBuffer::layout(int prompt_width, int columns) const {
  Layout out;
  columns = std::max(columns, 2);
  int row = prompt_width / columns, column = prompt_width % columns;
  for (std::size_t at = 0;;) {
    if (at == cursor_) out.cursor_row = row, out.cursor_column = column;
    if (at >= text_.size()) break;
    const auto d = utf8::decode(text_, at);
    const int width = utf8::width(d.code);
    if (column + width > columns) {
      ++row, column = 0;
      if (at == cursor_) out.cursor_row = row, out.cursor_column = column;
    }
    column += width;
    at += d.length;
    if (column == columns) ++row, column = 0;
  }
  out.rows = row + 1;
  out.end_column = column;
  return out;
}

}  // namespace wright::cli
