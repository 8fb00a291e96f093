// Commands in the policy: what a text might run (for deny and ask rules: everything it could be read as), and what it runs for
// certain (for allow rules: literal commands only). Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/approval.h"
#include "tools/exec/shell_words.h"

namespace wright::agent {

// Every simple command that the text might run: parts, substitutions, what follows a wrapper (env, xargs, sudo, find -exec …),
// the text given to a nested shell, and, where the text is odd, a raw split that no quoting can hide from.
struct Candidates {
  std::vector<tools::ShellCommand> commands;
  std::vector<std::string> paths;  // every word or piece of one that could name a file, as written
  bool complete = true;            // false: over a limit, so the answer is never better than ask
};
Candidates candidates(std::string_view command);
// Why a candidate always asks: git verbs that destroy work, deleting outside the workspace, changing user. "" if it need not.
std::string why_destructive(const PolicyContext& context, const tools::ShellCommand& command, std::string_view cwd);

Verdict decide_command(const PolicyContext& context, const nlohmann::json& args);
// The words joined by blanks, or "" when a word holds a blank, so that the text would be ambiguous.
std::string joined_words(const tools::ShellCommand& command, bool ambiguous_too);

}  // namespace wright::agent
