#include "agent/search/candidate.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"

namespace wright::agent::search {

std::string apply_edits(std::string_view source, const std::vector<Edit>& edits) {
  std::string out;
  out.reserve(source.size() + 64);
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    out += source.substr(at, edit.begin - at);
    out += edit.text;
    at = edit.end;
  }
  out += source.substr(at);
  return out;
}

std::vector<Edit> merge_edits(const std::vector<Edit>& a, const std::vector<Edit>& b) {
  std::vector<Edit> out = a;
  out.insert(out.end(), b.begin(), b.end());
  std::sort(out.begin(), out.end(), [](const Edit& x, const Edit& y) { return x.begin != y.begin ? x.begin < y.begin : x.end < y.end; });
  for (std::size_t i = 1; i < out.size(); ++i)
    if (out[i].begin < out[i - 1].end || (out[i].begin == out[i - 1].begin && out[i].end == out[i - 1].end)) return {};
  return out;
}

std::uint64_t text_key(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  bool at_start = true;
  char quote = 0;  // blanks in strings count
  std::size_t line_begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      quote = 0;
      if (at_start) plain.resize(line_begin);  // an empty line
      else plain += c;
      at_start = true;
      line_begin = plain.size();
      continue;
    }
    const bool blank = c == ' ' || c == '\t' || c == '\r';
    if (blank && !at_start && quote == 0) continue;
    if (!blank) at_start = false;
    if (quote != 0 && c == '\\' && i + 1 < text.size()) {
      plain += c;
      plain += text[++i];
      continue;
    }
    if (c == '"' || c == '\'' || c == '`') quote = quote == 0 ? c : quote == c ? 0 : quote;
    plain += c;
  }
  return hash64(plain);
}

int line_of(std::string_view text, std::size_t offset) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size())), '\n'));
}

Lines touched_lines(std::string_view source, const std::vector<Edit>& edits) {
  if (edits.empty()) return {0, 0};
  std::size_t begin = edits.front().begin, end = edits.front().end;
  for (const Edit& edit : edits) {
    begin = std::min(begin, edit.begin);
    end = std::max(end, edit.end);
  }
  begin = begin == 0 ? 0 : source.rfind('\n', begin - 1) == std::string_view::npos ? 0 : source.rfind('\n', begin - 1) + 1;
  if (end > begin && end <= source.size() && source[end - 1] == '\n') return {begin, end};
  const std::size_t stop = source.find('\n', end);
  return {begin, stop == std::string_view::npos ? source.size() : stop + 1};
}

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t stop = text.find('\n');
    out.push_back(text.substr(0, stop));
    if (stop == std::string_view::npos) break;
    text.remove_prefix(stop + 1);
  }
  return out;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::string describe_change(std::string_view source, const std::vector<Edit>& edits) {
  const Lines touched = touched_lines(source, edits);
  std::vector<Edit> local = edits;
  for (Edit& edit : local) {
    edit.begin -= touched.begin;
    edit.end -= touched.begin;
  }
  const std::string_view before = source.substr(touched.begin, touched.end - touched.begin);
  const std::string after = apply_edits(before, local);
  std::vector<std::string_view> a = lines_of(before), b = lines_of(after);
  std::size_t front = 0;
  while (front < a.size() && front < b.size() && a[front] == b[front]) ++front;
  std::size_t back = 0;
  while (back + front < a.size() && back + front < b.size() && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  std::string out;
  for (std::size_t i = front; i + back < a.size(); ++i) out += "- " + std::string(trimmed(a[i])) + "\n";
  for (std::size_t i = front; i + back < b.size(); ++i) out += "+ " + std::string(trimmed(b[i])) + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

std::string short_change(std::string_view source, const std::vector<Edit>& edits) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80; };
  std::string out;
  for (const Edit& edit : edits) {
    std::size_t begin = edit.begin, end = edit.end;
    std::string_view text = edit.text;
    while (begin < end && !text.empty() && source[begin] == text.front()) ++begin, text.remove_prefix(1);
    while (end > begin && !text.empty() && source[end - 1] == text.back()) --end, text.remove_suffix(1);
    // back to the borders of words, so that "max -> min" is shown and not "ax -> in"
    std::size_t left = 0, right = 0;
    const bool splits_left = (begin < end && word(source[begin])) || (!text.empty() && word(text.front()));
    const bool splits_right = (begin < end && word(source[end - 1])) || (!text.empty() && word(text.back()));
    while (splits_left && begin > left && left < 40 && word(source[begin - left - 1])) ++left;
    while (splits_right && end + right < source.size() && right < 40 && word(source[end + right])) ++right;
    const std::string before(source.substr(begin - left, left)), after(source.substr(end, right));
    std::string old = before + std::string(source.substr(begin, end - begin)) + after, fresh = before + std::string(text) + after;
    for (std::string* side : {&old, &fresh}) {
      std::replace(side->begin(), side->end(), '\n', ' ');
      *side = std::string(trimmed(*side));
    }
    if (!out.empty()) out += "; ";
    out += old.empty() ? "+ " + fresh : fresh.empty() ? "- " + old : old + " -> " + fresh;
  }
  return out;
}

}  // namespace wright::agent::search
