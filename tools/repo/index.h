// The symbols of a whole workspace, kept resident: refresh() walks the folder and parses only what changed (by size, times and inode),
// several files at once. Readers take a snapshot, which never changes; so any thread may read while another refreshes. Definitions,
// workspace symbols and the repository map are served from it. JSON files are not indexed (their keys are no symbols); files that
// are too large, generated or too slow to parse are skipped and named. Nothing is written to disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/result.h"
#include "tools/repo/symbols.h"

namespace wright::tools {

struct IndexedFile {
  std::string name;  // relative to the workspace
  Language language = Language::c;
  std::vector<Symbol> definitions;                                  // by position
  std::vector<std::pair<std::string, std::uint32_t>> references;    // name and how often
  std::string skipped;                                              // why it was not parsed, else empty
  std::uint64_t size = 0, inode = 0;                                // what it was parsed from
  std::int64_t mtime_ns = 0, ctime_ns = 0;
};

// One definition in a snapshot; valid as long as the snapshot is held.
struct SymbolHit {
  const IndexedFile* file;
  int index;  // in file->definitions
  const Symbol& symbol() const { return file->definitions[static_cast<std::size_t>(index)]; }
};
// "Outer.inner" of a hit.
std::string qualified_name(const SymbolHit& hit);

class RepoSnapshot {
 public:
  std::vector<std::shared_ptr<const IndexedFile>> files;  // sorted by name, skipped ones too
  bool truncated = false;                                 // more files than limits::kWalkFiles

  const IndexedFile* find(std::string_view name) const;
  // Where `name` is defined. It may be qualified: "A.f", "A::f", "a/b.py:f". Best first: bodies before declarations, then what lies
  // close to the file `near` ("" for none), tests last.
  std::vector<SymbolHit> definitions(std::string_view name, std::string_view near = {}) const;
  // Names that contain `query` (no case; "" is all): equal ones first, then by prefix, then the rest; shorter first.
  std::vector<SymbolHit> search(std::string_view query, std::size_t limit) const;

 private:
  friend class RepoIndex;
  void build();
  std::unordered_map<std::string_view, std::vector<SymbolHit>> by_name_;
};

class RepoIndex {
 public:
  static Result<std::shared_ptr<RepoIndex>> open(const std::string& folder);
  // One for the whole process and folder; the least recently used are dropped beyond limits::kOpenIndexes.
  static Result<std::shared_ptr<RepoIndex>> shared(const std::string& folder);

  struct Changes {
    std::size_t files = 0, parsed = 0, removed = 0;
  };
  // Makes the snapshot agree with the disk. Concurrent calls wait for each other. When the context ends, what was parsed is kept
  // for the next call but the snapshot stays the old one.
  Result<Changes> refresh(const Context& context = Context());
  // Unsaved text of an editor in place of the file; no text: the file counts again.
  Result<void> set_buffer(const std::string& name, const std::string* text, const Context& context = Context());
  // Empty before the first refresh.
  std::shared_ptr<const RepoSnapshot> snapshot() const;
  // refresh() and snapshot().
  Result<std::shared_ptr<const RepoSnapshot>> fresh(const Context& context = Context());
  const WorkspaceRoot& root() const { return root_; }

 private:
  explicit RepoIndex(WorkspaceRoot root);
  void publish(std::vector<std::shared_ptr<const IndexedFile>> files, bool truncated);
  const WorkspaceRoot root_;
  std::mutex refreshing_;           // one refresh at a time; guards known_ and buffers_
  std::map<std::string, std::shared_ptr<const IndexedFile>> known_, buffers_;
  mutable std::mutex mutex_;        // guards snapshot_
  std::shared_ptr<const RepoSnapshot> snapshot_;
};

// Uses of a name as an identifier (no comments, no strings) in the files of the workspace that contain it, definitions marked.
struct ReferenceHit {
  std::string file;
  std::size_t line = 0, begin = 0, end = 0;
  std::string text;          // the line, without its end
  std::string within;        // qualified name of the definition around it, "" at top level
  bool definition = false;
};
struct References {
  std::vector<ReferenceHit> hits;
  bool truncated = false;
  std::vector<std::string> skipped;  // files that hold the name but could not be parsed
};
// `under`: a file or folder that limits the search, "" for all.
Result<References> find_references(const WorkspaceRoot& root, const RepoSnapshot& snapshot, const std::string& name,
                                   const std::string& under, std::size_t limit, const Context& context = Context());

}  // namespace wright::tools
