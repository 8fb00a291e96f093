#include "agent/search/candidate.h"

#include <algorithm>

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
  std::size_t line_begin = 0;
  for (const char c : text) {
    if (c == '\n') {
      if (at_start) plain.resize(line_begin);  // an empty line
      else plain += c;
      at_start = true;
      line_begin = plain.size();
    } else if ((c == ' ' || c == '\t' || c == '\r') && !at_start) {
      continue;
    } else {
      if (c != ' ' && c != '\t') at_start = false;
      plain += c;
    }
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

}  // namespace wright::agent::search
