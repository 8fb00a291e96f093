// A manifest: what lies in a workspace at one moment, found through a stat cache, so that a second look costs one stat a file.
// A file whose size, times, inode and mode are as before is taken to be unchanged, unless it was touched within the clock's grain
// of the look that read it (git's "racy" rule). `.git` folders are not covered. Values; taking one blocks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/file_state.h"
#include "base/context.h"

namespace wright::agent {

struct ManifestEntry {
  std::string name;     // relative
  FileState::Kind kind = FileState::Kind::file;
  std::uint32_t mode = 0;
  std::uint64_t size = 0, inode = 0;
  std::int64_t mtime_ns = 0, ctime_ns = 0;  // ctime 0: look again next time
  std::string content;  // file: 20 raw bytes of its object id; link: target
  FileState state() const;
};

struct Manifest {
  std::vector<ManifestEntry> entries;   // folder before its files, siblings by bytes
  std::vector<std::string> not_covered; // too large, unreadable, special, .git
  std::size_t read = 0;                 // files whose bytes were read for this one
  bool moved = false;                   // differs from `before` in any field
};

// Every file's bytes are in `store` when it returns. `before` may be empty; with `consume` its entries are moved from, also on an error.
Result<Manifest> take_manifest(const Context& context, const WorkspaceRoot& root, tools::ObjectStore& store, Manifest& before, bool consume);

// Names whose state differs: (before, after).
std::map<std::string, std::pair<FileState, FileState>> compare(const Manifest& before, const Manifest& after);

Result<void> save_manifest(const std::string& path, const Manifest& manifest);
// An error of kind invalid when the file is not one of ours; the caller starts anew.
Result<Manifest> load_manifest(const std::string& path);

}  // namespace wright::agent
