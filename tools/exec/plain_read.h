// Plain reads: commands that need no question because they only read inside the workspace. Literal words joined by | && || ;
// whose programs stand in a table with the options they are ALLOWED; what is not listed is not plain. The approval layer and
// the run_command tool ask the same function, and the tool runs what this returns: the text rebuilt from what was understood,
// git made to run nothing, in a sandbox that cannot write (SandboxLevel A and B). Pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tools/exec/shell_words.h"

namespace wright::tools {

struct ReadScope {
  std::string workspace, cwd, home;  // absolute
  bool recursive = true;             // false: a walk over a folder is not plain (some file in it may not be read)
};

struct PlainRead {
  std::string why;      // why it is not plain; empty when it is
  std::string command;  // what to run, when plain
  bool git = false;     // needs a sandbox: a clean filter of the repository cannot be switched off by options
};
PlainRead plain_read(const ShellText& text, const ReadScope& scope);
PlainRead plain_read(std::string_view text, const ReadScope& scope);

// One row of the table. Options: one letter each in `flags`; in `valued` a letter and the kind of its value; in `longs` names
// apart by blanks, "name", "name=k" (takes a value) or "name?k" (may take one after '='). Kinds: # number, t text, p path.
struct ReadProgram {
  std::string_view name, flags, valued, longs;
  char operands;     // p: paths; t: text; g: a pattern, then paths; f: find's; s: sed's; x: a filter, then paths; o: see `check`
  int most;          // operands at most, -1: any
  bool numeric = false;    // -20 is an option
  std::string_view walks = "";  // letters that make it walk folders; "*": always
};
std::span<const ReadProgram> read_programs();
std::span<const ReadProgram> read_git_commands();
// Words of find's expression that only test or print, with the number of words that follow each.
struct FindTest { std::string_view name; int words; bool path; };
std::span<const FindTest> find_tests();

}  // namespace wright::tools
