// The command line: one constexpr table of verbs (verbs.cpp), one file a verb (verb_eval.cpp …). Help is printed from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::cli {

struct Verb {
  std::string_view name;
  std::string_view group;  // heading in --help
  std::string_view doc;    // one line
  int (*run)(const std::vector<std::string>& args);  // args after the verb; returns the exit code
};

std::span<const Verb> verbs();

// "wright: message; next" on stderr; returns the contract's exit code.
int fail(const Error& error);
// A colour escape, or "" when stdout/stderr is no terminal, NO_COLOR is set or TERM=dumb.
std::string_view colour(int fd, std::string_view escape);
// All of stdin.
Result<std::string> read_stdin();
// Cancelled by Ctrl-C and SIGTERM; a second Ctrl-C ends the process at once (exit 130).
const Context& interrupt_context();

}  // namespace wright::cli
