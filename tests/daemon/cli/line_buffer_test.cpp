#include "daemon/cli/line_buffer.h"

#include <catch2/catch.hpp>

namespace wright::cli {

TEST_CASE("line buffer: Hangul counts two columns and is edited by whole characters", "[line]") {
  LineBuffer b;
  b.insert("안녕 a");
  CHECK(b.layout(2, 80).cursor_column == 2 + 2 + 2 + 1 + 1);
  b.left();
  b.left();
  b.backspace();
  CHECK(b.text() == "안 a");
  CHECK(b.layout(2, 80).cursor_column == 4);
  b.home();
  b.right();
  CHECK(b.cursor() == 3);
  b.erase();
  CHECK(b.text() == "안a");
}

TEST_CASE("line buffer: decomposed jamo and combining marks go with their base", "[line]") {
  LineBuffer b;
  b.insert("\u1112\u1161\u11AB");  // one syllable in three code points
  CHECK(b.layout(0, 80).cursor_column == 2);
  b.backspace();
  CHECK(b.text().empty());
  b.insert("xe\u0301y");
  b.left();
  b.left();
  CHECK(b.cursor() == 1);
}

TEST_CASE("line buffer: a wide character that does not fit begins the next row", "[line]") {
  LineBuffer b;
  b.insert("한글한글한");  // 10 columns after a prompt of 2, in rows of 5: "> " + 한 | 글 한 | 글 한
  const auto at = b.layout(2, 5);
  CHECK(at.rows == 3);
  CHECK(at.cursor_row == 2);
  CHECK(at.cursor_column == 4);
  LineBuffer full;
  full.insert("abc");
  const auto edge = full.layout(2, 5);
  CHECK(edge.rows == 2);
  CHECK(edge.cursor_row == 1);
  CHECK(edge.cursor_column == 0);
}

TEST_CASE("line buffer: words, ends, and controls that are not text", "[line]") {
  LineBuffer b;
  b.insert("one two\x1b[31m three\n");
  CHECK(b.text() == "one two[31m three");
  b.erase_word();
  CHECK(b.text() == "one two[31m ");
  b.word_left();
  CHECK(b.cursor() == 4);
  b.erase_to_end();
  CHECK(b.text() == "one ");
  b.erase_to_start();
  CHECK(b.text().empty());
  b.backspace();
  b.left();
  b.right();
  b.erase();
  CHECK(b.text().empty());
}

TEST_CASE("line buffer: a paste keeps line breaks and tabs, and nothing else that steers a terminal", "[line]") {
  LineBuffer b;
  b.paste("one\r\ntwo\r\tthree\n\x1b[31m한");
  CHECK(b.text() == "one\ntwo\n\tthree\n[31m한");
  auto at = b.layout(2, 80);
  CHECK(at.rows == 4);
  CHECK(at.cursor_row == 3);
  CHECK(at.cursor_column == 6);
  b.home();
  for (int i = 0; i < 4; ++i) b.right();
  CHECK(b.cursor() == 4);
  CHECK(b.layout(2, 80).cursor_row == 1);
  b.backspace();
  CHECK(b.text() == "onetwo\n\tthree\n[31m한");
  b.end();
  b.set("a\tb");
  CHECK(b.layout(0, 80).cursor_column == 9);
  CHECK(b.layout(0, 5).cursor_row == 1);  // the tab ends at the last column, b fills it
}

TEST_CASE("line buffer: of more rows than fit, those around the cursor are shown", "[line]") {
  LineBuffer b;
  b.paste("0\n1\n2\n3\n4\n5\n6\n7\n8\n9");
  auto shown = b.window(2, 80, 4);
  CHECK(shown.first_row == 6);
  CHECK(b.text().substr(shown.begin, shown.end - shown.begin) == "6\n7\n8\n9");
  b.home();
  shown = b.window(2, 80, 4);
  CHECK(shown.first_row == 0);
  CHECK(b.text().substr(shown.begin, shown.end - shown.begin) == "0\n1\n2\n3");
  CHECK(b.window(2, 80, 10).end == b.text().size());
}

}  // namespace wright::cli
