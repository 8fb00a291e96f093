// The control files that lie in a workspace before a command, and what became of them after it. At the top every name of
// path_names.h counts; below it those that work at any depth, and in vendored folders (node_modules and the like, which hold
// data) only nested repositories. Internal to tools/exec; one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace wright::tools {

struct ControlScan {
  std::vector<std::string> present;          // absolute real paths to protect, nearest to the root first
  std::vector<std::string> missing;          // top-level names worth a mask, absolute
  std::map<std::string, std::string> links;  // control names that are symbolic links, and their targets
  std::vector<std::string> found;            // every name as it stands in the tree, absolute
  bool complete = true;                      // false: the tree is over the limits, the rest is looked at by nobody
};
ControlScan scan_control(const std::string& root, bool deep);

// Puts replaced links back; one line each for these and for control files that the command made.
std::vector<std::string> settle_control(const std::string& root, const ControlScan& before);

}  // namespace wright::tools
