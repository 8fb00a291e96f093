#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "tools/patch/lines.h"
#include "tools/patch/seek.h"
#include "tools/patch/v4a.h"

namespace wright::tools::patch {

namespace {

constexpr std::string_view kBegin = "*** Begin Patch", kEnd = "*** End Patch", kEof = "*** End of File";
constexpr std::string_view kAdd = "*** Add File: ", kDelete = "*** Delete File: ", kUpdate = "*** Update File: ";
constexpr std::string_view kMove = "*** Move to: ", kEnvironment = "*** Environment ID:";

// Text -> lines without endings.
Lines patch_lines(std::string_view text) {
  Lines out = split_keep(text);
  for (auto& line : out) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    while (line.ends_with('\r')) line.remove_suffix(1);
  }
  return out;
}

bool is_section(std::string_view line) {
  return line.starts_with(kAdd) || line.starts_with(kDelete) || line.starts_with(kUpdate);
}

// "@@ -1,2 +1,2 @@ name": what models that know unified diffs write. `name` says where, loosely: it is no line of the file.
bool numbered_header(std::string_view line) {
  static const std::regex pattern(R"(^@@ -\d+(,\d+)? \+\d+(,\d+)? @@)");
  return std::regex_search(line.begin(), line.end(), pattern, std::regex_constants::match_continuous);
}

bool git_header(std::string_view line) {
  for (const std::string_view start : {"diff --git ", "index ", "--- ", "+++ ", "new file mode ", "old mode ", "new mode "})
    if (line.starts_with(start)) return true;
  return false;
}

class Parser {
 public:
  Parser(Lines lines, bool lenient) : lines_(std::move(lines)), lenient_(lenient) {}

  V4aPatch run() {
    if (envelope()) body();
    if (!out_.failure && out_.sections.empty()) fail("empty-patch", "the patch changes nothing");
    return std::move(out_);
  }

 private:
  bool fail(std::string kind, const std::string& message) {
    if (!out_.failure)
      out_.failure = failure(std::move(kind), ErrorKind::invalid, fmt::format("patch line {}: {}", at_ + 1, message),
                             "write it as *** Begin Patch / *** Update File: PATH / @@ / lines with ' ', '-' or '+' / *** End Patch");
    return false;
  }

  // Leaves at_ on the first line after the begin marker and end_ on the end marker.
  bool envelope() {
    end_ = lines_.size();
    if (lenient_) {  // the only envelope in a longer text
      const auto is = [](std::string_view marker) { return [marker](std::string_view line) { return trim_unicode(line) == marker; }; };
      const auto begin = std::find_if(lines_.begin(), lines_.end(), is(kBegin));
      const auto end = std::find_if(begin, lines_.end(), is(kEnd));
      const bool one = std::count_if(lines_.begin(), lines_.end(), is(kBegin)) == 1 && end != lines_.end() &&
                       std::none_of(end + 1, lines_.end(), [&](std::string_view line) { return trim_unicode(line) == kEnd || is_section(line); });
      if (one) {
        end_ = static_cast<std::size_t>(end - lines_.begin()) + 1;
        at_ = static_cast<std::size_t>(begin - lines_.begin());
      }
    }
    if (bounds()) return true;
    const std::string_view first = at_ < end_ ? lines_[at_] : "";
    if ((first == "<<EOF" || first == "<<'EOF'" || first == "<<\"EOF\"") && end_ - at_ >= 4 && lines_[end_ - 1].ends_with("EOF")) {
      ++at_, --end_;
      if (bounds()) return true;
    }
    if (at_ < end_ && trim_unicode(lines_[at_]) != kBegin) return fail("no-begin", "the first line must be '*** Begin Patch'");
    at_ = end_ > 0 ? end_ - 1 : 0;
    return fail("no-end", "the last line must be '*** End Patch'");
  }

  bool bounds() {
    if (end_ - at_ < 2 || trim_unicode(lines_[at_]) != kBegin || trim_unicode(lines_[end_ - 1]) != kEnd) return false;
    ++at_, --end_;
    return true;
  }

  void body() {
    bool environment = false;
    while (at_ < end_ && !out_.failure) {
      const std::string_view line = trim_unicode(lines_[at_]);
      if (out_.sections.empty() && line.starts_with(kEnvironment)) {
        if (environment) return void(fail("environment-id", "the environment is named twice"));
        if (trim_unicode(line.substr(kEnvironment.size())).empty()) return void(fail("environment-id", "the environment's name is empty"));
        environment = true;
        ++at_;
      } else if (line == kEnd) {
        for (++at_; at_ < end_; ++at_)
          if (!trim_unicode(lines_[at_]).empty()) return void(fail("no-end", "text after '*** End Patch'"));
      } else if (!section(line)) {
        return;
      }
    }
  }

