#include <algorithm>

#include "tools/patch/lines.h"
#include "tools/patch/search_replace.h"
#include "tools/patch/seek.h"

namespace wright::tools::patch {

namespace {

std::string joined(const Lines& lines, std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < end; ++i) out += lines[i];
  return out;
}

std::string spliced(const Lines& whole, std::size_t at, std::size_t count, std::string_view replace) {
  return joined(whole, 0, at).append(replace).append(joined(whole, at + count, whole.size()));
}

std::optional<std::string> exact(const Lines& whole, const Lines& part, std::string_view replace) {
  const auto at = std::search(whole.begin(), whole.end(), part.begin(), part.end());
  if (at == whole.end() && !part.empty()) return std::nullopt;
  return spliced(whole, static_cast<std::size_t>(at - whole.begin()), part.size(), replace);
}

std::size_t lead(std::string_view line) { return line.size() - trim_left(line).size(); }

// The one prefix that makes the part's lines the file's lines; nothing when they differ otherwise, or by several prefixes.
std::optional<std::string_view> offset_of(const Lines& whole, std::size_t at, const Lines& part) {
  std::optional<std::string_view> add;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::string_view line = whole[at + i];
    if (trim_left(line) != trim_left(part[i])) return std::nullopt;
    if (blank(line)) continue;
    if (line.size() < part[i].size()) return std::nullopt;
    const std::string_view prefix = line.substr(0, line.size() - part[i].size());
    if (add && *add != prefix) return std::nullopt;
    add = prefix;
  }
  return add;
}

std::optional<std::string> shifted(const Lines& whole, Lines part, Lines replace) {
  std::size_t common = SIZE_MAX;
  for (const auto* lines : {&part, &replace})
    for (const auto line : *lines)
      if (!blank(line)) common = std::min(common, lead(line));
  if (common != SIZE_MAX && common > 0)
    for (auto* lines : {&part, &replace})
      for (auto& line : *lines)
        if (!blank(line)) line.remove_prefix(common);
  for (std::size_t at = 0; at + part.size() <= whole.size(); ++at) {
    const auto add = offset_of(whole, at, part);
    if (!add) continue;
    std::string text;
    for (const auto line : replace) text.append(blank(line) ? "" : *add).append(line);
    return spliced(whole, at, part.size(), text);
  }
  return std::nullopt;
}

std::optional<std::string> exact_or_shifted(const Lines& whole, const Lines& part, const std::string& replace) {
  if (auto found = exact(whole, part, replace); found && !found->empty()) return found;
  return shifted(whole, part, split_keep(replace));
}

// `text` cut at lines that hold "..." only (with the blanks and empty lines before it): pieces, and the cuts between them.
struct Pieces {
  std::vector<std::string_view> parts, dots;
};
Pieces cut_at_dots(std::string_view text) {
  Pieces out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word = std::min(text.find_first_not_of(kBlanks, at), text.size());
    if (text.substr(word).starts_with("...\n")) {
      out.parts.push_back(text.substr(begin, at - begin));
      out.dots.push_back(text.substr(at, word + 4 - at));
      begin = at = word + 4;
    } else {
      const std::size_t next = text.find('\n', at);
      at = next == text.npos ? text.size() : next + 1;
    }
  }
  out.parts.push_back(text.substr(begin));
  return out;
}

std::optional<std::string> with_dots(std::string whole, std::string_view part, std::string_view replace) {
  const Pieces from = cut_at_dots(part), to = cut_at_dots(replace);
  if (from.parts.size() < 2 || from.dots != to.dots) return std::nullopt;
  for (std::size_t i = 0; i < from.parts.size(); ++i) {
    const std::string_view old_text = from.parts[i], new_text = to.parts[i];
    if (old_text.empty()) {
      whole += new_text;
      continue;
    }
    const std::size_t at = whole.find(old_text);
    if (at == whole.npos || whole.find(old_text, at + old_text.size()) != whole.npos) return std::nullopt;
    whole.replace(at, old_text.size(), new_text);
  }
  return whole;
}

std::string ended(std::string_view text) { return std::string(text) + (text.empty() || text.ends_with('\n') ? "" : "\n"); }

// A block's text without a file name or fence that was put inside it.
std::string unwrapped(std::string_view text, std::string_view file, Fence fence) {
  Lines lines = split_bare(text);
  const std::string_view leaf = file.substr(file.rfind('/') == file.npos ? 0 : file.rfind('/') + 1);
  if (!lines.empty() && !leaf.empty() && trim_unicode(lines[0]).ends_with(leaf)) lines.erase(lines.begin());
  if (!lines.empty() && lines.front().starts_with(fence.open) && lines.back().starts_with(fence.close)) {
    lines.erase(lines.begin());
    if (!lines.empty()) lines.pop_back();
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) out.append(i > 0 ? "\n" : "").append(lines[i]);
  return ended(out);  // one blank line at the end is lost on the way, as in the origin
}

}  // namespace

std::optional<std::string> replace_block(std::string_view text, const std::string& file, std::string_view search,
                                         std::string_view replace, Fence fence) {
  const std::string part = unwrapped(search, file, fence), with = unwrapped(replace, file, fence);
  if (blank(part)) return std::string(text) + with;
  const std::string whole = ended(text);
  const Lines whole_lines = split_keep(whole), part_lines = split_keep(part);
  if (auto found = exact_or_shifted(whole_lines, part_lines, with); found && !found->empty()) return found;
  if (part_lines.size() > 2 && blank(part_lines[0]))
    if (auto found = exact_or_shifted(whole_lines, {part_lines.begin() + 1, part_lines.end()}, with); found && !found->empty()) return found;
  return with_dots(whole, part, with);
}

}  // namespace wright::tools::patch
