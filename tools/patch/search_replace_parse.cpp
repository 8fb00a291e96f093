#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "tools/patch/lines.h"
#include "tools/patch/search_replace.h"
#include "tools/patch/seek.h"

namespace wright::tools::patch {

namespace {

constexpr std::array<Fence, 7> kFences{{{"```", "```"}, {"````", "````"}, {"<source>", "</source>"}, {"<code>", "</code>"},
                                        {"<pre>", "</pre>"}, {"<codeblock>", "</codeblock>"}, {"<sourcecode>", "</sourcecode>"}}};
constexpr std::string_view kTicks = "```";
constexpr std::array<std::string_view, 12> kShells{"```bash", "```sh", "```shell", "```cmd", "```batch", "```powershell",
                                                   "```ps1", "```zsh", "```fish", "```ksh", "```csh", "```tcsh"};
constexpr double kNameLikeness = 0.8;

// Lines with endings; a CR alone ends one too.
Lines reply_lines(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    std::size_t end = text.find_first_of("\r\n");
    if (end == text.npos) end = text.size() - 1;
    else if (text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n') ++end;
    out.push_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return out;
}

// 5 to 9 times `mark`, then `word`.
bool is_marker(std::string_view line, char mark, std::string_view word) {
  line = trim_unicode(line);
  const std::size_t n = std::min(line.find_first_not_of(mark), line.size());
  return n >= 5 && n <= 9 && trim_end_unicode(line.substr(n)) == word;
}
bool is_head(std::string_view line) { return is_marker(line, '<', " SEARCH") || is_marker(line, '<', " SEARCH>"); }
bool is_divider(std::string_view line) { return is_marker(line, '=', ""); }
bool is_updated(std::string_view line) { return is_marker(line, '>', " REPLACE"); }

std::string_view strip_chars(std::string_view s, char c) {
  while (s.starts_with(c)) s.remove_prefix(1);
  while (s.ends_with(c)) s.remove_suffix(1);
  return s;
}

// A line above a block as a file name, or "".
std::string_view strip_filename(std::string_view line, Fence fence) {
  std::string_view name = trim_unicode(line);
  if (name == "...") return "";
  for (const std::string_view open : {fence.open, kTicks}) {
    if (!name.starts_with(open)) continue;
    const std::string_view rest = name.substr(open.size());
    return rest.find_first_of("./") != rest.npos ? rest : "";
  }
  while (name.ends_with(':')) name.remove_suffix(1);
  while (name.starts_with('#')) name.remove_prefix(1);
  return strip_chars(strip_chars(trim_unicode(name), '`'), '*');
}

std::string_view leaf(std::string_view path) { return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1); }

// The best name among up to three lines above a block, nearest first; "" when there is none.
std::string find_filename(Lines above, Fence fence, const std::vector<std::string>& chat) {
  std::reverse(above.begin(), above.end());
  Lines names;
  for (const auto line : above) {
    if (const auto name = strip_filename(line, fence); !name.empty()) names.push_back(name);
    if (!line.starts_with(fence.open) && !line.starts_with(kTicks)) break;
  }
  if (names.empty()) return "";
  for (const auto name : names)
    if (std::find(chat.begin(), chat.end(), name) != chat.end()) return std::string(name);
  for (const auto name : names)
    for (const auto& file : chat)
      if (name == leaf(file)) return file;
  for (const auto name : names) {
    std::pair<double, std::string_view> best{0, ""};
    for (const auto& file : chat)
      if (const double ratio = sequence_ratio(file, name); ratio >= kNameLikeness) best = std::max(best, {ratio, file});
    if (!best.second.empty()) return std::string(best.second);
  }
  for (const auto name : names)
    if (name.find('.') != name.npos) return std::string(name);
  return std::string(names[0]);
}

class ReplyParser {
 public:
  ReplyParser(std::string_view text, Fence fence, const std::vector<std::string>& chat) : lines_(reply_lines(text)), fence_(fence), chat_(chat) {}

  Reply run() {
    while (at_ < lines_.size() && !out_.failure) {
      if (shell_fence()) continue;
      if (is_head(lines_[at_])) block();
      ++at_;
    }
    if (!out_.failure && out_.blocks.empty())
      out_.failure = failure("no-blocks", ErrorKind::invalid, "the reply holds no SEARCH/REPLACE block", "write FILE, <<<<<<< SEARCH, =======, >>>>>>> REPLACE, each on its own line");
    return std::move(out_);
  }

 private:
  bool head_at(std::size_t i) const { return i < lines_.size() && is_head(lines_[i]); }

