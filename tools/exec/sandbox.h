// Running commands: one function for every command of Wright (tool calls, hooks, tests of patch search), at sandbox level
// A (bubblewrap + Landlock + seccomp), B (Landlock + seccomp) or C (nothing; asks each time). The promises are listed in
// tools/exec/README.md, a test each. run_command() may be called from any pool thread; it blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

enum class SandboxLevel { a, b, c };

// What the functional self-test found on this machine: the highest level that works, and why not higher.
struct SandboxStatus {
  SandboxLevel level;
  std::string reason;  // empty at A
  std::string fix;     // one line for this distribution
};
const SandboxStatus& sandbox_status();  // tested once a process; WRIGHT_SANDBOX=A|B|C can only lower it

// The session's part: what holds for all its commands.
struct CommandPolicy {
  SandboxLevel level = SandboxLevel::a;
  bool network = false;
  std::map<std::string, std::string> environment;  // whole environment of the command, already filtered
  unsigned umask = 022;
  std::vector<std::string> writable;               // absolute folders besides the workspace (a scratch folder)
  std::vector<std::string> hidden;                 // absolute paths besides the built-in list (sockets, state, keys)
};

struct Command {
  std::vector<std::string> argv;     // or, when empty:
  std::string shell;                 // run by /bin/sh -c
  std::string cwd;                   // absolute, inside `root`
  std::string root;                  // absolute: the writable workspace
  // When set, `root` shows this overlay: reads fall through to root, writes land in `upper`, at the same absolute path.
  std::string overlay_upper, overlay_work;
  bool disposable = false;           // `root` is a copy that is thrown away: control files are not protected, all of it is writable
  bool read_only = false;            // the workspace cannot be written (a plain read)
  Duration timeout = std::chrono::seconds(120);
  Duration cpu_limit = Duration::zero();     // zero: none
  std::size_t memory_limit_bytes = 0;        // zero: none
  std::size_t output_limit_bytes = 1 << 20;  // kept: first and last halves; the middle is counted
  std::string stdin_text;
  int stdin_fd = -1;                 // instead of the text: not owned
  std::function<void(std::string_view)> on_output;
};

struct CommandResult {
  int exit_status = -1;        // as $?; 128 + signal when killed by one
  bool timed_out = false, cancelled = false;
  std::string output;          // stdout and stderr as they came, middle cut when over the limit
  std::size_t output_bytes = 0;
  double seconds = 0, cpu_seconds = 0;
  std::vector<std::string> notices;  // control files that it made, links that were put back: for the user and the model
};

// The whole process tree is ended when it returns, also after time-out, cancel or death of this process. An Error means that
// the command could not be started (with the reason); a failing command is a CommandResult.
Result<CommandResult> run_command(const Context& context, const CommandPolicy& policy, const Command& command);

// Whether Command::overlay_upper works here (probed once a process); where not, the caller copies the workspace.
bool overlay_available();

// The allowlisted part of `environ` (PATH, HOME, LANG, LC_*, TERM, TZ, …, and `extra` names): secrets never pass.
std::map<std::string, std::string> filtered_environment(const std::map<std::string, std::string>& from,
                                                        const std::vector<std::string>& extra = {});
std::map<std::string, std::string> process_environment();

}  // namespace wright::tools
