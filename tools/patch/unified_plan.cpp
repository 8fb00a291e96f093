#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tools/patch/lines.h"
#include "tools/patch/unified.h"

namespace wright::tools::patch {

namespace {

constexpr std::string_view kNull = "/dev/null";
constexpr unsigned kTypeMask = 0170000, kRegular = 0100000;

std::string_view without_cr(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Whether the patch shows CRs just where the file has them; then its added lines mean what they say.
bool faithful(const Hunk& hunk, const HunkPlace& place, const Source& file) {
  std::size_t at = place.begin, left = place.skip_head;
  for (const auto& line : hunk.lines) {
    if (line.sign == '+') continue;
    if (left > 0) {
      --left;
      continue;
    }
    if (at >= file.lines.size()) break;
    const auto& source = file.lines[at++];
    if (!source.ending.empty() && line.text.ends_with('\r') != (source.ending == "\r\n")) return false;
  }
  return true;
}

// A patch that shows the byte order mark treats it as text; one that does not leaves it alone.
bool mentions_bom(const std::vector<Hunk>& hunks) {
  return std::any_of(hunks.begin(), hunks.end(), [](const Hunk& h) {
    return std::any_of(h.lines.begin(), h.lines.end(), [](const HunkLine& l) { return l.text.starts_with("\xEF\xBB\xBF"); });
  });
}

// The file's lines with the hunks put in.
void apply_hunks(Source& file, const std::vector<Hunk>& hunks, const std::vector<HunkPlace>& places, bool crlf_patch) {
  std::vector<std::size_t> order(hunks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return places[a].begin < places[b].begin; });
  std::vector<SourceLine> out;
  std::size_t at = 0;
  for (const std::size_t index : order) {
    const Hunk& hunk = hunks[index];
    const HunkPlace& place = places[index];
    const bool literal = !crlf_patch && faithful(hunk, place, file);
    for (; at < place.begin; ++at) out.push_back(file.lines[at]);
    std::size_t olds = 0, total = 0;
    for (const auto& line : hunk.lines) total += line.sign != '+' ? 1 : 0;
    for (const auto& line : hunk.lines) {
      if (line.sign == '+') {
        const std::string ending = line.no_newline ? "" : !literal ? file.ending : line.text.ends_with('\r') ? "\r\n" : "\n";
        out.push_back({std::string(!literal || !line.no_newline ? without_cr(line.text) : line.text), ending});
        continue;
      }
      const bool given_up = olds < place.skip_head || olds >= total - place.skip_tail;
      ++olds;
      if (given_up) continue;
      if (line.sign == ' ') out.push_back(file.lines[at]);
      ++at;
    }
  }
  for (; at < file.lines.size(); ++at) out.push_back(file.lines[at]);
  for (std::size_t i = 0; i + 1 < out.size(); ++i)
    if (out[i].ending.empty()) out[i].ending = file.ending;
  file.lines = std::move(out);
}

class Planner {
 public:
  Planner(Overlay& tree, const Options& options) : tree_(tree), options_(options) {}

  Outcome run(const UnifiedPatch& patch) {
    out_.failure = patch.failure;
    for (std::size_t i = 0; i < patch.sections.size() && !out_.failure; ++i) section(patch.sections[i], patch.crlf);
    return std::move(out_);
  }

 private:
  bool fail(std::string kind, ErrorKind error, std::string message, std::string next, std::string file = "") {
    out_.failure = failure(std::move(kind), error, std::move(message), std::move(next), std::move(file));
    return false;
  }

  bool resolve(std::string_view name, std::string& into) {
    auto resolved = tree_.reader().resolve(name);
    if (!resolved.ok()) return fail("refused", resolved.error().kind, resolved.error().message, resolved.error().next, std::string(name));
    into = std::move(*resolved);
    return true;
  }

  // What a header's name may mean: without its first folder ("a/", "b/") or as it stands. The name first that exists.
  bool named(const std::string& name, std::string& into) {
    const std::size_t slash = name.find('/');
    const bool prefixed = slash == 1 && std::string_view("abciow").find(name[0]) != std::string_view::npos;
    std::string whole, cut;
    if (name.starts_with('/')) return resolve(name, into);
    if (slash != name.npos && prefixed && !resolve(name.substr(slash + 1), cut)) return false;
    if (!resolve(name, whole)) return false;
    if (slash != name.npos && !prefixed)
      if (auto other = tree_.reader().resolve(name.substr(slash + 1)); other.ok()) cut = std::move(*other);
    const std::string& first = prefixed ? cut : whole;
    const std::string& second = prefixed ? whole : cut;
    into = tree_.kind(first) == NodeKind::none && !second.empty() && tree_.kind(second) == NodeKind::file ? second : first;
    return true;
  }

