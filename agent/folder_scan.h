// What lies in a folder tree, by name and stat, gathered by a few threads: nearly all of a manifest's cost is one stat a file. No file
// is opened, no link followed, `.git` is not entered. Blocks; the threads end before it returns.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"

namespace wright::agent {

struct ScannedFolder;

struct ScannedName {
  std::string leaf;
  bool there = false, git = false;  // !there: it could not be looked at; git: a repository's own folder or file
  bool vanished = false;            // it went away between the listing and the look
  mode_t mode = 0;
  std::uint64_t size = 0, inode = 0;
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  std::unique_ptr<ScannedFolder> below;  // of a folder
};

struct ScannedFolder {
  bool readable = false;
  std::vector<ScannedName> names;  // by bytes
};

// An Error: the root cannot be listed, or the context is done.
Result<ScannedFolder> scan_folders(const Context& context, const WorkspaceRoot& root, unsigned threads);

}  // namespace wright::agent
