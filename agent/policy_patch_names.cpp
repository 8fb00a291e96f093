#include "agent/policy_patch_names.h"

#include <algorithm>

namespace wright::agent {

namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && std::string_view(" \t\r").find(s.front()) != s.npos) s.remove_prefix(1);
  while (!s.empty() && std::string_view(" \t\r").find(s.back()) != s.npos) s.remove_suffix(1);
  return s;
}

// "a/\056\056/x" as git quotes it.
std::string unquoted(std::string_view s) {
  if (s.size() < 2 || s.front() != '"' || s.back() != '"') return std::string(s);
  std::string out;
  s = s.substr(1, s.size() - 2);
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 >= s.size()) {
      out += s[i];
      continue;
    }
    ++i;
    if (s[i] >= '0' && s[i] <= '7') {
      int value = 0, digits = 0;
      for (; digits < 3 && i < s.size() && s[i] >= '0' && s[i] <= '7'; ++digits, ++i) value = value * 8 + (s[i] - '0');
      --i;
      out += static_cast<char>(value);
    } else {
      out += s[i] == 'n' ? '\n' : s[i] == 't' ? '\t' : s[i];
    }
  }
  return out;
}

void take(PatchNames& out, std::string_view name) {
  name = trimmed(name);
  if (!name.starts_with('"')) name = trimmed(name.substr(0, std::min(name.find('\t'), name.size())));
  const std::string whole = unquoted(name);
  if (whole.empty() || whole == "/dev/null") return;
  out.names.push_back(whole);
}

// In a git diff the first component is a side's prefix; the plain name is checked as well as the stripped one.
void take_side(PatchNames& out, std::string_view name) {
  const std::size_t before = out.names.size();
  take(out, name);
  if (out.names.size() == before) return;
  std::string& last = out.names.back();
  if (last.size() > 2 && last[1] == '/' && std::string_view("abciow").find(last[0]) != std::string_view::npos) last = last.substr(2);
}

}  // namespace

PatchNames patch_names(std::string_view patch) {
  static constexpr std::string_view kPlain[] = {"*** Add File:", "*** Update File:", "*** Delete File:", "*** Move to:",
                                                "rename from ", "rename to ", "copy from ", "copy to "};
  PatchNames out;
  while (!patch.empty()) {
    const auto end = std::min(patch.find('\n'), patch.size());
    const std::string_view line = trimmed(patch.substr(0, end));
    patch.remove_prefix(std::min(end + 1, patch.size()));
    for (const auto prefix : kPlain)
      if (line.starts_with(prefix)) take(out, line.substr(prefix.size()));
    if (line.starts_with("+++ ")) take_side(out, line.substr(4));
    if (line.starts_with("--- ") && trimmed(patch.substr(0, std::min(patch.find('\n'), patch.size()))).starts_with("+++ "))
      take_side(out, line.substr(4));
    if (line.starts_with("new file mode 12") || line.starts_with("new mode 12") || line.starts_with("new file mode 16"))
      out.refused = "it makes a symbolic link or a nested repository";
  }
  return out;
}

}  // namespace wright::agent
