#include "tools/repo/ignore.h"

#include <fcntl.h>

#include <algorithm>

#include "base/limits.h"
#include "tools/repo/git.h"

namespace wright::tools {

namespace {

constexpr std::size_t kIgnoreFileBytes = 1024 * 1024;

constexpr std::string_view kHeavyFolders[] = {
    ".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "__pycache__", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".gradle", ".terraform", ".next", ".nuxt", ".parcel-cache", ".eggs", ".ccache", ".direnv",
};

std::string_view without_trailing_blanks(std::string_view line) {
  while (!line.empty() && line.back() == ' ') {
    std::size_t slashes = 0;
    while (slashes + 1 < line.size() && line[line.size() - 2 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 1) break;  // "\ " is a blank that counts
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

bool is_heavy_folder(std::string_view name) {
  return std::find(std::begin(kHeavyFolders), std::end(kHeavyFolders), name) != std::end(kHeavyFolders);
}

IgnoreFile IgnoreFile::parse(std::string_view text, bool fold_case) {
  IgnoreFile out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = without_trailing_blanks(line);
    if (line.empty() || line[0] == '#') continue;
    const bool negated = line[0] == '!';
    if (negated) line.remove_prefix(1);
    const bool folders_only = line.ends_with('/');
    if (folders_only) line.remove_suffix(1);
    if (line.empty() || line == "/") continue;
    if (line.ends_with('/')) continue;  // "a//": no path ends so
    // An anchored pattern has a slash before its end; "/a" has it at the start.
    auto glob = Glob::compile(line, {.braces = false, .any_depth = true, .fold_case = fold_case});
    if (glob.ok()) out.rules_.push_back(Rule{std::move(*glob), negated, folders_only});
  }
  return out;
}

std::optional<bool> IgnoreFile::decide(std::string_view path, bool folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    if ((folder || !rule->folders_only) && rule->glob.matches(path)) return !rule->negated;
  return std::nullopt;
}

Ignore Ignore::open(const WorkspaceRoot& root) {
  Ignore out(root);
  const auto git = Git::open(root.path());
  if (!git.ok()) return out;
  out.repository_ = true;
  out.fold_case_ = git->ignore_case();
  const std::string& prefix = git->prefix();  // "sub/dir/" when the workspace lies inside the repository
  const auto add = [&](const std::string& file, std::string above) {
    if (auto text = read_file(file, kIgnoreFileBytes); text.ok()) {
      IgnoreFile rules = IgnoreFile::parse(*text, out.fold_case_);
      if (!rules.empty()) out.levels_.push_back({std::move(rules), "", std::move(above)});
    }
  };
  if (const std::string file = git->excludes_file(); !file.empty()) add(file, prefix);
  add(git->common_folder() + "info/exclude", prefix);
  for (std::size_t at = 0; at < prefix.size();) {  // the folders above the workspace
    add(git->workdir() + prefix.substr(0, at) + ".gitignore", prefix.substr(at));
    at = prefix.find('/', at) + 1;
  }
  return out;
}

void Ignore::push(const std::string& folder) {
  const std::string prefix = folder.empty() || folder == "." ? "" : folder + "/";
  Level level{{}, prefix, ""};
  if (repository_) {
    // Like git, a link is not followed: rules of elsewhere do not hold here.
    if (auto fd = root_->open_at(prefix + ".gitignore", O_RDONLY | O_NONBLOCK, 0, true); fd.ok())
      if (auto text = read_fd(fd->get(), ".gitignore", kIgnoreFileBytes); text.ok())
        level.rules = IgnoreFile::parse(*text, fold_case_);
  }
  levels_.push_back(std::move(level));
}

bool Ignore::ignores(std::string_view path, bool folder) const {
  std::string full;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->rules.empty() || !path.starts_with(level->prefix)) continue;
    std::string_view seen = path.substr(level->prefix.size());
    if (!level->above.empty()) {
      full = level->above;
      full += path;
      seen = full;
    }
    if (const auto verdict = level->rules.decide(seen, folder)) return *verdict;
  }
  return false;
}

bool Ignore::ignored(const std::string& path, bool folder) {
  const std::size_t depth = levels_.size();
  bool out = false;
  push("");
  for (std::size_t slash = path.find('/'); slash != path.npos && !out; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    out = ignores(above, true);
    if (!out) push(above);
  }
  out = out || ignores(path, folder);
  levels_.resize(depth);
  return out;
}

}  // namespace wright::tools
