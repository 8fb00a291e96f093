#include "tools/repo/git.h"

#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "tools/repo/git_handles.h"

namespace wright::tools {

void git_start() {
  static const int started = [] {
    const int count = git_libgit2_init();
    // Whose files they are does not matter here: nothing that a repository's configuration names is ever run.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // Extensions that change nothing for a reader (sparse check-outs switch on the first).
    const char* extensions[] = {"worktreeconfig", "partialclone", "preciousobjects", "relativeworktrees"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size(extensions));
    return count;
  }();
  (void)started;
}

Error git_error_of(int code, std::string_view what) {
  const git_error* last = git_error_last();
  std::string words = last && last->message ? last->message : fmt::format("error {}", code);
  for (char& c : words)
    if (c == '\n') c = ' ';
  for (const int full : {ENOSPC, EDQUOT})  // libgit2 passes on no errno, only its text at the end
    if (words.ends_with(std::strerror(full))) return {ErrorKind::io, fmt::format("git: cannot {}: {}", what, words), "free some disk space and run it again"};
  const ErrorKind kind = code == GIT_ENOTFOUND ? ErrorKind::not_found : code == GIT_EUSER ? ErrorKind::cancelled
                       : code == GIT_EAMBIGUOUS || code == GIT_EINVALIDSPEC ? ErrorKind::usage : ErrorKind::invalid;
  return {kind, fmt::format("git: cannot {}: {}", what, words), ""};
}

std::string id_text(const git_oid& id) {
  char out[GIT_OID_HEXSZ + 1];
  git_oid_tostr(out, sizeof out, &id);
  return out;
}

std::string Git::State::relative(const char* path) const {
  if (!path) return "";
  const std::string_view text(path);
  return text.starts_with(prefix) ? std::string(text.substr(prefix.size())) : "";
}

Git::Git(std::unique_ptr<State> state) : state_(std::move(state)) {}
Git::Git(Git&&) noexcept = default;
Git& Git::operator=(Git&&) noexcept = default;
Git::~Git() = default;

Result<Git> Git::open(const std::string& folder) {
  git_start();
  char* real = ::realpath(folder.c_str(), nullptr);
  if (!real) return errno_error("open", folder, errno);
  const std::string place = std::string(real) == "/" ? "/" : std::string(real) + "/";
  ::free(real);
  git_repository* raw = nullptr;
  const int code = git_repository_open_ext(&raw, place.c_str(), 0, nullptr);
  RepositoryHandle repository(raw);
  if (code == GIT_ENOTFOUND)
    return Error{ErrorKind::not_found, "no git repository at " + folder, "git tools need one; the other tools work without"};
  if (code != 0) {
    Error error = git_error_of(code, "open the repository at " + folder);
    error.kind = ErrorKind::refused;
    error.next = "use run_command with git instead, if the user agrees";
    return error;
  }
  const char* workdir = git_repository_workdir(repository.get());
  if (git_repository_is_bare(repository.get()) || !workdir)
    return Error{ErrorKind::refused, folder + " lies in a bare git repository", "open a work tree of it"};
  char* real_workdir = ::realpath(workdir, nullptr);
  std::string top = real_workdir ? real_workdir : workdir;
  ::free(real_workdir);
  if (!top.ends_with('/')) top += '/';
  if (!place.starts_with(top))
    return Error{ErrorKind::refused, fmt::format("the work tree of the repository at {} is elsewhere ({})", folder, top),
                 "core.worktree in its configuration says so; open that folder"};
  auto state = std::make_unique<State>();
  state->repository = std::move(repository);
  state->prefix = place.substr(top.size());
  state->workdir = std::move(top);
  return Git(std::move(state));
}

const std::string& Git::workdir() const { return state_->workdir; }
const std::string& Git::prefix() const { return state_->prefix; }
std::string Git::git_folder() const { return git_repository_path(state_->repository.get()); }
std::string Git::common_folder() const { return git_repository_commondir(state_->repository.get()); }

bool Git::ignore_case() const {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, state_->repository.get()) != 0) return false;
  const ConfigHandle config(raw);
  int on = 0;
  return git_config_get_bool(&on, config.get(), "core.ignorecase") == 0 && on != 0;
}

std::string Git::excludes_file() const {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, state_->repository.get()) == 0) {
    const ConfigHandle config(raw);
    GitText path;
    if (git_config_get_path(&path.raw, config.get(), "core.excludesfile") == 0) return std::string(path.view());
  }
  const char* xdg = ::getenv("XDG_CONFIG_HOME");
  const char* home = ::getenv("HOME");
  if (xdg && *xdg) return std::string(xdg) + "/git/ignore";
  return home && *home ? std::string(home) + "/.config/git/ignore" : "";
}

Result<GitHead> Git::head() const {
  GitHead out;
  git_repository* repository = state_->repository.get();
  git_reference* raw = nullptr;
  const int code = git_repository_head(&raw, repository);
  const ReferenceHandle head(raw);
  if (code == GIT_EUNBORNBRANCH || code == GIT_ENOTFOUND) {
    git_reference* symbolic = nullptr;
    if (git_reference_lookup(&symbolic, repository, "HEAD") == 0) {
      const ReferenceHandle owner(symbolic);
      if (const char* target = git_reference_symbolic_target(symbolic))
        out.branch = std::string_view(target).starts_with("refs/heads/") ? target + 11 : target;
    }
    return out;
  }
  if (code != 0) return git_error_of(code, "read HEAD");
  if (git_reference_is_branch(head.get())) out.branch = git_reference_shorthand(head.get());
  const git_oid* id = git_reference_target(head.get());
  if (!id) return out;
  out.commit = id_text(*id);
  git_commit* commit = nullptr;
  if (git_commit_lookup(&commit, repository, id) == 0) {
    const CommitHandle owner(commit);
    out.summary = git_commit_summary(commit) ? git_commit_summary(commit) : "";
  }
  git_reference* upstream = nullptr;
  if (!out.branch.empty() && git_branch_upstream(&upstream, head.get()) == 0) {
    const ReferenceHandle owner(upstream);
    out.upstream = git_reference_shorthand(upstream);
    if (const git_oid* other = git_reference_target(upstream))
      git_graph_ahead_behind(&out.ahead, &out.behind, repository, id, other);
  }
  return out;
}

bool Git::tracked(const std::string& path) const {
  git_index* raw = nullptr;
  if (git_repository_index(&raw, state_->repository.get()) != 0) return false;
  const IndexHandle index(raw);
  return git_index_get_bypath(index.get(), state_->full(path).c_str(), 0) != nullptr;
}

}  // namespace wright::tools
