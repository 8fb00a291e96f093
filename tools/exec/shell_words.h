// A strict reading of shell text for policy: which simple commands it may run, nested ones included, and what in it goes beyond
// plain words. Hand-written on purpose: it over-approximates (anything that might start a command is listed as one) and flags
// all it does not take literally, so that a mistake makes a decision stricter, where a grammar's error recovery could hide a
// command. Linear in the text. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wright::tools {

struct ShellWord {
  std::string text;      // quotes and escapes removed
  bool literal = true;   // the program gets exactly `text` (a glob and a tilde aside)
  bool glob = false;     // an unquoted * ? or [
  bool quoted = false;   // any quoting or escape in it
  bool tilde = false;    // starts with an unquoted ~
};

struct ShellRedirect {
  std::string fd;  // the number in front, or ""
  std::string op;  // "<", ">", ">>", ">|", "<>", "<&", ">&", "&>", "<<", "<<<"
  ShellWord target;
};

struct ShellCommand {
  std::vector<ShellWord> words;  // without assignments and redirections
  std::vector<ShellRedirect> redirects;
  std::vector<std::string> assignments;
  std::string source;    // as written, blanks at the ends removed
  std::string before;    // the operator in front: "", "|", "&&", "||", ";", "&", "\n" or "(" inside a substitution or group
  int depth = 0;         // 0: at the top; more: inside a substitution, group or brace list
};

// What goes beyond literal words joined by | && || ;
enum ShellOddity : unsigned {
  kNewline = 1u << 0, kBackground = 1u << 1, kExpansion = 1u << 2, kSubstitution = 1u << 3, kHereText = 1u << 4,
  kRedirect = 1u << 5, kAssignment = 1u << 6, kControlFlow = 1u << 7, kComment = 1u << 8, kBraces = 1u << 9,
  kOpenQuote = 1u << 10, kGroup = 1u << 11, kAnsiQuote = 1u << 12, kContinuation = 1u << 13, kControlByte = 1u << 14,
  kOverLimit = 1u << 15,
};

struct ShellText {
  std::vector<ShellCommand> commands;
  unsigned oddities = 0;  // ShellOddity bits
};

inline constexpr std::size_t kShellBytes = 16 * 1024;  // longer text is still read whole, but flagged kOverLimit
inline constexpr std::size_t kShellCommands = 50;      // as above
inline constexpr int kShellDepth = 16;                 // deeper nesting is flattened and flagged

ShellText read_shell(std::string_view text);
// "a command substitution", for the lowest bit set; "" for none.
std::string describe_oddity(unsigned oddities);
// A word that a POSIX shell reads back as `text`.
std::string shell_quote(std::string_view text);
// Control bytes (but newline and tab), invalid UTF-8, bidi controls, zero-width and tag characters: what the eye does not see.
// Empty, or what was found.
std::string unsafe_text(std::string_view text);

}  // namespace wright::tools
