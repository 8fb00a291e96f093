#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tools/patch/lines.h"
#include "tools/patch/unified.h"

namespace wright::tools::patch {

namespace {

using Lines = std::vector<std::string_view>;

// A name as git and GNU diff write it: C-quoted, or up to a tab (a time follows).
std::string file_name(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  if (!text.starts_with('"')) return std::string(text.substr(0, text.find('\t')));
  std::string out;
  for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c >= '0' && c <= '7') {
      int value = 0, digits = 0;
      for (; digits < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++digits, ++i) value = value * 8 + (text[i] - '0');
      --i;
      out += static_cast<char>(value);
    } else {
      const std::string_view from = "abtnvfr", to = "\a\b\t\n\v\f\r";
      const auto at = from.find(c);
      out += at == from.npos ? c : to[at];
    }
  }
  return out;
}

// The two names of "diff --git A B"; blanks in them make it a guess that both are the same.
void git_names(std::string_view rest, DiffSection& section) {
  while (rest.ends_with('\r')) rest.remove_suffix(1);
  if (rest.starts_with('"')) {
    const auto end = rest.find("\" ");
    if (end == rest.npos) return;
    section.old_name = file_name(rest.substr(0, end + 1));
    section.new_name = file_name(rest.substr(end + 2));
    return;
  }
  for (std::size_t at = rest.find(' '); at != rest.npos; at = rest.find(' ', at + 1)) {
    const std::string_view left = rest.substr(0, at), right = rest.substr(at + 1);
    const auto bare = [](std::string_view s) { return s.substr(std::min(s.find('/'), s.size())); };
    if (bare(left) != bare(right) && rest.find(' ') != rest.rfind(' ')) continue;
    section.old_name = file_name(left);
    section.new_name = file_name(right);
    return;
  }
}

struct Range {
  std::size_t start = 0, count = 1;
};

// "12,3" or "12". False when it is no number, or one past all files.
bool read_range(std::string_view& text, Range& out, bool& overflow) {
  const auto number = [&](std::size_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range || (error == std::errc() && value > (1ull << 40))) overflow = true;
    if (error == std::errc::invalid_argument) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  };
  if (!number(out.start)) return false;
  out.count = 1;
  if (!text.starts_with(',')) return true;
  text.remove_prefix(1);
  return number(out.count);
}

struct HunkHeader {
  bool is_header = false, numbered = false, overflow = false;
  Range old_range, new_range;
};

