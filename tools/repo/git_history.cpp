// Commits, blame, and files of the past.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tools/repo/git_handles.h"

namespace wright::tools {

namespace {

Result<ObjectHandle> resolve(git_repository* repository, const std::string& spec) {
  git_object* raw = nullptr;
  const int code = git_revparse_single(&raw, repository, spec.c_str());
  ObjectHandle object(raw);  // may be set although it failed
  if (code != 0) {
    Error error = git_error_of(code, "find revision '" + spec + "'");
    error.next = "git_log lists commits; branches and tags are revisions too";
    return error;
  }
  return object;
}

// The object id of `path` in the commit's tree; zero when it is not there.
git_oid entry_of(const git_commit* commit, const std::string& path) {
  git_oid out{};
  git_tree* raw = nullptr;
  if (git_commit_tree(&raw, commit) != 0) return out;
  const TreeHandle tree(raw);
  if (path.empty()) return *git_tree_id(raw);
  git_tree_entry* entry = nullptr;
  if (git_tree_entry_bypath(&entry, raw, path.c_str()) != 0) return out;
  const TreeEntryHandle owner(entry);
  return *git_tree_entry_id(entry);
}

// As git log does for a path: a commit counts when the path differs from every parent.
bool changed(const git_commit* commit, const std::string& path) {
  const git_oid here = entry_of(commit, path);
  const unsigned parents = git_commit_parentcount(commit);
  if (parents == 0) return !git_oid_is_zero(&here);
  for (unsigned i = 0; i < parents; ++i) {
    git_commit* raw = nullptr;
    if (git_commit_parent(&raw, commit, i) != 0) continue;  // a shallow clone's border
    const CommitHandle parent(raw);
    const git_oid there = entry_of(raw, path);
    if (git_oid_equal(&here, &there)) return false;
  }
  return true;
}

}  // namespace

GitCommit commit_of(const git_commit* commit) {
  const auto text = [](const char* s) { return std::string(s ? s : ""); };
  GitCommit out;
  out.id = id_text(*git_commit_id(commit));
  out.summary = text(git_commit_summary(const_cast<git_commit*>(commit)));
  out.body = text(git_commit_body(const_cast<git_commit*>(commit)));
  if (const git_signature* author = git_commit_author(commit)) {
    out.author = text(author->name);
    out.email = text(author->email);
    out.time = author->when.time;
    out.offset_minutes = author->when.offset;
  }
  out.parents = git_commit_parentcount(commit);
  return out;
}

Result<std::vector<GitCommit>> Git::log(const std::string& revision, const std::string& path, std::size_t limit,
                                        const Context& context) const {
  git_repository* repository = state_->repository.get();
  std::vector<GitCommit> out;
  if (revision.empty() && git_repository_head_unborn(repository) == 1) return out;
  git_revwalk* raw = nullptr;
  if (const int code = git_revwalk_new(&raw, repository); code != 0) return git_error_of(code, "walk the history");
  const RevwalkHandle walk(raw);
  git_revwalk_sorting(raw, GIT_SORT_TIME | GIT_SORT_TOPOLOGICAL);
  if (revision.find("..") != revision.npos) {
    if (const int code = git_revwalk_push_range(raw, revision.c_str()); code != 0)
      return git_error_of(code, "walk '" + revision + "'");
  } else {
    WRIGHT_TRY(const ObjectHandle start, resolve(repository, (revision.empty() ? "HEAD" : revision) + "^{commit}"));
    git_revwalk_push(raw, git_object_id(start.get()));
  }
  const std::string full = state_->full(path);
  git_oid id;
  int code = 0;
  while (out.size() < limit && (code = git_revwalk_next(&id, raw)) == 0) {
    WRIGHT_CHECK(context.check());
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, repository, &id) != 0) continue;
    const CommitHandle owner(commit);
    if (full.empty() || changed(commit, full)) out.push_back(commit_of(commit));
  }
  if (code != 0 && code != GIT_ITEROVER) return git_error_of(code, "walk the history");
  return out;
}

Result<GitCommit> Git::commit(const std::string& revision) const {
  WRIGHT_TRY(const ObjectHandle object, resolve(state_->repository.get(), (revision.empty() ? "HEAD" : revision) + "^{commit}"));
  return commit_of(reinterpret_cast<const git_commit*>(object.get()));
}

Result<std::vector<GitBlameLine>> Git::blame(const std::string& path, std::size_t first_line, std::size_t last_line,
                                             const std::string& text) const {
  git_repository* repository = state_->repository.get();
  if (git_repository_head_unborn(repository) == 1)
    return Error{ErrorKind::not_found, "no commit yet: nothing to blame", ""};
  WRIGHT_TRY(const ObjectHandle head, resolve(repository, "HEAD^{commit}"));
  const git_oid there = entry_of(reinterpret_cast<const git_commit*>(head.get()), state_->full(path));
  if (git_oid_is_zero(&there)) return Error{ErrorKind::not_found, path + " has no history", "git_status shows whether it is tracked"};
  git_blame_options options = GIT_BLAME_OPTIONS_INIT;
  git_blame* raw = nullptr;
  const int code = git_blame_file(&raw, repository, state_->full(path).c_str(), &options);
  const BlameHandle committed(raw);
  if (code != 0) return git_error_of(code, "blame " + path);
  git_blame* raw_now = nullptr;
  if (const int now = git_blame_buffer(&raw_now, raw, text.data(), text.size()); now != 0) return git_error_of(now, "blame " + path);
  const BlameHandle blame(raw_now);
  std::vector<GitBlameLine> out;
  for (std::size_t line = first_line; line <= last_line; ++line) {
    const git_blame_hunk* hunk = git_blame_get_hunk_byline(blame.get(), line);
    if (!hunk) break;
    GitBlameLine row;
    row.line = line;
    git_commit* commit = nullptr;
    if (!git_oid_is_zero(&hunk->final_commit_id) && git_commit_lookup(&commit, repository, &hunk->final_commit_id) == 0) {
      const CommitHandle owner(commit);
      GitCommit c = commit_of(commit);
      row.commit = std::move(c.id);
      row.author = std::move(c.author);
      row.summary = std::move(c.summary);
      row.time = c.time;
    }
    out.push_back(std::move(row));
  }
  return out;
}

Result<std::string> Git::show(const std::string& revision, const std::string& path, std::size_t limit_bytes) const {
  git_repository* repository = state_->repository.get();
  WRIGHT_TRY(const ObjectHandle object, resolve(repository, (revision.empty() ? "HEAD" : revision) + "^{tree}"));
  git_tree_entry* raw = nullptr;
  const int code = git_tree_entry_bypath(&raw, reinterpret_cast<git_tree*>(object.get()), state_->full(path).c_str());
  const TreeEntryHandle entry(raw);
  if (code != 0 || git_tree_entry_type(raw) != GIT_OBJECT_BLOB)
    return Error{ErrorKind::not_found, fmt::format("no file {} at revision '{}'", path, revision.empty() ? "HEAD" : revision), ""};
  git_blob* raw_blob = nullptr;
  if (const int found = git_blob_lookup(&raw_blob, repository, git_tree_entry_id(raw)); found != 0)
    return git_error_of(found, "read " + path);
  const BlobHandle blob(raw_blob);
  const auto size = static_cast<std::size_t>(git_blob_rawsize(raw_blob));
  if (size > limit_bytes) return Error{ErrorKind::limit, fmt::format("{} has {} bytes at that revision, over {}", path, size, limit_bytes), ""};
  return std::string(static_cast<const char*>(git_blob_rawcontent(raw_blob)), size);
}

}  // namespace wright::tools
