// Status and diffs.
#include <fmt/format.h>

#include <algorithm>

#include "tools/repo/git_handles.h"

namespace wright::tools {

namespace {

constexpr git_off_t kDiffFileBytes = 8 * 1024 * 1024;  // larger files are shown as binary

// Strings as libgit2 takes them; they must outlive this.
class StringArray {
 public:
  explicit StringArray(std::vector<std::string>& texts) {
    for (std::string& text : texts) pointers_.push_back(text.data());
  }
  git_strarray get() { return {pointers_.data(), pointers_.size()}; }

 private:
  std::vector<char*> pointers_;
};

char staged_letter(unsigned flags) {
  return flags & GIT_STATUS_CONFLICTED ? 'U' : flags & GIT_STATUS_INDEX_RENAMED ? 'R' : flags & GIT_STATUS_INDEX_NEW ? 'A'
       : flags & GIT_STATUS_INDEX_DELETED ? 'D' : flags & GIT_STATUS_INDEX_TYPECHANGE ? 'T' : flags & GIT_STATUS_INDEX_MODIFIED ? 'M' : ' ';
}
char unstaged_letter(unsigned flags) {
  return flags & GIT_STATUS_CONFLICTED ? 'U' : flags & GIT_STATUS_WT_RENAMED ? 'R' : flags & GIT_STATUS_WT_NEW ? '?'
       : flags & GIT_STATUS_WT_DELETED ? 'D' : flags & GIT_STATUS_WT_TYPECHANGE ? 'T' : flags & GIT_STATUS_WT_MODIFIED ? 'M' : ' ';
}
char delta_letter(git_delta_t status) {
  switch (status) {
    case GIT_DELTA_ADDED:
    case GIT_DELTA_UNTRACKED: return 'A';
    case GIT_DELTA_DELETED: return 'D';
    case GIT_DELTA_RENAMED: return 'R';
    case GIT_DELTA_COPIED: return 'C';
    case GIT_DELTA_TYPECHANGE: return 'T';
    case GIT_DELTA_CONFLICTED: return 'U';
    default: return 'M';
  }
}

int poll_context(const git_diff*, const char*, const char*, void* context) {
  return static_cast<const Context*>(context)->done() ? GIT_EUSER : 0;
}

// The tree of a revision; null for an empty text when there is no commit yet.
Result<TreeHandle> tree_of(git_repository* repository, const std::string& revision) {
  if (revision == kEmptyTree) return TreeHandle(nullptr);  // libgit2 takes null for it
  git_object* raw = nullptr;
  const std::string spec = (revision.empty() ? "HEAD" : revision) + "^{tree}";
  const int code = git_revparse_single(&raw, repository, spec.c_str());
  if (code != 0 && revision.empty()) return TreeHandle(nullptr);
  if (code != 0) {
    Error error = git_error_of(code, "find revision '" + revision + "'");
    error.next = "git_log lists commits";
    return error;
  }
  return TreeHandle(reinterpret_cast<git_tree*>(raw));
}

Result<DiffHandle> make_diff(git_repository* repository, const GitDiffOptions& options, git_diff_options& raw_options) {
  git_diff* raw = nullptr;
  int code = 0;
  if (options.what == GitDiffOptions::What::unstaged) {
    code = git_diff_index_to_workdir(&raw, repository, nullptr, &raw_options);
  } else {
    WRIGHT_TRY(const TreeHandle from, tree_of(repository, options.what == GitDiffOptions::What::revisions ? options.from : ""));
    if (options.what == GitDiffOptions::What::staged) {
      code = git_diff_tree_to_index(&raw, repository, from.get(), nullptr, &raw_options);
    } else if (options.what == GitDiffOptions::What::all || options.to.empty()) {
      code = git_diff_tree_to_workdir_with_index(&raw, repository, from.get(), &raw_options);
    } else {
      WRIGHT_TRY(const TreeHandle to, tree_of(repository, options.to));
      code = git_diff_tree_to_tree(&raw, repository, from.get(), to.get(), &raw_options);
    }
  }
  DiffHandle diff(raw);
  if (code != 0) return git_error_of(code, "compare");
  git_diff_find_options find = GIT_DIFF_FIND_OPTIONS_INIT;
  find.flags = GIT_DIFF_FIND_RENAMES;
  if (options.untracked) find.flags |= GIT_DIFF_FIND_FOR_UNTRACKED;
  git_diff_find_similar(diff.get(), &find);
  return diff;
}

}  // namespace

Result<GitStatus> Git::status(std::size_t limit) const {
  git_repository* repository = state_->repository.get();
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS | GIT_STATUS_OPT_RENAMES_HEAD_TO_INDEX |
                  GIT_STATUS_OPT_RENAMES_INDEX_TO_WORKDIR | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
  std::vector<std::string> paths;
  if (!state_->prefix.empty()) paths.push_back(state_->bare_prefix());
  StringArray list(paths);
  options.pathspec = list.get();
  git_status_list* raw = nullptr;
  if (const int code = git_status_list_new(&raw, repository, &options); code != 0) return git_error_of(code, "read the status");
  const StatusHandle statuses(raw);
  git_index* raw_index = nullptr;
  git_repository_index(&raw_index, repository);
  const IndexHandle index(raw_index);
  GitStatus out;
  for (std::size_t i = 0; i < git_status_list_entrycount(raw); ++i) {
    const git_status_entry* e = git_status_byindex(raw, i);
    const git_diff_delta* delta = e->index_to_workdir ? e->index_to_workdir : e->head_to_index;
    if (!delta) continue;
    if ((e->status & GIT_STATUS_WT_DELETED) && index) {  // not checked out, by sparse-checkout's wish
      const git_index_entry* entry = git_index_get_bypath(index.get(), delta->old_file.path, 0);
      if (entry && (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE)) continue;
    }
    if (out.entries.size() >= limit) {
      out.truncated = true;
      break;
    }
    GitStatusEntry entry;
    entry.staged = staged_letter(e->status);
    entry.unstaged = unstaged_letter(e->status);
    if (entry.unstaged == '?') entry.staged = '?';
    entry.path = state_->relative(delta->new_file.path);
    if (entry.staged == 'R' || entry.unstaged == 'R') {
      const git_diff_delta* origin = entry.staged == 'R' ? e->head_to_index : e->index_to_workdir;
      entry.old_path = state_->relative(origin->old_file.path);
    }
    if (!entry.path.empty()) out.entries.push_back(std::move(entry));
  }
  std::sort(out.entries.begin(), out.entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

Result<GitDiff> Git::diff(const GitDiffOptions& options, const Context& context) const {
  git_diff_options raw = GIT_DIFF_OPTIONS_INIT;
  raw.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH | GIT_DIFF_INCLUDE_TYPECHANGE;
  if (options.untracked) raw.flags |= GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS | GIT_DIFF_SHOW_UNTRACKED_CONTENT;
  raw.context_lines = static_cast<std::uint32_t>(std::clamp(options.context_lines, 0, 1000));
  raw.max_size = kDiffFileBytes;
  raw.progress_cb = poll_context;
  raw.payload = const_cast<Context*>(&context);
  std::vector<std::string> paths;
  for (const std::string& path : options.paths) paths.push_back(state_->full(path));
  if (paths.empty() || std::find(paths.begin(), paths.end(), "") != paths.end()) {
    paths.clear();
    if (!state_->prefix.empty()) paths.push_back(state_->bare_prefix());
  }
  StringArray list(paths);
  raw.pathspec = list.get();
  auto diff = make_diff(state_->repository.get(), options, raw);
  WRIGHT_CHECK(context.check());
  if (!diff.ok()) return diff.error();
  GitDiff out;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff->get()); ++i) {
    WRIGHT_CHECK(context.check());
    const git_diff_delta* delta = git_diff_get_delta(diff->get(), i);
    if (delta->status == GIT_DELTA_UNMODIFIED || delta->status == GIT_DELTA_IGNORED) continue;
    git_patch* raw_patch = nullptr;
    const int code = git_patch_from_diff(&raw_patch, diff->get(), i);
    const PatchHandle patch(raw_patch);
    if (code != 0) return git_error_of(code, fmt::format("compare {}", delta->new_file.path));
    GitDiffFile file;
    file.path = state_->relative(delta->new_file.path);
    file.status = delta_letter(delta->status);
    if (file.status == 'R' || file.status == 'C') file.old_path = state_->relative(delta->old_file.path);
    GitText text;
    if (patch) {
      delta = git_patch_get_delta(patch.get());  // knows now whether it is binary
      git_patch_line_stats(nullptr, &file.added, &file.removed, patch.get());
      if (const int printed = git_patch_to_buf(&text.raw, patch.get()); printed != 0) return git_error_of(printed, "print a diff");
    }
    file.binary = (delta->flags & GIT_DIFF_FLAG_BINARY) != 0;
    out.files.push_back(std::move(file));
    if (out.text.size() + text.view().size() > options.limit_bytes) out.truncated = true;
    if (!out.truncated) out.text += text.view();
  }
  return out;
}

}  // namespace wright::tools
