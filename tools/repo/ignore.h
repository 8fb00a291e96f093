// Which files git ignores: .gitignore of every folder, .git/info/exclude and the user's core.excludesFile, by git's rules (the last
// matching rule wins, a deeper file beats a higher one, nothing below an ignored folder comes back). Without a repository there
// are no rules. In both cases a few heavy folders (node_modules, caches) are left out: is_heavy_folder().
// One object a walk; not thread safe. Files are read through the workspace root, rules above it from the repository's folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tools/repo/glob.h"

namespace wright::tools {

// The rules of one file, for paths relative to the folder that it lies in.
class IgnoreFile {
 public:
  // Lines that no path can match (an unclosed bracket) are dropped, as git does.
  static IgnoreFile parse(std::string_view text, bool fold_case = false);
  // true: ignored, false: taken back by "!", nothing: no rule speaks of it.
  std::optional<bool> decide(std::string_view path, bool folder) const;
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    Glob glob;
    bool negated = false, folders_only = false;
  };
  std::vector<Rule> rules_;
};

class Ignore {
 public:
  // Rules that hold for the whole of `root`. A folder without a repository gives no rules, `has_repository` false.
  static Ignore open(const WorkspaceRoot& root);
  bool has_repository() const { return repository_; }

  // A walk enters folders in order: push() reads the .gitignore of `folder` ("" is the root), pop() forgets it.
  void push(const std::string& folder);
  void pop() { levels_.pop_back(); }
  // Whether `path`, a child of the folder pushed last, is ignored by itself.
  bool ignores(std::string_view path, bool folder) const;

  // For one path, parents included, without a walk; for many, walk.
  bool ignored(const std::string& path, bool folder);

 private:
  struct Level {
    IgnoreFile rules;
    std::string prefix;      // of the folder in the workspace, with a final '/', "" for the root and above
    std::string above;       // what stands before a workspace path, seen from a folder above the workspace
  };
  explicit Ignore(const WorkspaceRoot& root) : root_(&root) {}
  const WorkspaceRoot* root_;  // not owned
  bool repository_ = false, fold_case_ = false;
  std::vector<Level> levels_;  // weakest first
};

// Folders that hold no source whatever the rules say: ".git", "node_modules", "__pycache__" …
bool is_heavy_folder(std::string_view name);

}  // namespace wright::tools
