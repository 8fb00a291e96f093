// wright sandbox [--level A|B|C] [--net] -- CMD…: runs CMD as a tool call would; the exit status is its own.
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/cli/verbs.h"
#include "tools/exec/plain_run.h"
#include "tools/exec/sandbox.h"

namespace wright::cli {

namespace {

std::string bare_or_quoted(const std::string& word) {
  const bool bare = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || std::string_view("_-./,:+@%=").find(c) != std::string_view::npos;
  });
  return bare ? word : tools::shell_quote(word);
}

}  // namespace

int verb_sandbox(const std::vector<std::string>& args) {
  tools::CommandPolicy policy;
  policy.level = tools::sandbox_status().level;
  tools::Command command;
  std::size_t at = 0;
  for (; at < args.size() && args[at] != "--"; ++at) {
    if (args[at] == "--help") {
      puts("wright sandbox [--level A|B|C] [--net] -- CMD...\n\nRuns CMD in the current folder as a tool call would.\n"
           "  --level  A: namespaces, read-only mounts and a system call filter; B: Landlock and the filter; C: nothing\n"
           "  --net    with the network");
      return 0;
    }
    if (args[at] == "--net") {
      policy.network = true;
    } else if (args[at] == "--level" && at + 1 < args.size() && args[at + 1].size() == 1 && args[at + 1][0] >= 'A' && args[at + 1][0] <= 'C') {
      policy.level = static_cast<tools::SandboxLevel>(args[++at][0] - 'A');
    } else {
      return fail({ErrorKind::usage, "sandbox: unknown argument '" + args[at] + "'", "see `wright sandbox --help`"});
    }
  }
  if (at + 1 >= args.size()) return fail({ErrorKind::usage, "sandbox: no command", "give it after --: wright sandbox -- make"});
  command.argv.assign(args.begin() + static_cast<std::ptrdiff_t>(at) + 1, args.end());
  char folder[PATH_MAX];
  if (!::getcwd(folder, sizeof folder)) return fail({ErrorKind::io, "sandbox: the current folder is gone", "change to another"});
  command.root = command.cwd = folder;
  command.timeout = std::chrono::hours(24);
  command.on_output = [](std::string_view bytes) {
    fwrite(bytes.data(), 1, bytes.size(), stdout);
    fflush(stdout);
  };
  // A terminal is handed over only where nothing can be typed into it from inside.
  if (!::isatty(STDIN_FILENO) || policy.level != tools::SandboxLevel::c) command.stdin_fd = STDIN_FILENO;
  policy.environment = tools::filtered_environment(tools::process_environment());
  std::string text;  // what a tool call would hold; a plain read runs as one
  if (command.argv.size() == 3 && (command.argv[0] == "sh" || command.argv[0] == "bash") && command.argv[1] == "-c") text = command.argv[2];
  else for (const auto& word : command.argv) text += (text.empty() ? "" : " ") + (tools::unsafe_text(word).empty() ? bare_or_quoted(word) : "\0");
  tools::prepare_plain_read(text, policy, command);
  const auto result = tools::run_command(interrupt_context(), policy, command);
  if (!result.ok()) return fail(result.error());
  for (const auto& notice : result->notices) fprintf(stderr, "wright: %s\n", notice.c_str());
  if (result->cancelled) return 130;
  return result->exit_status;
}

}  // namespace wright::cli
