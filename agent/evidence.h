// What a task did to the files, for people: one unified diff, the names, and apart from them edits of tests, CI and test
// configuration. Made from the turn's checkpoints. Any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/checkpoint.h"

namespace wright::agent {

struct Evidence {
  std::string diff;                     // git's form, with modes, new and deleted files
  std::vector<std::string> files, test_files;
};

// The diff of changes, as `git diff` writes it (binary files are named only).
std::string diff_of(const std::vector<Checkpoints::Change>& changes);
// The same with the bytes of binary files, as `git diff --binary` writes it: what `git apply` takes.
Result<std::string> whole_diff_of(const std::vector<Checkpoints::Change>& changes);
// Of everything that checkpoints of `turn` cover; empty when nothing changed.
Result<Evidence> evidence_of(Checkpoints& checkpoints, const std::string& turn);

}  // namespace wright::agent
