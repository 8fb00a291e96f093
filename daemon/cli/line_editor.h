// One line from a terminal, edited in place: cursor keys, Ctrl-A/E/K/U/W/L, history with the up and down keys, composed text (Hangul
// arrives as whole UTF-8 characters). Pasted text (bracketed paste) keeps its line breaks, which submit nothing. The terminal is put back in every case. A terminal without cursor moves
// (TERM=dumb) edits lines by itself: nothing but the prompt is written then. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/cli/line_buffer.h"

namespace wright::cli {

class LineEditor {
 public:
  // `history`: a file of earlier lines, made when missing (0600); "" keeps none.
  explicit LineEditor(std::string history);

  enum class End { line, interrupt, end_of_input };  // Enter; Ctrl-C; Ctrl-D on an empty line or a closed terminal
  End read(const std::string& prompt, std::string& out);

 private:
  End read_plain(const std::string& prompt, std::string& out);
  std::optional<End> key(unsigned char c, std::string& out);
  void escape_sequence();
  void take_paste();
  void recall(int step);
  void draw();
  void remember(const std::string& line);
  bool next_byte(unsigned char& c, int wait_ms);

  const std::string history_file_;
  std::vector<std::string> history_;
  std::size_t at_ = 0;      // in history_; its size: the line being typed
  std::string typed_;       // that line while history is shown
  std::string prompt_;
  LineBuffer buffer_;
  int cursor_row_ = 0;      // of the last drawing
};

}  // namespace wright::cli
