#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "tools/patch/seek.h"
#include "tools/patch/v4a.h"

namespace wright::tools::patch {

namespace {

// Lines [begin, begin + count) of the file become `lines`.
struct Replacement {
  std::size_t begin, count;
  std::vector<SourceLine> lines;
};

struct Placed {
  std::vector<Replacement> replacements;
  std::vector<std::string> notes;
  std::optional<Failure> failure;
};

std::string quoted(std::string_view line) { return utf8::escape_for_terminal(utf8::repair(line.substr(0, 100)), false); }

// A line of a chunk by what it is part of: context is both.
struct BodyLine {
  bool is_old, is_new;
  std::string_view text;
};
using Body = std::vector<BodyLine>;

Body body_of(const V4aChunk& chunk) {
  Body out;
  for (const auto& line : chunk.lines) out.push_back({line.sign != '+', line.sign != '-', line.text});
  return out;
}

// What the chunk puts where its old lines stood at `begin`. Context keeps the file's own bytes.
std::vector<SourceLine> replacement_lines(const Body& body, const Source& file, std::size_t begin) {
  std::vector<SourceLine> out;
  std::size_t at = begin;
  for (const auto& line : body) {
    if (line.is_new && line.is_old) out.push_back(file.lines[at]);
    else if (line.is_new) out.push_back({std::string(line.text), file.ending});
    at += line.is_old ? 1 : 0;
  }
  return out;
}

Lines old_lines(const Body& body) {
  Lines out;
  for (const auto& line : body)
    if (line.is_old) out.push_back(line.text);
  return out;
}

// A block that ends with an empty old line is tried again without it, and without the last new line if that is empty too.
bool drop_last_empty(Body& body) {
  const auto last_old = std::find_if(body.rbegin(), body.rend(), [](const BodyLine& l) { return l.is_old; });
  if (last_old == body.rend() || !last_old->text.empty()) return false;
  const auto last_new = std::find_if(body.rbegin(), body.rend(), [](const BodyLine& l) { return l.is_new; });
  last_old->is_old = false;
  if (last_new != body.rend() && last_new->text.empty()) last_new->is_new = false;
  return true;
}

Placed place(const std::string& path, const Source& file, const std::vector<V4aChunk>& chunks) {
  Placed out;
  const Lines lines = file.texts();
  std::size_t cursor = 0;
  for (const auto& chunk : chunks) {
    for (const auto& context : chunk.contexts) {
      const std::string_view wanted[] = {context};
      const auto found = seek(lines, wanted, cursor, false);
      if (!found) {
        out.failure = failure("context-not-found", ErrorKind::conflict, fmt::format("{}: the line '{}' after @@ is not there{}", path, quoted(context), cursor > 0 ? " below the chunk before" : ""),
                              "give a line of the file as it stands", path);
        out.failure->detail = did_you_mean(path, lines, wanted);
        return out;
      }
      cursor = *found + 1;
    }
    Body body = body_of(chunk);
    auto wanted = old_lines(body);
    if (wanted.empty()) {
      out.replacements.push_back({lines.size(), 0, replacement_lines(body, file, 0)});
      continue;
    }
    auto found = seek(lines, wanted, cursor, chunk.end_of_file);
    if (!found && drop_last_empty(body)) {
      wanted = old_lines(body);
      found = seek(lines, wanted, cursor, chunk.end_of_file);
    }
    if (!found) {
      wanted = old_lines(body_of(chunk));
      const bool above = cursor > 0 && seek(lines, wanted, 0, false);
      out.failure = failure("lines-not-found", ErrorKind::conflict,
                            fmt::format("{}: {} that starts with '{}' {}", path, wanted.size() == 1 ? "the line" : fmt::format("the block of {} lines", wanted.size()), quoted(wanted[0]),
                                        above ? "is only above the place of the chunk before" : chunk.end_of_file ? "does not end the file" : "is not there"),
                            "copy the old lines from the file as it stands", path);
      out.failure->detail = did_you_mean(path, lines, wanted);
      return out;
    }
    if (!chunk.end_of_file)
      if (auto note = elsewhere_note(path, lines, wanted, cursor); !note.empty()) out.notes.push_back(std::move(note));
    out.replacements.push_back({*found, wanted.size(), replacement_lines(body, file, *found)});
    cursor = *found + wanted.size();
  }
  std::stable_sort(out.replacements.begin(), out.replacements.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return out;
}

void replace_lines(Source& file, std::vector<Replacement>& replacements) {
  std::vector<SourceLine> out;
  std::size_t at = 0;
  for (auto& r : replacements) {
    for (; at < r.begin; ++at) out.push_back(std::move(file.lines[at]));
    for (auto& line : r.lines) out.push_back(std::move(line));
    at = r.begin + r.count;
  }
  for (; at < file.lines.size(); ++at) out.push_back(std::move(file.lines[at]));
  for (auto& line : out)
    if (line.ending.empty()) line.ending = file.ending;
  file.lines = std::move(out);
}

// The words that the format's origin uses for a file that it cannot have.
Failure file_failure(std::string kind, const Error& error, const std::string& path) {
  Failure f{std::move(kind), error, "", path};
  if (error.kind == ErrorKind::refused) f.kind = "refused";
  return f;
}

class Planner {
 public:
  Planner(Overlay& tree, bool compat) : tree_(tree), compat_(compat) {}

  Outcome run(const V4aPatch& patch) {
    if (patch.failure) out_.failure = patch.failure;
    else
      for (const auto& section : patch.sections)
        if (!step(section)) break;
    return std::move(out_);
  }

 private:
  bool fail(Failure f) {
    out_.failure = std::move(f);
    return false;
  }

  bool step(const V4aSection& section) {
    const auto path = tree_.reader().resolve(section.path);
    if (!path.ok()) return fail(file_failure("refused", path.error(), section.path));
    if (section.kind == V4aSection::Kind::add) return write(*path, section.contents);
    if (section.kind == V4aSection::Kind::remove) {
      if (const auto removed = tree_.remove(*path); !removed.ok()) return fail(file_failure("delete-failed", removed.error(), *path));
      ++out_.hunks;
      return true;
    }
    return update(section, *path);
  }

  bool write(const std::string& path, std::string text) {
    if (const auto written = tree_.write(path, std::move(text)); !written.ok()) return fail(file_failure("write-failed", written.error(), path));
    ++out_.hunks;
    return true;
  }

  bool update(const V4aSection& section, const std::string& path) {
    if (const NodeKind kind = tree_.kind(path); kind == NodeKind::folder || kind == NodeKind::other)
      return fail(failure("read-failed", ErrorKind::usage, path + " is not a file", "name a file", path));
    const auto text = tree_.read(path);
    if (!text.ok()) return fail(file_failure("read-failed", text.error(), path));
    if (!utf8::valid(*text)) return fail(failure("not-utf8", ErrorKind::invalid, path + " is not UTF-8 text", "change it by a command", path));
    const bool shown = std::any_of(section.chunks.begin(), section.chunks.end(), [](const V4aChunk& c) {
      return std::any_of(c.lines.begin(), c.lines.end(), [](const V4aLine& l) { return l.text.starts_with("\xEF\xBB\xBF"); });
    });
    Source file = split_source(*text, true, !compat_ && !shown);  // a byte order mark that the patch does not show stays where it is
    auto placed = place(path, file, section.chunks);
    if (placed.failure) return fail(std::move(*placed.failure));
    out_.notes.insert(out_.notes.end(), placed.notes.begin(), placed.notes.end());
    if (!section.chunks.empty()) replace_lines(file, placed.replacements);
    out_.hunks += section.chunks.size();
    if (section.move_to.empty()) return put(path, file.join());
    const auto to = tree_.reader().resolve(section.move_to);
    if (!to.ok()) return fail(file_failure("refused", to.error(), section.move_to));
    if (!put(*to, file.join())) return false;
    if (*to == path) return true;  // onto itself: an edit in place (the origin deletes the file)
    if (const auto removed = tree_.remove(path); !removed.ok()) return fail(file_failure("delete-failed", removed.error(), path));
    tree_.moved(path, *to);
    return true;
  }

  bool put(const std::string& path, std::string text) {
    if (const auto written = tree_.write(path, std::move(text)); !written.ok()) return fail(file_failure("write-failed", written.error(), path));
    return true;
  }

  Overlay& tree_;
  bool compat_;
  Outcome out_;
};

}  // namespace

Outcome plan_v4a(std::string_view text, Overlay& tree, const Options& options) {
  return Planner(tree, options.compat).run(parse_v4a(text, !options.compat));
}

}  // namespace wright::tools::patch
