#include "tools/run_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/exec/plain_run.h"
#include "tools/fs/workspace.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"command":{"type":"string","minLength":1,"description":"shell command"},
"timeout_ms":{"type":"integer","minimum":1,"maximum":3600000,"description":"end it after so many milliseconds, 120000 unless given"},
"cwd":{"type":"string","minLength":1,"description":"folder to run in, relative to the workspace"},
"description":{"type":"string","description":"what it is for, in a few words"}},
"required":["command"],"additionalProperties":false})";

// Without colours and cursor moves, which only cost the model tokens.
std::string without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\033') {
      if (text[i] != '\r' || (i + 1 < text.size() && text[i + 1] == '\n')) out += text[i];
      else out += '\n';  // a progress line drawn over: kept, one below the other
      continue;
    }
    if (i + 1 >= text.size()) break;
    const char kind = text[++i];
    if (kind == '[') {
      while (i + 1 < text.size() && !(text[i + 1] >= '@' && text[i + 1] <= '~')) ++i;
      ++i;
    } else if (kind == ']') {  // ends with BEL or ESC backslash
      while (i + 1 < text.size() && text[i + 1] != '\a' && text[i + 1] != '\033') ++i;
      i += i + 1 < text.size() && text[i + 1] == '\033' ? 2 : 1;
    }
  }
  return utf8::escape_for_terminal(utf8::repair(out), true);
}

std::string how_it_ended(const CommandResult& r, std::int64_t timeout_ms) {
  if (r.cancelled) return "[stopped: cancelled]";
  if (r.timed_out) return fmt::format("[stopped after {} ms, the time limit: give a larger timeout_ms or do less at once]", timeout_ms);
  if (r.exit_status > 128 && r.exit_status < 128 + 65) {
    const char* name = ::sigabbrev_np(r.exit_status - 128);
    return fmt::format("[ended by signal {}{}]", name ? "SIG" + std::string(name) : std::to_string(r.exit_status - 128),
                       r.exit_status == 128 + SIGKILL ? ": out of memory, too many processes, or killed by itself" : "");
  }
  return fmt::format("[exit status {}, {:.1f} s]", r.exit_status, r.seconds);
}

ToolResult run(ToolCall& call) {
  if (!call.workspace.commands) return tool_error("commands are switched off in this session");
  CommandPolicy policy = *call.workspace.commands;
  const std::string text = call.args["command"].get<std::string>();
  if (text.find('\0') != text.npos) return tool_error("the command holds a NUL byte");
  Command command;
  command.root = call.workspace.path();
  const auto folder = call.workspace.relative(call.args.value("cwd", std::string(".")));
  if (!folder.ok()) return tool_error("cwd: " + folder.error().text());
  if (!call.workspace.is_folder(*folder)) return tool_error("cwd: " + *folder + " is not a folder of the workspace");
  command.cwd = *folder == "." ? command.root : command.root + "/" + *folder;
  static const bool bash = ::access("/bin/bash", X_OK) == 0;
  command.argv = {bash ? "/bin/bash" : "/bin/sh", "-c", text};
  const bool plain = prepare_plain_read(text, policy, command);
  const std::int64_t timeout_ms = std::min(call.args.value("timeout_ms", limits::kCommandTimeoutMs), limits::kCommandTimeoutMostMs);
  command.timeout = std::chrono::milliseconds(timeout_ms);
  command.output_limit_bytes = limits::kCommandShownBytes;
  command.on_output = call.on_progress;
  if (!plain && call.workspace.listener())
    if (auto ready = call.workspace.listener()->before_command(text); !ready.ok()) return tool_error(ready.error().text());
  const auto result = run_command(call.context, policy, command);
  if (!result.ok()) return tool_error("the command could not be started: " + result.error().text());
  std::string out = without_escapes(result->output);
  if (!out.empty() && out.back() != '\n') out += '\n';
  out += how_it_ended(*result, timeout_ms);
  for (const auto& notice : result->notices) out += "\n[" + notice + "]";
  if (result->output.find("Read-only file system") != std::string::npos && result->output.find(".git") != std::string::npos)
    out += "\n[.git is read-only for commands: read it with git_status, git_diff, git_log and git_blame, and leave commits to the user]";
  const bool failed = result->exit_status != 0 || result->timed_out || result->cancelled;
  return {std::move(out), failed, {}, {{"exit_status", result->exit_status}, {"timed_out", result->timed_out}, {"cancelled", result->cancelled},
                                       {"seconds", result->seconds}, {"output_bytes", result->output_bytes}, {"plain_read", plain}}};
}

}  // namespace

Tool run_command_tool() { return {{"run_command", Effect::execute, kSchema, "run a shell command in the sandbox"}, run}; }

}  // namespace wright::tools
