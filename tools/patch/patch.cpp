#include "tools/patch/patch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/limits.h"
#include "tools/fs/workspace.h"
#include "tools/patch/lines.h"
#include "tools/patch/planners.h"
#include "tools/patch/search_replace.h"
#include "tools/patch/unified.h"
#include "tools/patch/unified_diff.h"
#include "tools/patch/v4a.h"

namespace wright::tools::patch {

namespace {

struct FormatRow {
  Format format;
  std::string_view name;
  Outcome (*plan)(std::string_view, Overlay&, const Options&);
};

constexpr std::array<FormatRow, 3> kFormats{{
    {Format::v4a, "v4a", plan_v4a},
    {Format::unified, "unified", plan_unified},
    {Format::search_replace, "search-replace", plan_search_replace},
}};

constexpr std::size_t kListedFiles = 50'000;  // that a block without a usable name may mean

bool is_search_marker(std::string_view line) {
  const std::size_t n = std::min(line.find_first_not_of('<'), line.size());
  const std::string_view rest = line.substr(n);
  return n >= 5 && n <= 9 && (rest == " SEARCH" || rest == " SEARCH>");
}

}  // namespace

std::string_view format_name(Format format) {
  for (const auto& row : kFormats)
    if (row.format == format) return row.name;
  return "auto";
}

std::optional<Format> format_from_name(std::string_view name) {
  for (const auto& row : kFormats)
    if (row.name == name) return row.format;
  if (name == "auto") return Format::automatic;
  return std::nullopt;
}

std::optional<Format> detect_format(std::string_view text) {
  const auto lines = split_bare(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    if (line.starts_with("*** Begin Patch")) return Format::v4a;
    if (is_search_marker(line)) return Format::search_replace;
    const bool pair = line.starts_with("--- ") && i + 1 < lines.size() && trim(lines[i + 1]).starts_with("+++ ");
    if (pair || line.starts_with("diff --git ") || (lines[i].starts_with("@@ ") && line.find(" @@") != line.npos)) return Format::unified;
  }
  return std::nullopt;
}

Result<std::string> WorkspaceReader::resolve(std::string_view path) {
  WRIGHT_TRY(std::string name, workspace_.relative(path));
  if (Workspace::in_git_folder(name)) return Error{ErrorKind::refused, name + " belongs to git", "use git for what is in there"};
  return name;
}

NodeKind WorkspaceReader::kind(const std::string& name) {
  const auto fd = workspace_.root().open_at(name, O_PATH);
  struct stat st{};
  if (!fd.ok() || ::fstat(fd->get(), &st) != 0) return NodeKind::none;
  return S_ISREG(st.st_mode) ? NodeKind::file : S_ISDIR(st.st_mode) ? NodeKind::folder : NodeKind::other;
}

Result<std::string> WorkspaceReader::read(const std::string& name) {
  // What the model has read before must not have changed since: write() compares with that, so do not overwrite it here.
  return workspace_.was_read(name) ? workspace_.peek(name) : workspace_.read(name);
}

std::vector<std::string> WorkspaceReader::list() {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  std::error_code error;
  fs::recursive_directory_iterator it(workspace_.path(), fs::directory_options::skip_permission_denied, error), end;
  for (; !error && it != end && out.size() < kListedFiles; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && Workspace::in_git_folder(it->path().filename().string())) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      out.push_back(it->path().lexically_relative(workspace_.path()).string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> named_paths(Format format, std::string_view text) {
  if (format == Format::automatic) format = detect_format(text).value_or(Format::automatic);
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && name != "/dev/null" && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  if (format == Format::v4a)
    for (const auto& s : parse_v4a(text, true).sections) add(s.path), add(s.move_to);
  if (format == Format::search_replace)
    for (const auto& b : parse_reply(text, fence_of_reply(text), {}).blocks) add(b.file);
  if (format == Format::unified)
    for (const auto& s : parse_unified(text).sections)
      for (const std::string& name : {s.old_name, s.new_name, s.rename_from, s.rename_to})
        add(name.starts_with("a/") || name.starts_with("b/") ? name.substr(2) : name);
  return out;
}

Plan make_plan(Format format, std::string_view text, Reader& reader, const Options& options) {
  Plan plan;
  plan.format = format;
  if (text.size() > limits::kPatchBytes) {
    plan.failure = failure("too-large", ErrorKind::limit, fmt::format("the patch has {} bytes; at most {} are taken", text.size(), limits::kPatchBytes), "split it");
    return plan;
  }
  if (format == Format::automatic) {
    const auto found = detect_format(text);
    if (!found) {
      plan.failure = failure("no-patch", ErrorKind::invalid, "no edit found: neither '*** Begin Patch', nor '--- a/FILE' with '+++ b/FILE', nor '<<<<<<< SEARCH'", "send one of the three formats");
      return plan;
    }
    plan.format = *found;
  }
  Overlay tree(reader);
  const auto row = std::find_if(kFormats.begin(), kFormats.end(), [&](const FormatRow& r) { return r.format == plan.format; });
  Outcome outcome = row->plan(text, tree, options);
  plan.hunks = outcome.hunks;
  plan.offset = outcome.offset;
  plan.notes = std::move(outcome.notes);
  plan.shell_commands = std::move(outcome.shell_commands);
  plan.failure = std::move(outcome.failure);
  if (!plan.failure || options.compat) plan.changes = tree.changes();
  return plan;
}

std::string plan_diff(const std::vector<FileChange>& changes) {
  std::string out;
  for (const auto& c : changes) {
    const bool goes = std::any_of(changes.begin(), changes.end(), [&](const FileChange& o) { return o.moved_from == c.path; });
    if (goes && !c.after) continue;  // shown as the rename
    if (c.moved_from.empty()) {
      const unsigned mode = c.executable.value_or(false) ? 0100755 : 0100644;
      out += make_unified_diff(c.before, c.after, {c.path, "", mode});
      continue;
    }
    const auto from = std::find_if(changes.begin(), changes.end(), [&](const FileChange& o) { return o.path == c.moved_from; });
    out += make_unified_diff(from == changes.end() ? c.before : from->before, c.after, {c.moved_from, c.path});
  }
  return out;
}

namespace {

// One file's change on disk, and how to take it back.
class Applier {
 public:
  explicit Applier(Workspace& workspace) : workspace_(workspace) {}

  Result<void> run(const std::vector<FileChange>& changes) {
    // New text first, removals last: a move never leaves the text nowhere.
    for (const bool removals : {false, true})
      for (const auto& change : changes)
        if (change.after.has_value() != removals)
          if (auto done = one(change, changes); !done.ok()) return roll_back(done.error());
    return {};
  }

 private:
  Result<void> one(const FileChange& c, const std::vector<FileChange>& changes) {
    if (!c.after) {
      if (std::find(renamed_.begin(), renamed_.end(), c.path) != renamed_.end()) return {};
      WRIGHT_CHECK(workspace_.remove(c.path));
      undo_.push_back({c.path, c.before});
      return {};
    }
    if (!c.moved_from.empty() && !workspace_.exists(c.path)) {  // renamed on disk, so that mode and attributes go along
      const auto from = std::find_if(changes.begin(), changes.end(), [&](const FileChange& o) { return o.path == c.moved_from; });
      WRIGHT_CHECK(workspace_.rename(c.moved_from, c.path));
      renamed_.push_back(c.moved_from);
      undo_.push_back({c.moved_from, from == changes.end() ? std::nullopt : from->before, c.path});
      if (from == changes.end() || from->before != c.after) WRIGHT_CHECK(workspace_.write(c.path, *c.after, false));
    } else if (c.before != c.after) {
      if (!c.before && workspace_.exists(c.path))
        return Error{ErrorKind::conflict, c.path + " was created by someone else meanwhile", "read it first"};
      WRIGHT_CHECK(workspace_.write(c.path, *c.after, false));
      undo_.push_back({c.path, c.before});
    }
    if (c.executable) WRIGHT_CHECK(workspace_.set_executable(c.path, *c.executable));
    return {};
  }

  Error roll_back(Error why) {
    for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
      Result<void> back;
      if (!it->renamed_to.empty()) {
        back = workspace_.rename(it->renamed_to, it->path);
        if (back.ok() && it->before) back = workspace_.write(it->path, *it->before, false);
      } else {
        back = it->before ? workspace_.write(it->path, *it->before, false) : workspace_.remove(it->path);
      }
      if (!back.ok()) why.next = "and " + it->path + " could not be put back (" + back.error().message + "); see wright undo";
    }
    return why;
  }

  struct Undo {
    std::string path;
    std::optional<std::string> before;
    std::string renamed_to = {};
  };
  Workspace& workspace_;
  std::vector<Undo> undo_;
  std::vector<std::string> renamed_;
};

}  // namespace

Result<void> apply_plan(Workspace& workspace, const std::vector<FileChange>& changes) { return Applier(workspace).run(changes); }

}  // namespace wright::tools::patch
