#include <fmt/format.h>

#include "base/utf8.h"
#include "tools/patch/planners.h"
#include "tools/patch/seek.h"

namespace wright::tools::patch {

Failure failure(std::string kind, ErrorKind error, std::string message, std::string next, std::string file) {
  return {std::move(kind), {error, std::move(message), std::move(next)}, "", std::move(file)};
}

std::string elsewhere_note(const std::string& file, const std::vector<std::string_view>& lines, const std::vector<std::string_view>& wanted, std::size_t from) {
  std::string others;
  std::size_t count = 0;
  for (const std::size_t place : places(lines, wanted, Pass::exact))
    if (place >= from && ++count > 1 && count < 6) others += fmt::format("{}{}", others.empty() ? "" : ", ", place + 1);
  if (others.empty()) return "";
  return fmt::format("{}: the lines that start with '{}' occur {} times; the first place was changed, the others start at line {}", file,
                     utf8::escape_for_terminal(utf8::repair(wanted[0].substr(0, 60)), false), count, others);
}

std::vector<std::string_view> Source::texts() const {
  std::vector<std::string_view> out;
  out.reserve(lines.size());
  for (const auto& line : lines) out.push_back(line.text);
  return out;
}

std::string Source::join() const {
  std::string out = bom;
  for (const auto& line : lines) out.append(line.text).append(line.ending);
  return out;
}

Source split_source(std::string_view bytes, bool lone_cr, bool take_bom) {
  Source out;
  if (take_bom && bytes.starts_with("\xEF\xBB\xBF")) {
    out.bom = bytes.substr(0, 3);
    bytes.remove_prefix(3);
  }
  while (!bytes.empty()) {
    std::size_t end = bytes.find_first_of(lone_cr ? "\r\n" : "\n");
    if (end == bytes.npos) {
      out.lines.push_back({std::string(bytes), ""});
      break;
    }
    std::size_t length = 1;
    if (bytes[end] == '\r' && end + 1 < bytes.size() && bytes[end + 1] == '\n') length = 2;
    if (!lone_cr && end > 0 && bytes[end - 1] == '\r') --end, length = 2;
    out.lines.push_back({std::string(bytes.substr(0, end)), std::string(bytes.substr(end, length))});
    bytes.remove_prefix(end + length);
  }
  out.ending = out.lines.empty() || out.lines[0].ending.empty() ? "\n" : out.lines[0].ending;
  return out;
}

}  // namespace wright::tools::patch
