// libgit2's objects with owners, and its errors as ours: for the sources in tools/repo alone.
#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/repo/git.h"

namespace wright::tools {

template <auto Free>
struct GitFree {
  template <class T>
  void operator()(T* object) const { Free(object); }
};
template <class T, auto Free>
using GitHandle = std::unique_ptr<T, GitFree<Free>>;

using RepositoryHandle = GitHandle<git_repository, git_repository_free>;
using ReferenceHandle = GitHandle<git_reference, git_reference_free>;
using ObjectHandle = GitHandle<git_object, git_object_free>;
using CommitHandle = GitHandle<git_commit, git_commit_free>;
using TreeHandle = GitHandle<git_tree, git_tree_free>;
using TreeEntryHandle = GitHandle<git_tree_entry, git_tree_entry_free>;
using BlobHandle = GitHandle<git_blob, git_blob_free>;
using DiffHandle = GitHandle<git_diff, git_diff_free>;
using PatchHandle = GitHandle<git_patch, git_patch_free>;
using IndexHandle = GitHandle<git_index, git_index_free>;
using StatusHandle = GitHandle<git_status_list, git_status_list_free>;
using RevwalkHandle = GitHandle<git_revwalk, git_revwalk_free>;
using BlameHandle = GitHandle<git_blame, git_blame_free>;
using ConfigHandle = GitHandle<git_config, git_config_free>;
using OdbHandle = GitHandle<git_odb, git_odb_free>;
using OdbObjectHandle = GitHandle<git_odb_object, git_odb_object_free>;
using TreeBuilderHandle = GitHandle<git_treebuilder, git_treebuilder_free>;
using SignatureHandle = GitHandle<git_signature, git_signature_free>;

// A git_buf that frees itself.
struct GitText {
  git_buf raw = GIT_BUF_INIT;
  GitText() = default;
  GitText(const GitText&) = delete;
  GitText& operator=(const GitText&) = delete;
  ~GitText() { git_buf_dispose(&raw); }
  std::string_view view() const { return {raw.ptr ? raw.ptr : "", raw.size}; }
};

struct Git::State {
  RepositoryHandle repository;
  std::string workdir, prefix;
  std::string full(const std::string& path) const { return path == "." || path.empty() ? bare_prefix() : prefix + path; }
  std::string bare_prefix() const { return prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1); }
  // "src/a.c" of a path in the repository; empty when it lies outside of the opened folder.
  std::string relative(const char* path) const;
};

// Starts libgit2, once.
void git_start();
// The last libgit2 error: "cannot WHAT: its words".
Error git_error_of(int code, std::string_view what);
std::string id_text(const git_oid& id);
GitCommit commit_of(const git_commit* commit);

}  // namespace wright::tools
