#include "tools/patch/edit_text.h"

#include <algorithm>
#include <map>
#include <optional>

#include "tools/patch/lines.h"

namespace wright::tools::patch {

namespace {

using Lines = std::vector<std::string_view>;

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

// Which indentation of the file stands for which one of the old string. Nothing when one stands for two.
using Indents = std::map<std::string_view, std::string_view>;
std::optional<Indents> indents_at(const Lines& file, std::size_t at, const Lines& wanted) {
  Indents out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string_view have = file[at + i], want = wanted[i];
    if (trim(have) != trim(want)) return std::nullopt;
    if (blank(want)) continue;
    const auto [it, fresh] = out.emplace(indent_of(want), indent_of(have));
    if (!fresh && it->second != indent_of(have)) return std::nullopt;
  }
  if (out.empty()) return std::nullopt;  // blank lines only: anything would fit
  return out;
}

// "    " for "\t" and so on: the blanks past a known indentation, in the file's own kind.
std::string converted(std::string_view rest, std::string_view from, std::string_view to) {
  const bool from_spaces = !from.empty() && from.find('\t') == from.npos, to_tabs = !to.empty() && to.find(' ') == to.npos;
  if (from_spaces && to_tabs && from.size() % to.size() == 0) {
    const std::size_t unit = from.size() / to.size();
    if (rest.find('\t') == rest.npos && rest.size() % unit == 0) return std::string(rest.size() / unit, '\t');
  }
  const bool from_tabs = !from.empty() && from.find(' ') == from.npos, to_spaces = !to.empty() && to.find('\t') == to.npos;
  if (from_tabs && to_spaces && to.size() % from.size() == 0 && rest.find(' ') == rest.npos) return std::string(rest.size() * (to.size() / from.size()), ' ');
  return std::string(rest);
}

std::string reindented(std::string_view line, const Indents& indents) {
  const std::string_view indent = indent_of(line);
  if (blank(line)) return std::string(line);
  if (const auto it = indents.find(indent); it != indents.end()) return std::string(it->second).append(line.substr(indent.size()));
  // Deeper than a known one: that one's counterpart and the rest.
  std::optional<std::pair<std::string_view, std::string_view>> base;
  for (const auto& [from, to] : indents)
    if (indent.starts_with(from) && (!base || from.size() > base->first.size())) base = {from, to};
  if (base) {
    auto unit = *base;
    for (const auto& [from, to] : indents)  // a pair that shows how blanks convert
      if (unit.first.empty() || unit.second.empty()) unit = {from, to};
    return std::string(base->second) + converted(indent.substr(base->first.size()), unit.first, unit.second).append(line.substr(indent.size()));
  }
  // Shallower than all: moved by as much as the shallowest was.
  const auto& [from, to] = *indents.begin();
  if (to.ends_with(from)) return std::string(to.substr(0, to.size() - from.size())).append(line);
  if (from.ends_with(to) && line.starts_with(from.substr(0, from.size() - to.size()))) return std::string(line.substr(from.size() - to.size()));
  return std::string(line);
}

TextEdit exact_edit(std::string_view text, std::string_view old_string, std::string_view new_string, bool all) {
  TextEdit out;
  std::size_t from = 0;
  for (std::size_t at = text.find(old_string); at != text.npos; at = text.find(old_string, at + old_string.size())) {
    out.places.push_back({line_of(text, at), line_of(text, at + std::max<std::size_t>(old_string.size(), 1) - 1)});
    out.text.append(text.substr(from, at - from)).append(new_string);
    from = at + old_string.size();
  }
  out.text.append(text.substr(from));
  if (!out.places.empty()) out.outcome = out.places.size() == 1 || all ? TextEdit::Outcome::done : TextEdit::Outcome::ambiguous;
  return out;
}

TextEdit tolerant_edit(std::string_view text, std::string_view old_string, std::string_view new_string, bool all) {
  TextEdit out;
  out.exact = false;
  const Lines kept = split_keep(text);
  const Lines file = split_bare(text), wanted = split_bare(old_string);
  Lines fresh = split_bare(new_string);
  if (wanted.empty() || wanted.size() > file.size()) return out;
  std::size_t at = 0;
  while (at < file.size()) {
    const auto indents = at + wanted.size() <= file.size() ? indents_at(file, at, wanted) : std::nullopt;
    if (!indents) {
      out.text += kept[at++];
      continue;
    }
    const std::size_t last = at + wanted.size() - 1;
    out.places.push_back({at + 1, last + 1});
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      out.text += reindented(fresh[i], *indents);
      const bool final = i + 1 == fresh.size();
      out.text += !final || kept[last].ends_with('\n') ? "\n" : "";
    }
    at = last + 1;
  }
  if (!out.places.empty()) out.outcome = out.places.size() == 1 || all ? TextEdit::Outcome::done : TextEdit::Outcome::ambiguous;
  return out;
}

}  // namespace

TextEdit edit_text(std::string_view text, std::string_view old_string, std::string_view new_string, bool all) {
  if (old_string.empty()) return {};
  TextEdit exact = exact_edit(text, old_string, new_string, all);
  if (exact.outcome != TextEdit::Outcome::not_found) return exact;
  return tolerant_edit(text, old_string, new_string, all);
}

}  // namespace wright::tools::patch