HunkHeader hunk_header(std::string_view line) {
  HunkHeader out;
  if (!line.starts_with("@@")) return out;
  out.is_header = true;
  std::string_view rest = trim_left(line.substr(2));
  if (!rest.starts_with('-')) return out;
  rest.remove_prefix(1);
  if (!read_range(rest, out.old_range, out.overflow)) return out;
  rest = trim_left(rest);
  if (!rest.starts_with('+')) return out;
  rest.remove_prefix(1);
  if (!read_range(rest, out.new_range, out.overflow)) return out;
  // "-0,0 +0,0" and "-1,1 +1,1" as placeholders are seen; only real creation says 0.
  out.numbered = !(out.old_range.start == 0 && out.new_range.start == 0);
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lines_(split_keep(text)) {
    out_.crlf = !lines_.empty();
    for (auto& line : lines_) {
      out_.crlf = out_.crlf && (line.ends_with("\r\n") || !line.ends_with('\n'));
      if (line.ends_with('\n')) line.remove_suffix(1);
    }
    out_.crlf = out_.crlf && text.find("\r\n") != text.npos;
    last_line_ends_ = text.ends_with('\n');
  }

  UnifiedPatch run() {
    while (at_ < lines_.size() && !out_.failure) step();
    std::erase_if(out_.sections, [](const DiffSection& s) {  // a bare "diff" or "---" line that led to nothing
      return s.hunks.empty() && s.rename_from.empty() && !s.new_file_mode && !s.deleted_file_mode && !s.new_mode && !s.binary;
    });
    if (!out_.failure && out_.sections.empty())
      out_.failure = failure("no-patch", ErrorKind::invalid, "no hunk found", "write --- a/FILE, +++ b/FILE, @@ -1,2 +1,2 @@, then lines with ' ', '-' or '+'");
    return std::move(out_);
  }

 private:
  bool starts(std::size_t i, std::string_view prefix) const { return i < lines_.size() && lines_[i].starts_with(prefix); }
  bool names_at(std::size_t i) const { return starts(i, "--- ") && starts(i + 1, "+++ "); }

  DiffSection& section() {
    if (out_.sections.empty()) out_.sections.emplace_back();
    return out_.sections.back();
  }

  void step() {
    const std::string_view line = lines_[at_];
    if (line.starts_with("diff --git ")) {
      out_.sections.emplace_back();
      git_names(line.substr(11), section());
      in_git_header_ = true;
      ++at_;
    } else if (names_at(at_)) {
      if (!in_git_header_) out_.sections.emplace_back();
      section().old_name = file_name(line.substr(4));
      section().new_name = file_name(lines_[at_ + 1].substr(4));
      in_git_header_ = false;
      at_ += 2;
    } else if (line.starts_with("+++ ") && starts(at_ + 1, "@@")) {  // the "---" line was forgotten
      if (!in_git_header_) out_.sections.emplace_back();
      section().new_name = file_name(line.substr(4));
      in_git_header_ = false;
      ++at_;
    } else if (in_git_header_ && extended(line)) {
      ++at_;
    } else if (hunk_header(line).is_header) {
      in_git_header_ = false;
      hunk();
    } else {
      ++at_;  // prose, a fence, "index …"
    }
  }

  bool extended(std::string_view line) {
    const auto rest = [&](std::string_view prefix, std::string& into) {
      if (!line.starts_with(prefix)) return false;
      into = file_name(line.substr(prefix.size()));
      return true;
    };
    const auto mode = [&](std::string_view prefix, std::optional<unsigned>& into) {
      if (!line.starts_with(prefix)) return false;
      unsigned value = 0;
      std::from_chars(line.data() + prefix.size(), line.data() + line.size(), value, 8);
      into = value;
      return true;
    };
    auto& s = section();
    if (line.starts_with("Binary files ") || line.starts_with("GIT binary patch")) return s.binary = true;
    if (rest("copy from ", s.rename_from)) return s.copies = true;
    return rest("rename from ", s.rename_from) || rest("rename to ", s.rename_to) || rest("copy to ", s.rename_to) ||
           mode("new file mode ", s.new_file_mode) || mode("deleted file mode ", s.deleted_file_mode) || mode("new mode ", s.new_mode);
  }

  static bool is_body(std::string_view line) { return line.empty() || line == "\r" || std::string_view(" +-\\").find(line[0]) != std::string_view::npos; }
  static bool is_empty(std::string_view line) { return line.empty() || line == "\r"; }

  // Whether a hunk cannot go on at line i: another header, a fence, a mail's signature, the end.
  bool boundary(std::size_t i) const {
    if (i >= lines_.size() || !is_body(lines_[i])) return true;
    if (names_at(i)) return true;
    const bool signature = trim_right(lines_[i]) == "--" && i + 3 >= lines_.size();
    return signature;
  }

  void take(Hunk& hunk, std::string_view line) {
    if (line.starts_with('\\')) {
      if (!hunk.lines.empty()) hunk.lines.back().no_newline = true;
    } else if (is_empty(line)) {
      hunk.lines.push_back({' ', line});
    } else {
      hunk.lines.push_back({line[0], line.substr(1)});
    }
  }

  // Reads the body by its counts; false, and nothing read, when they do not fit the text.
  bool by_counts(Hunk& hunk, const HunkHeader& header) {
    std::size_t i = at_, old_left = header.old_range.count, new_left = header.new_range.count;
    Hunk read = hunk;
    for (; (old_left > 0 || new_left > 0) && i < lines_.size() && is_body(lines_[i]); ++i) {
      const char sign = is_empty(lines_[i]) ? ' ' : lines_[i][0];
      const bool is_old = sign == ' ' || sign == '-', is_new = sign == ' ' || sign == '+';
      if ((is_old && old_left == 0) || (is_new && new_left == 0)) return false;
      old_left -= is_old ? 1 : 0;
      new_left -= is_new ? 1 : 0;
      take(read, lines_[i]);
    }
    if (old_left > 0 || new_left > 0) return false;
    while (starts(i, "\\")) take(read, lines_[i++]);
    if (!boundary(i) && !is_empty(lines_[i])) return false;
    hunk = std::move(read);
    at_ = i;
    return true;
  }

  // Reads to the next boundary. Empty lines are context while a line of the hunk follows.
  void by_shape(Hunk& hunk) {
    while (!boundary(at_)) {
      std::size_t next = at_;
      while (next < lines_.size() && is_empty(lines_[next])) ++next;
      if (next > at_ && boundary(next)) break;
      for (; at_ < next; ++at_) take(hunk, lines_[at_]);
      if (!boundary(at_)) take(hunk, lines_[at_++]);
    }
  }

  void hunk() {
    const HunkHeader header = hunk_header(lines_[at_]);
    Hunk hunk;
    hunk.patch_line = at_ + 1;
    if (header.overflow) {
      out_.failure = failure("malformed", ErrorKind::invalid, fmt::format("patch line {}: a line number is too large", at_ + 1), "write the hunk's header again");
      return;
    }
    if (header.numbered) hunk.old_start = header.old_range.start;
    ++at_;
    if (!header.numbered || !by_counts(hunk, header)) {
      by_shape(hunk);
      std::size_t old_count = 0, new_count = 0;
      for (const auto& line : hunk.lines) old_count += line.sign != '+' ? 1 : 0, new_count += line.sign != '-' ? 1 : 0;
      const bool is_short = header.numbered && old_count <= header.old_range.count && new_count <= header.new_range.count;
      hunk.cut_short = is_short && at_ >= lines_.size() && !last_line_ends_;
    }
    if (!hunk.lines.empty()) section().hunks.push_back(std::move(hunk));
  }

  Lines lines_;
  std::size_t at_ = 0;
  bool in_git_header_ = false;
  bool last_line_ends_ = true;
  UnifiedPatch out_;
};

}  // namespace

UnifiedPatch parse_unified(std::string_view text) { return Parser(text).run(); }

}  // namespace wright::tools::patch