  bool section(std::string_view header) {
    if (lenient_ && header.empty()) return ++at_, true;
    V4aSection section;
    if (header.starts_with(kAdd)) section.kind = V4aSection::Kind::add, section.path = header.substr(kAdd.size());
    else if (header.starts_with(kDelete)) section.kind = V4aSection::Kind::remove, section.path = header.substr(kDelete.size());
    else if (header.starts_with(kUpdate)) section.kind = V4aSection::Kind::update, section.path = header.substr(kUpdate.size());
    else
      return fail("bad-header", fmt::format("'{}' is no section header; these are '*** Add File: PATH', '*** Delete File: PATH' and "
                                            "'*** Update File: PATH'", header.substr(0, 80)));
    const std::size_t started = at_++;
    if (section.kind == V4aSection::Kind::add)
      for (; at_ < end_ && lines_[at_].starts_with('+'); ++at_) section.contents.append(lines_[at_].substr(1)).append("\n");
    if (section.kind == V4aSection::Kind::update && !update(section, started)) return false;
    out_.sections.push_back(std::move(section));
    return true;
  }

  void move_line(V4aSection& section) {
    if (at_ < end_ && lines_[at_].starts_with(kMove)) section.move_to = trim_end_unicode(lines_[at_++].substr(kMove.size()));
  }

  bool update(V4aSection& section, std::size_t started) {
    move_line(section);
    while (lenient_ && at_ < end_ && git_header(lines_[at_])) ++at_;
    while (at_ < end_) {
      const std::string_view line = lines_[at_];
      const bool ended = !section.chunks.empty() && section.chunks.back().end_of_file;
      if (ended && trim_unicode(line).empty()) {  // anywhere else an empty line is context
        ++at_;
      } else if (section.chunks.empty() && trim_end_unicode(line) == kEof) {
        ++at_;
        if (section.move_to.empty()) move_line(section);
      } else if (is_section(line) || trim_end_unicode(line) == kEnd) {
        break;
      } else if (!chunk(section)) {
        return false;
      }
    }
    if (section.chunks.empty() && !(lenient_ && !section.move_to.empty())) {
      at_ = started;
      return fail("empty-update", "the section for " + section.path + " changes nothing");
    }
    return true;
  }

  // "@@" lines. Nothing is read when the line is none.
  bool marker(V4aChunk& chunk) {
    const std::string_view line = trim_end_unicode(lines_[at_]);
    if (line == "@@") return ++at_, true;
    if (lenient_ && numbered_header(line)) return ++at_, true;
    if (!line.starts_with("@@ ")) return false;
    std::string_view context = line.substr(3);
    if (lenient_ && context.ends_with(" @@")) context = trim_end_unicode(context.substr(0, context.size() - 3));  // "@@ def f(): @@"
    chunk.contexts.emplace_back(context);
    ++at_;
    return true;
  }

  bool chunk(V4aSection& section) {
    V4aChunk chunk;
    if (!marker(chunk)) {
      if (!section.chunks.empty())
        return fail("bad-chunk-start", fmt::format("a chunk starts with '@@', not with '{}'", lines_[at_].substr(0, 80)));
    } else {
      while (lenient_ && at_ < end_ && marker(chunk)) {}
      if (at_ >= end_) return fail("empty-chunk", "a chunk without lines");
    }
    for (; at_ < end_; ++at_) {
      const std::string_view line = lines_[at_];
      if (trim_end_unicode(line) == kEof) {
        if (chunk.lines.empty()) return fail("empty-chunk", "a chunk without lines");
        chunk.end_of_file = true;
        ++at_;
        break;
      }
      const char sign = line.empty() ? ' ' : line[0];
      if (sign != ' ' && sign != '-' && sign != '+') {
        if (chunk.lines.empty())
          return fail("bad-chunk-line", fmt::format("a line starts with ' ', '-' or '+', not with '{}'", line.substr(0, 80)));
        break;
      }
      chunk.lines.push_back({sign, std::string(line.empty() ? line : line.substr(1))});
    }
    section.chunks.push_back(std::move(chunk));
    return true;
  }

  Lines lines_;
  bool lenient_;
  std::size_t at_ = 0, end_ = 0;
  V4aPatch out_;
};

}  // namespace

V4aPatch parse_v4a(std::string_view text, bool lenient) {
  return Parser(patch_lines(trim_unicode(text)), lenient).run();
}

}  // namespace wright::tools::patch
