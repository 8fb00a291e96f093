// Lines of a text, shared by the diff, the parsers and the placers. Pure functions over borrowed text, any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace wright::tools::patch {

// Each line with its "\n" (or "\r\n"); the last one may have none. "" has no lines.
inline std::vector<std::string_view> split_keep(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == text.npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

// `line` without "\n" or "\r\n".
inline std::string_view without_ending(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Lines without their endings.
inline std::vector<std::string_view> split_bare(std::string_view text) {
  std::vector<std::string_view> lines = split_keep(text);
  for (auto& line : lines) line = without_ending(line);
  return lines;
}

inline constexpr std::string_view kBlanks = " \t\r\n\f\v";
inline std::string_view trim_right(std::string_view s) { return s.substr(0, s.find_last_not_of(kBlanks) + 1); }
inline std::string_view trim_left(std::string_view s) { return s.substr(std::min(s.find_first_not_of(kBlanks), s.size())); }
inline std::string_view trim(std::string_view s) { return trim_left(trim_right(s)); }
inline bool blank(std::string_view s) { return s.find_first_not_of(kBlanks) == s.npos; }
// The blanks before the first other character.
inline std::string_view indent_of(std::string_view s) { return s.substr(0, std::min(s.find_first_not_of(" \t"), s.size())); }

}  // namespace wright::tools::patch
