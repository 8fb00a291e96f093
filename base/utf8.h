// UTF-8: decoding, validation, repair, conversion of offsets, display width. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wright::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

// One code point at `at`; length 1 and kReplacement for a malformed byte (maximal subpart: Unicode 15, §3.9, U+FFFD practice).
struct Decoded {
  char32_t code;
  std::size_t length;
  bool valid;
};
Decoded decode(std::string_view text, std::size_t at);

void append(std::string& out, char32_t code);
bool valid(std::string_view text);
// `text` with each malformed sequence replaced by U+FFFD.
std::string repair(std::string_view text);
// Length of the longest prefix of `text` that does not end inside a well-formed but incomplete sequence.
std::size_t complete_prefix(std::string_view text);

std::size_t utf16_length(std::string_view text);
// Columns on a terminal: 0 for combining and control, 2 for East Asian wide (UAX #11) and emoji, else 1.
int width(char32_t code);
int width(std::string_view text);

// Escapes C0/C1 controls, DEL, bidi controls, zero-width and tag characters as \xNN or \u{N}, so that foreign text cannot
// steer a terminal or hide. Newline and tab stay when `keep_layout`.
std::string escape_for_terminal(std::string_view text, bool keep_layout);

}  // namespace wright::utf8
