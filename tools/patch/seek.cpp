#include "tools/patch/seek.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/utf8.h"
#include "tools/patch/lines.h"

namespace wright::tools::patch {

namespace {

// The Unicode property White_Space.
bool white(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

char32_t plain(char32_t c) {
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) return '-';
  if (c >= 0x2018 && c <= 0x201B) return '\'';
  if (c >= 0x201C && c <= 0x201F) return '"';
  if (c == 0xA0 || (c >= 0x2002 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000) return ' ';
  return c;
}

// Where the character that ends before `end` begins.
std::size_t char_start(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return utf8::decode(text, at).length == end - at ? at : end - 1;
}

// Work is bounded: lines of the file × lines wanted that nearest() compares.
constexpr std::size_t kNearestCells = 4'000'000;
constexpr std::size_t kNearestShown = 40;
constexpr double kNearestLeast = 0.5;

// Dice coefficient of two lines' pairs of characters.
double line_likeness(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.size() < 2 || b.size() < 2) return 0;
  std::unordered_map<unsigned, int> pairs;
  const auto key = [](std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]) * 256u + static_cast<unsigned char>(s[i + 1]); };
  for (std::size_t i = 0; i + 1 < a.size(); ++i) ++pairs[key(a, i)];
  std::size_t shared = 0;
  for (std::size_t i = 0; i + 1 < b.size(); ++i)
    if (auto it = pairs.find(key(b, i)); it != pairs.end() && it->second > 0) --it->second, ++shared;
  return 2.0 * static_cast<double>(shared) / static_cast<double>(a.size() + b.size() - 2);
}

}  // namespace

std::string_view trim_end_unicode(std::string_view text) {
  while (!text.empty()) {
    const std::size_t at = char_start(text, text.size());
    const auto d = utf8::decode(text, at);
    if (!d.valid || !white(d.code)) break;
    text = text.substr(0, at);
  }
  return text;
}

std::string_view trim_unicode(std::string_view text) {
  text = trim_end_unicode(text);
  while (!text.empty()) {
    const auto d = utf8::decode(text, 0);
    if (!d.valid || !white(d.code)) break;
    text.remove_prefix(d.length);
  }
  return text;
}

std::string folded(std::string_view line, Pass pass) {
  switch (pass) {
    case Pass::exact: return std::string(line);
    case Pass::trim_end: return std::string(trim_end_unicode(line));
    case Pass::trim: return std::string(trim_unicode(line));
    case Pass::ascii: break;
  }
  line = trim_unicode(line);
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    const auto d = utf8::decode(line, i);
    if (d.valid) utf8::append(out, plain(d.code));
    else out += line.substr(i, d.length);
    i += d.length;
  }
  return out;
}

namespace {

std::vector<std::string> fold_all(std::span<const std::string_view> lines, Pass pass) {
  std::vector<std::string> out;
  out.reserve(lines.size());
  for (const auto line : lines) out.push_back(folded(line, pass));
  return out;
}

}  // namespace

std::optional<std::size_t> seek(const Lines& lines, std::span<const std::string_view> wanted, std::size_t start, bool tail) {
  if (wanted.empty()) return start;
  if (wanted.size() > lines.size()) return std::nullopt;
  const std::size_t last = lines.size() - wanted.size();
  if (tail) {
    if (last < start) return std::nullopt;
    start = last;
  }
  if (start > last) return std::nullopt;
  const auto exact = std::search(lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end(), wanted.begin(), wanted.end());
  if (exact != lines.end()) return static_cast<std::size_t>(exact - lines.begin());
  for (const Pass pass : {Pass::trim_end, Pass::trim, Pass::ascii}) {
    const auto needle = fold_all(wanted, pass);
    const auto hay = fold_all(std::span(lines).subspan(start), pass);
    const auto found = std::search(hay.begin(), hay.end(), needle.begin(), needle.end());
    if (found != hay.end()) return start + static_cast<std::size_t>(found - hay.begin());
  }
  return std::nullopt;
}

std::vector<std::size_t> places(const Lines& lines, std::span<const std::string_view> wanted, Pass pass) {
  std::vector<std::size_t> out;
  if (wanted.empty() || wanted.size() > lines.size()) return out;
  if (pass == Pass::exact) {
    for (auto at = lines.begin();; ++at) {
      at = std::search(at, lines.end(), wanted.begin(), wanted.end());
      if (at == lines.end()) return out;
      out.push_back(static_cast<std::size_t>(at - lines.begin()));
    }
  }
  const auto needle = fold_all(wanted, pass), hay = fold_all(lines, pass);
  for (auto at = hay.begin();; ++at) {
    at = std::search(at, hay.end(), needle.begin(), needle.end());
    if (at == hay.end()) return out;
    out.push_back(static_cast<std::size_t>(at - hay.begin()));
  }
}

std::optional<Nearest> nearest(const Lines& lines, std::span<const std::string_view> wanted) {
  if (wanted.empty() || lines.empty()) return std::nullopt;
  wanted = wanted.first(std::min<std::size_t>(wanted.size(), kNearestShown));
  const std::size_t rows = std::min(lines.size(), kNearestCells / wanted.size());
  const auto hay = fold_all(std::span(lines).first(rows), Pass::ascii), needle = fold_all(wanted, Pass::ascii);
  // Equal lines are cheap to find; only if none is shared are lines compared letter by letter.
  const std::size_t window = std::min(needle.size(), rows);
  std::optional<Nearest> best;
  const auto score = [&](auto likeness) {
    for (std::size_t at = 0; at + window <= rows; ++at) {
      double sum = 0, most = 0;
      for (std::size_t i = 0; i < window; ++i) {
        const double weight = needle[i].empty() ? 0.1 : 1;
        sum += weight * likeness(hay[at + i], needle[i]);
        most += weight;
      }
      const double got = most > 0 ? sum / most : 0;
      if (got > (best ? best->likeness : 0)) best = Nearest{at, at + window, got};
    }
  };
  std::size_t letters = 0;
  for (const auto& line : hay) letters += line.size();
  if (letters * needle.size() < 20 * kNearestCells) score(line_likeness);
  else score([](const std::string& a, const std::string& b) { return a == b ? 1.0 : 0.0; });
  return best;
}

std::string numbered(const Lines& lines, std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < std::min(end, lines.size()); ++i)
    out += fmt::format("{}\t{}\n", i + 1, utf8::repair(lines[i].substr(0, utf8::complete_prefix(lines[i].substr(0, 300)))));
  return out;
}

std::string did_you_mean(std::string_view file, const Lines& lines, std::span<const std::string_view> wanted) {
  const auto near = nearest(lines, wanted);
  if (!near || near->likeness < kNearestLeast) return "";
  const std::size_t begin = near->begin < 2 ? 0 : near->begin - 2;
  return fmt::format("Nearest lines in {}:\n{}", file, numbered(lines, begin, near->end + 2));
}

}  // namespace wright::tools::patch
