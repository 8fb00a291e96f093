#include "daemon/cli/line_buffer.h"

#include <algorithm>

#include "base/utf8.h"

namespace wright::cli {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Whether a character stands by itself: not a mark that belongs to the one before it.
bool base(char32_t code) { return code == '\n' || code == '\t' || utf8::width(code) > 0; }

constexpr int kTab = 8;  // columns, as terminals have it

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

void LineBuffer::paste(std::string_view bytes) {
  std::string clean;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto d = utf8::decode(bytes, at);
    if (d.code == '\r' || d.code == '\n') clean += '\n';
    else if (d.code == '\t' || (d.code >= 0x20 && d.code != 0x7F)) utf8::append(clean, d.code);
    at += bytes.substr(at).starts_with("\r\n") ? 2 : std::max<std::size_t>(d.length, 1);
  }
  text_.insert(cursor_, clean);
  cursor_ += clean.size();
}

// The start of the character that ends at `at`: back over marks of no width to their base.
std::size_t LineBuffer::before(std::size_t at) const {
  while (at > 0) {
    do --at;
    while (at > 0 && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80);
    if (base(utf8::decode(text_, at).code)) break;
  }
  return at;
}

std::size_t LineBuffer::after(std::size_t at) const {
  if (at >= text_.size()) return text_.size();
  at += utf8::decode(text_, at).length;
  while (at < text_.size()) {
    const auto d = utf8::decode(text_, at);
    if (base(d.code)) break;
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

LineBuffer::Layout LineBuffer::layout(int prompt_width, int columns) const { return layout(prompt_width, columns, nullptr); }

LineBuffer::Layout LineBuffer::layout(int prompt_width, int columns, std::vector<std::size_t>* row_starts) const {
  Layout out;
  columns = std::max(columns, 2);
  int row = prompt_width / columns, column = prompt_width % columns;
  if (row_starts) row_starts->assign(static_cast<std::size_t>(row) + 1, 0);
  const auto next_row = [&](std::size_t at) {
    ++row, column = 0;
    if (row_starts) row_starts->push_back(at);
  };
  for (std::size_t at = 0;;) {
    if (at == cursor_) out.cursor_row = row, out.cursor_column = column;
    if (at >= text_.size()) break;
    const auto d = utf8::decode(text_, at);
    const int width = d.code == '\n' ? 0 : d.code == '\t' ? std::min(kTab - column % kTab, columns - 1 - column) : utf8::width(d.code);
    if (column + width > columns) {
      next_row(at);
      if (at == cursor_) out.cursor_row = row, out.cursor_column = column;
    }
    column += width;
    at += d.length;
    if (column == columns || d.code == '\n') next_row(at);
  }
  out.rows = row + 1;
  out.end_column = column;
  return out;
}

LineBuffer::Window LineBuffer::window(int prompt_width, int columns, int lines) const {
  std::vector<std::size_t> starts;
  const Layout all = layout(prompt_width, columns, &starts);
  if (lines < 1 || all.rows <= lines) return {0, text_.size(), 0};
  Window out;
  out.first_row = std::clamp(all.cursor_row - lines / 2, 0, all.rows - lines);
  const auto last = static_cast<std::size_t>(out.first_row + lines);
  out.begin = starts[static_cast<std::size_t>(out.first_row)];
  out.end = last < starts.size() ? starts[last] : text_.size();
  if (last < starts.size() && out.end > out.begin && text_[out.end - 1] == '\n') --out.end;  // its row is the next one
  return out;
}

}  // namespace wright::cli
