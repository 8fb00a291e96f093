// AGENTS.md discovery, as codex does it: the user's own file, then one file a folder from the project's root down to the current
// folder (AGENTS.override.md, else AGENTS.md, else CLAUDE.md), 32 KiB in all. The root is the nearest ancestor with a .git; without
// one only the current folder counts. Their words are data: what they ask for passes the same policy. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace wright::agent {

inline constexpr std::size_t kInstructionBytes = 32 * 1024;  // of all files together

struct InstructionFile {
  std::string path, text;
  bool cut = false;  // it crossed the budget
};
struct Instructions {
  std::vector<InstructionFile> files;  // from general to particular
  std::vector<std::string> warnings;   // "PATH is not UTF-8"
};

// `home`: the folder of the user's own file, may be empty. `cwd`: absolute. Unreadable files become warnings.
Instructions find_instructions(const std::string& home, const std::string& cwd);

// One text for the model; "" when there are no files.
std::string instructions_text(const Instructions& instructions);
// "Read 2 instruction files: A (1.2 KB), B (300 bytes, cut)"; "" when there is nothing to say.
std::string instructions_notice(const Instructions& instructions);

}  // namespace wright::agent
