// wright sandbox [--level A|B|C] [--net] -- CMD…: runs CMD as a tool call would; the exit status is its own.
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/cli/verbs.h"
#include "tools/exec/sandbox.h"

namespace wright::cli {

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
  if (!::isatty(STDIN_FILENO)) {
    auto input = read_stdin();
    if (!input.ok()) return fail(input.error());
    command.stdin_text = std::move(*input);
  }
  policy.environment = tools::filtered_environment(tools::process_environment());
  const auto result = tools::run_command(interrupt_context(), policy, command);
  if (!result.ok()) return fail(result.error());
  if (result->cancelled) return 130;
  return result->exit_status;
}

}  // namespace wright::cli
