// The tree as a patch sees it half-way: changes in memory over a Reader. Sections of one patch see what earlier ones did. Used
// by one planner, one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/patch/patch.h"

namespace wright::tools::patch {

class Overlay {
 public:
  explicit Overlay(Reader& reader) : reader_(reader) {}
  Reader& reader() { return reader_; }
  NodeKind kind(const std::string& name);
  // not_found, or whatever the reader says.
  Result<std::string> read(const std::string& name);
  // Fails where a folder is, or a file stands in for a folder of the path. Makes parents.
  Result<void> write(const std::string& name, std::string text);
  // A file only; its folder stays, even if empty.
  Result<void> remove(const std::string& name);
  // After write(to) and remove(from): says that they belong together.
  void moved(const std::string& from, const std::string& to) { moves_[to] = from; }
  void set_executable(const std::string& name, bool on) { executable_[name] = on; }
  // What differs now, in order of first touch. A file changed and changed back is absent.
  std::vector<FileChange> changes();

 private:
  struct Node {
    std::optional<std::string> before, now;
    std::size_t order;
  };
  Node& touch(const std::string& name);
  Reader& reader_;
  std::map<std::string, Node> nodes_;
  std::set<std::string> folders_;  // made by writes here
  std::map<std::string, std::string> moves_;
  std::map<std::string, bool> executable_;
};

}  // namespace wright::tools::patch