  // The file that a section changes or creates.
  bool target(const DiffSection& s, std::string& into) {
    if (!s.rename_from.empty()) return resolve(s.rename_from, into);
    std::string from, to;
    if (!s.new_name.empty() && s.new_name != kNull && !named(s.new_name, to)) return false;
    if (!s.old_name.empty() && s.old_name != kNull && !named(s.old_name, from)) return false;
    if (to.empty() && from.empty()) {
      if (options_.chat_files.size() == 1) return resolve(options_.chat_files[0], into);
      return fail("no-file", ErrorKind::invalid, "the diff names no file", "put --- a/FILE and +++ b/FILE above the hunks, or use --file");
    }
    into = to.empty() || (!from.empty() && tree_.kind(to) == NodeKind::none && tree_.kind(from) == NodeKind::file) ? from : to;
    return true;
  }

  bool section(const DiffSection& s, bool crlf) {
    std::string path, to;
    if (!target(s, path)) return false;
    to = path;
    if (!s.rename_to.empty() && !resolve(s.rename_to, to)) return false;
    if (s.binary) return fail("binary", ErrorKind::usage, path + ": a binary diff cannot be applied", "change the file by a command", path);
    for (const auto& mode : {s.new_file_mode, s.deleted_file_mode, s.new_mode})
      if (mode && (*mode & kTypeMask) != kRegular) return fail("refused", ErrorKind::refused, path + ": a patch may not make links or submodules", "use a command", path);
    const bool creates = s.old_name == kNull || s.new_file_mode;
    const bool deletes = s.new_name == kNull || s.deleted_file_mode;
    std::string before;
    if (to != path && tree_.kind(to) != NodeKind::none) return fail("write-failed", ErrorKind::conflict, to + " exists, so " + path + " cannot take its name", "remove it first", to);
    if (!old_text(s, path, creates, before)) return false;
    Source file = split_source(before, false, !mentions_bom(s.hunks));
    Placement placed = place_hunks(path, file, s.hunks);
    if (placed.failure) {
      out_.failure = std::move(placed.failure);
      return false;
    }
    apply_hunks(file, s.hunks, placed.places, crlf);
    for (const auto& p : placed.places)
      if (std::abs(p.offset) > std::abs(out_.offset)) out_.offset = p.offset;
    out_.hunks += s.hunks.size();
    std::string after = file.join();
    if (deletes) return remove(path, after);
    if (const auto written = tree_.write(to, std::move(after)); !written.ok()) return fail("write-failed", written.error().kind, written.error().message, written.error().next, to);
    const auto mode = s.new_file_mode ? s.new_file_mode : s.new_mode;
    if (mode && (s.new_mode || (*mode & 0111) != 0)) tree_.set_executable(to, (*mode & 0111) != 0);
    return to == path || s.copies || move(path, to);
  }

  bool old_text(const DiffSection& s, const std::string& path, bool creates, std::string& into) {
    const NodeKind kind = tree_.kind(path);
    if (kind == NodeKind::folder || kind == NodeKind::other) return fail("no-file", ErrorKind::usage, path + " is not a file", "name a file", path);
    if (kind == NodeKind::none) {
      const bool only_adds = std::all_of(s.hunks.begin(), s.hunks.end(), [](const Hunk& h) { return std::all_of(h.lines.begin(), h.lines.end(), [](const HunkLine& l) { return l.sign == '+'; }); });
      if (creates || (only_adds && !s.hunks.empty())) return true;
      return fail("no-file", ErrorKind::not_found, path + " does not exist", "check the name, or write --- /dev/null to create it", path);
    }
    const auto text = tree_.read(path);
    if (!text.ok()) return fail("no-file", text.error().kind, text.error().message, text.error().next, path);
    into = *text;
    if (creates && !into.empty()) {
      std::string fresh;
      for (const auto& h : s.hunks)
        for (const auto& l : h.lines) fresh.append(without_cr(l.text)).append(l.no_newline ? "" : "\n");
      const bool same = fresh == into;
      return fail(same ? "already-applied" : "hunk-failed", ErrorKind::conflict, path + (same ? " is already there, with this text" : " exists, but the patch creates it"), same ? "leave it out" : "write a diff against the file as it stands", path);
    }
    return true;
  }

  bool remove(const std::string& path, const std::string& rest) {
    if (!rest.empty()) return fail("hunk-failed", ErrorKind::conflict, path + " holds more than the patch deletes", "write the diff against the file as it stands", path);
    if (const auto removed = tree_.remove(path); !removed.ok()) return fail("no-file", removed.error().kind, removed.error().message, removed.error().next, path);
    return true;
  }

  bool move(const std::string& from, const std::string& to) {
    if (const auto removed = tree_.remove(from); !removed.ok()) return fail("no-file", removed.error().kind, removed.error().message, removed.error().next, from);
    tree_.moved(from, to);
    return true;
  }

  Overlay& tree_;
  const Options& options_;
  Outcome out_;
};

}  // namespace

Outcome plan_unified(std::string_view text, Overlay& tree, const Options& options) { return Planner(tree, options).run(parse_unified(text)); }

}  // namespace wright::tools::patch