  bool shell_fence() {
    const std::string_view line = trim_unicode(lines_[at_]);
    const bool shell = std::any_of(kShells.begin(), kShells.end(), [&](std::string_view s) { return line.starts_with(s); });
    if (!shell || head_at(at_ + 1) || head_at(at_ + 2)) return false;
    std::string command;
    for (++at_; at_ < lines_.size() && !trim_unicode(lines_[at_]).starts_with(kTicks); ++at_) command += lines_[at_];
    if (at_ < lines_.size()) ++at_;
    out_.shell_commands.push_back(std::move(command));
    return true;
  }

  void fail(std::string kind, std::string_view message) {
    out_.failure = failure(std::move(kind), ErrorKind::invalid, fmt::format("reply line {}: {}", std::min(at_ + 1, lines_.size()), message),
                           "write FILE, <<<<<<< SEARCH, =======, >>>>>>> REPLACE, each on its own line");
  }

  template <class End>
  std::string collect(End ends) {
    std::string text;
    for (; at_ < lines_.size() && !ends(lines_[at_]); ++at_) text += lines_[at_];
    return text;
  }

  void block() {
    const bool creates = at_ + 1 < lines_.size() && is_divider(lines_[at_ + 1]);
    const Lines above(lines_.begin() + static_cast<std::ptrdiff_t>(at_ < 3 ? 0 : at_ - 3), lines_.begin() + static_cast<std::ptrdiff_t>(at_));
    std::string name = find_filename(above, fence_, creates ? std::vector<std::string>() : chat_);
    if (name.empty()) name = current_;
    if (name.empty()) return fail("no-filename", "no file name on a line of its own above the block");
    current_ = name;
    ++at_;
    std::string search = collect(is_divider);
    if (at_ >= lines_.size()) return fail("no-divider", "the block has no ======= line");
    ++at_;
    std::string replace = collect([](std::string_view line) { return is_updated(line) || is_divider(line); });
    if (at_ >= lines_.size()) return fail("no-end", "the block has no >>>>>>> REPLACE line");
    out_.blocks.push_back({std::move(name), std::move(search), std::move(replace)});
  }

  Lines lines_;
  Fence fence_;
  const std::vector<std::string>& chat_;
  std::size_t at_ = 0;
  std::string current_;
  Reply out_;
};

// Code points, so that likeness counts characters.
std::u32string decoded(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    out += d.code;
    i += d.length;
  }
  return out;
}

// Characters in the matching blocks of a[a0,a1) and b[b0,b1): the longest common run, earliest first, then both sides of it.
std::size_t matching(const std::u32string& a, std::size_t a0, std::size_t a1, const std::u32string& b, std::size_t b0, std::size_t b1) {
  std::size_t best_a = a0, best_b = b0, best = 0;
  std::vector<std::size_t> lengths(b.size() + 1), next(b.size() + 1);
  for (std::size_t i = a0; i < a1; ++i) {
    std::fill(next.begin(), next.end(), 0);
    for (std::size_t j = b0; j < b1; ++j) {
      if (a[i] != b[j]) continue;
      next[j + 1] = (j > b0 ? lengths[j] : 0) + 1;
      if (next[j + 1] > best) best = next[j + 1], best_a = i + 1 - best, best_b = j + 1 - best;
    }
    std::swap(lengths, next);
  }
  if (best == 0) return 0;
  return best + matching(a, a0, best_a, b, b0, best_b) + matching(a, best_a + best, a1, b, best_b + best, b1);
}

}  // namespace

double sequence_ratio(std::string_view a, std::string_view b) {
  const std::u32string x = decoded(a.substr(0, 512)), y = decoded(b.substr(0, 512));
  if (x.empty() && y.empty()) return 1;
  return 2.0 * static_cast<double>(matching(x, 0, x.size(), y, 0, y.size())) / static_cast<double>(x.size() + y.size());
}

Fence choose_fence(const std::vector<std::string>& texts) {
  for (const Fence fence : kFences) {
    const bool used = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
      const Lines lines = reply_lines(text);
      return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) { return line.starts_with(fence.open) || line.starts_with(fence.close); });
    });
    if (!used) return fence;
  }
  return kFences[0];
}

Fence fence_of_reply(std::string_view reply) {
  const Lines lines = reply_lines(reply);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_head(lines[i])) continue;
    for (std::size_t back = 1; back <= 3 && back <= i; ++back)
      for (auto fence = kFences.rbegin(); fence != kFences.rend(); ++fence)  // "````" before "```"
        if (lines[i - back].starts_with(fence->open)) return *fence;
  }
  return kFences[0];
}

Reply parse_reply(std::string_view text, Fence fence, const std::vector<std::string>& chat) { return ReplyParser(text, fence, chat).run(); }

}  // namespace wright::tools::patch
