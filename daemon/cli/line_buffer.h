// The text being typed: UTF-8 with a cursor between whole characters (a base with its combining marks, jamo included), and where it
// stands on a terminal of so many columns, East Asian wide characters counted as two. Pasted text keeps its line breaks and tabs.
// Pure; no terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wright::cli {

class LineBuffer {
 public:
  const std::string& text() const { return text_; }
  std::size_t cursor() const { return cursor_; }  // byte offset
  void set(std::string text);                     // cursor at the end
  void insert(std::string_view bytes);            // whole UTF-8; controls are left out
  void paste(std::string_view bytes);             // the same, but for line breaks (CR, LF or both) and tabs
  void left();
  void right();
  void word_left();
  void word_right();
  void home() { cursor_ = 0; }
  void end() { cursor_ = text_.size(); }
  void backspace();
  void erase();         // the character at the cursor
  void erase_word();    // before the cursor
  void erase_to_end() { text_.erase(cursor_); }
  void erase_to_start();

  // Rows from 0 that `prompt_width` columns and the text take, and where the cursor stands. A wide character that does not fit at
  // the end of a row begins the next.
  struct Layout {
    int rows = 1, cursor_row = 0, cursor_column = 0, end_column = 0;
  };
  Layout layout(int prompt_width, int columns) const;
  // What to draw where only `lines` rows fit: the rows around the cursor, from the one numbered `first_row` on; bytes [begin, end).
  struct Window {
    std::size_t begin = 0, end = 0;
    int first_row = 0;
  };
  Window window(int prompt_width, int columns, int lines) const;

 private:
  Layout layout(int prompt_width, int columns, std::vector<std::size_t>* row_starts) const;
  std::size_t before(std::size_t at) const;
  std::size_t after(std::size_t at) const;
  std::string text_;
  std::size_t cursor_ = 0;
};

}  // namespace wright::cli
