#include "daemon/cli/line_editor.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/utf8.h"

namespace wright::cli {
namespace {

constexpr std::size_t kHistoryLines = 500;
constexpr std::size_t kPasteBytes = 1 << 20;
constexpr char kHistoryBreak = '\x1e';  // a line break within an entry of the history file

void print(const std::string& text) {
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

// Raw input with bracketed paste while it lives; output stays as it is, so that printing needs no care.
class RawMode {
 public:
  RawMode() : good_(::tcgetattr(STDIN_FILENO, &saved_) == 0) {
    if (!good_) return;
    termios raw = saved_;
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    print("\033[?2004h");
  }
  ~RawMode() {
    if (!good_) return;
    print("\033[?2004l");
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
  }

 private:
  termios saved_{};
  const bool good_;
};

struct Screen {
  int columns = 80, lines = 24;
};
Screen screen() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

std::size_t sequence_length(unsigned char lead) { return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

}  // namespace

LineEditor::LineEditor(std::string history) : history_file_(std::move(history)) {
  const auto text = history_file_.empty() ? Result<std::string>(std::string()) : read_file(history_file_, 1 << 20);
  if (!text.ok()) return;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    if (end > at) history_.push_back(text->substr(at, end - at));
    if (end > at) std::replace(history_.back().begin(), history_.back().end(), kHistoryBreak, '\n');
    at = end + 1;
  }
  if (history_.size() > kHistoryLines) history_.erase(history_.begin(), history_.end() - kHistoryLines);
}

void LineEditor::remember(const std::string& line) {
  if (line.find_first_not_of(" \t\n") == std::string::npos || (!history_.empty() && history_.back() == line)) return;
  history_.push_back(line);
  if (history_file_.empty()) return;
  std::string all;
  for (std::size_t i = history_.size() > kHistoryLines ? history_.size() - kHistoryLines : 0; i < history_.size(); ++i) {
    const std::size_t at = all.size();
    all += history_[i];
    std::replace(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(), '\n', kHistoryBreak);
    all += '\n';
  }
  (void)write_file_atomic(history_file_, all, 0600, false).ok();  // history is a convenience
}

bool LineEditor::next_byte(unsigned char& c, int wait_ms) {
  pollfd fd{STDIN_FILENO, POLLIN, 0};
  if (wait_ms >= 0 && ::poll(&fd, 1, wait_ms) <= 0) return false;
  return ::read(STDIN_FILENO, &c, 1) == 1;
}

void LineEditor::draw() {
  const auto [columns, lines] = screen();
  const int prompt_width = utf8::width(std::string_view(prompt_));
  const LineBuffer::Layout at = buffer_.layout(prompt_width, columns);
  const LineBuffer::Window shown = buffer_.window(prompt_width, columns, lines);
  const std::string text = buffer_.text().substr(shown.begin, shown.end - shown.begin);
  const int rows = std::min(at.rows, lines), cursor_row = at.cursor_row - shown.first_row;
  std::string out;
  if (cursor_row_ > 0) out += fmt::format("\033[{}A", cursor_row_);
  out += "\r\033[J" + (shown.first_row == 0 ? prompt_ : "") + text;
  // A full last row leaves the terminal's cursor on it until the next character: move on explicitly.
  if (at.end_column == 0 && at.rows > 1 && shown.end == buffer_.text().size() && !text.ends_with('\n')) out += "\r\n";
  if (const int up = rows - 1 - cursor_row; up > 0) out += fmt::format("\033[{}A", up);
  out += "\r";
  if (at.cursor_column > 0) out += fmt::format("\033[{}C", at.cursor_column);
  cursor_row_ = cursor_row;
  print(out);
}

void LineEditor::recall(int step) {
  if (step < 0 ? at_ == 0 : at_ >= history_.size()) return;
  if (at_ == history_.size()) typed_ = buffer_.text();
  at_ = step < 0 ? at_ - 1 : at_ + 1;
  buffer_.set(at_ == history_.size() ? typed_ : history_[at_]);
}

// Everything up to the end mark is text, whatever keys it spells.
void LineEditor::take_paste() {
  constexpr std::string_view kEnd = "\033[201~";
  std::string bytes;
  for (unsigned char c = 0; !bytes.ends_with(kEnd) && next_byte(c, 2000);) {
    if (bytes.size() >= kPasteBytes + kEnd.size()) bytes.erase(kPasteBytes, 1);  // what is too much goes, the mark is still seen
    bytes += static_cast<char>(c);
  }
  if (bytes.ends_with(kEnd)) bytes.resize(bytes.size() - kEnd.size());
  if (bytes.size() >= kPasteBytes) print("\a");
  buffer_.paste(bytes);
}

void LineEditor::escape_sequence() {
  unsigned char c = 0;
  if (!next_byte(c, 50)) return;
  if (c == 'b') return buffer_.word_left();
  if (c == 'f') return buffer_.word_right();
  if (c != '[' && c != 'O') return;
  std::string numbers;
  while (next_byte(c, 50) && ((c >= '0' && c <= '9') || c == ';')) numbers += static_cast<char>(c);
  const bool word = numbers.ends_with(";5") || numbers.ends_with(";3");
  switch (c) {
    case 'A': return recall(-1);
    case 'B': return recall(1);
    case 'C': return word ? buffer_.word_right() : buffer_.right();
    case 'D': return word ? buffer_.word_left() : buffer_.left();
    case 'H': return buffer_.home();
    case 'F': return buffer_.end();
    case '~':
      if (numbers == "1" || numbers == "7") buffer_.home();
      if (numbers == "4" || numbers == "8") buffer_.end();
      if (numbers == "3") buffer_.erase();
      if (numbers == "200") take_paste();
      return;
    default: return;
  }
}

std::optional<LineEditor::End> LineEditor::key(unsigned char c, std::string& out) {
  switch (c) {
    case '\r':
    case '\n':
      buffer_.end();
      draw();
      print("\r\n");
      out = buffer_.text();
      while (out.ends_with('\n')) out.pop_back();  // of a paste that ended a line
      remember(out);
      return End::line;
    case 3: print("^C\r\n"); return End::interrupt;
    case 4:
      if (buffer_.text().empty()) return print("\r\n"), End::end_of_input;
      buffer_.erase();
      break;
    case 1: buffer_.home(); break;
    case 2: buffer_.left(); break;
    case 5: buffer_.end(); break;
    case 6: buffer_.right(); break;
    case 11: buffer_.erase_to_end(); break;
    case 12: print("\033[H\033[2J"), cursor_row_ = 0; break;
    case 14: recall(1); break;
    case 16: recall(-1); break;
    case 21: buffer_.erase_to_start(); break;
    case 23: buffer_.erase_word(); break;
    case 8:
    case 127: buffer_.backspace(); break;
    case 27: escape_sequence(); break;
    default: {
      std::string bytes(1, static_cast<char>(c));
      for (std::size_t left = sequence_length(c) - 1; left > 0; --left) {
        unsigned char next = 0;
        if (!next_byte(next, 1000)) break;
        bytes += static_cast<char>(next);
      }
      buffer_.insert(bytes);
    }
  }
  return std::nullopt;
}

LineEditor::End LineEditor::read_plain(const std::string& prompt, std::string& out) {
  print(prompt);
  out.clear();
  for (char c = 0;;) {
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) return print("\n"), End::interrupt;
    if (n != 1) return print("\n"), End::end_of_input;
    if (c == '\n') break;
    out += c;
  }
  out = utf8::repair(out);
  remember(out);
  return End::line;
}

LineEditor::End LineEditor::read(const std::string& prompt, std::string& out) {
  const char* term = ::getenv("TERM");
  if (!term || std::string_view(term) == "dumb" || !*term) return read_plain(prompt, out);
  const RawMode raw;
  prompt_ = prompt;
  buffer_ = LineBuffer();
  at_ = history_.size();
  typed_.clear();
  cursor_row_ = 0;
  draw();
  for (unsigned char c = 0;;) {
    if (!next_byte(c, -1)) return End::end_of_input;
    if (const auto end = key(c, out)) return *end;
    pollfd more{STDIN_FILENO, POLLIN, 0};
    if (::poll(&more, 1, 0) == 0) draw();  // a paste is drawn once
  }
}

}  // namespace wright::cli
