// Positions as editors count them, and byte offsets. A line table of one text; conversions in the negotiated encoding. Lines end with
// LF, CRLF or CR (LSP 3.17, "Text Documents"). Immutable, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace wright::lsp {

enum class Encoding { utf8, utf16, utf32 };

struct Position {
  std::int64_t line = 0, character = 0;  // from 0; character counts units of the encoding
  auto operator<=>(const Position&) const = default;
};
struct Range { Position start, end; };

class LineTable {
 public:
  explicit LineTable(std::string_view text);
  std::size_t lines() const { return starts_.size(); }
  // A line behind the last is the end of the text, a character behind the line's end is that end; inside a character is its start.
  std::size_t offset(std::string_view text, Position position, Encoding encoding) const;
  Position position(std::string_view text, std::size_t offset, Encoding encoding) const;

 private:
  std::vector<std::size_t> starts_;
};

}  // namespace wright::lsp
