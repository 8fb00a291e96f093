// A git repository, read only: RAII over libgit2, whose header stays in tools/repo. Nothing here runs a program: libgit2 knows no
// hooks, textconv, external diffs, fsmonitor or pagers, and no filter driver is registered (only its own line-ending conversion).
// Bare repositories and those whose work tree does not hold the folder are refused. All paths are relative to the opened folder,
// and only what lies in it is listed. An object is for one thread at a time; opening one costs about a millisecond.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

struct GitHead {
  std::string branch;    // short name; empty when detached
  std::string commit;    // 40 hex digits; empty before the first commit
  std::string summary;   // first line of its message
  std::string upstream;  // "origin/main", empty when there is none
  std::size_t ahead = 0, behind = 0;
};

struct GitStatusEntry {
  std::string path;
  std::string old_path;  // where a renamed file was
  // As in `git status --short`: ' ' none, M, A, D, R, T (type changed), U (conflict), '?' untracked.
  char staged = ' ', unstaged = ' ';
};

struct GitStatus {
  std::vector<GitStatusEntry> entries;  // sorted by path
  bool truncated = false;
};

inline constexpr std::string_view kEmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";  // revision of nothing

struct GitDiffOptions {
  enum class What {
    unstaged,   // index -> work tree
    staged,     // HEAD -> index
    all,        // HEAD -> work tree
    revisions,  // from -> to
  };
  What what = What::all;
  std::string from, to;               // revisions; an empty `to` is the work tree
  std::vector<std::string> paths;     // files or folders; none: all
  int context_lines = 3;
  bool untracked = false;             // untracked files as added
  std::size_t limit_bytes = 1024 * 1024;
};

struct GitDiffFile {
  std::string path, old_path;
  char status = 'M';
  std::size_t added = 0, removed = 0;  // lines
  bool binary = false;
};

struct GitDiff {
  std::string text;  // unified, with "diff --git" headers
  std::vector<GitDiffFile> files;
  bool truncated = false;  // the text ends at a file's border before the limit
};

struct GitCommit {
  std::string id, author, email, summary, body;
  std::int64_t time = 0;    // seconds, UTC
  int offset_minutes = 0;   // of the author's zone
  std::size_t parents = 0;
};

struct GitBlameLine {
  std::string commit;  // empty: not committed yet
  std::string author, summary;
  std::int64_t time = 0;
  std::size_t line = 0;  // 1-based, in the work tree's text
};

class Git {
 public:
  // The repository around `folder`; `not_found` when there is none, `refused` with the reason when libgit2 or the rules above
  // say no.
  static Result<Git> open(const std::string& folder);
  Git(Git&&) noexcept;
  Git& operator=(Git&&) noexcept;
  ~Git();

  const std::string& workdir() const;   // absolute, with a final '/'
  const std::string& prefix() const;    // of the opened folder in it: "" or "sub/"
  std::string git_folder() const;       // ".git" of this work tree, absolute, with a final '/'
  std::string common_folder() const;    // the repository's, where several work trees share one
  bool ignore_case() const;
  std::string excludes_file() const;    // core.excludesFile or its default, "" when there is none

  Result<GitHead> head() const;
  Result<GitStatus> status(std::size_t limit = 10'000) const;
  Result<GitDiff> diff(const GitDiffOptions& options, const Context& context = Context()) const;
  // Newest first, from `revision` ("" is HEAD). `path`: only commits that changed it (renames are not followed).
  Result<std::vector<GitCommit>> log(const std::string& revision, const std::string& path, std::size_t limit,
                                     const Context& context = Context()) const;
  Result<std::vector<GitBlameLine>> blame(const std::string& path, std::size_t first_line, std::size_t last_line,
                                          const std::string& text) const;
  // The bytes of a file at a revision.
  Result<std::string> show(const std::string& revision, const std::string& path, std::size_t limit_bytes) const;
  // One commit.
  Result<GitCommit> commit(const std::string& revision) const;
  // Whether the index holds the file.
  bool tracked(const std::string& path) const;

 private:
  struct State;
  explicit Git(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wright::tools
