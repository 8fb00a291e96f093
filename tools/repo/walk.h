// Every file of a workspace, quickly: one pass of readdir, ignored and heavy folders not entered, links neither followed nor opened,
// sorted by name. Blocks; any thread. An unreadable folder is named, not fatal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/result.h"
#include "tools/repo/glob.h"

namespace wright::tools {

struct WalkEntry {
  enum class Kind : std::uint8_t { file, folder, link, other };
  std::string name;  // relative to the workspace
  Kind kind = Kind::file;
  bool executable = false;             // this and the next four only with WalkOptions::details
  std::uint64_t size = 0;              // bytes
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  std::uint64_t inode = 0;
};

inline constexpr int kWalkDepth = 256;  // folders deeper than this count as unreadable

struct WalkOptions {
  std::string under;             // a folder of the workspace; "" or ".": all of it
  bool ignore_rules = true;      // git's rules
  bool heavy_folders = false;    // enter node_modules and the like (never .git)
  bool folders = false;          // also list folders, before what they hold
  bool links = false;            // also list links (not followed) and special files
  bool details = false;          // a stat a file
  int depth = kWalkDepth;        // 1: only the folder's own entries
  const GlobSet* globs = nullptr;  // only files that match (not owned)
  std::size_t limit = limits::kWalkFiles;
};

struct Walk {
  std::vector<WalkEntry> entries;
  bool truncated = false;                // the limit was reached
  bool repository = false;               // git's rules were in force
  std::vector<std::string> unreadable;   // folders
};

Result<Walk> walk(const WorkspaceRoot& root, const WalkOptions& options, const Context& context = Context());

}  // namespace wright::tools
