#include "tools/exec/plain_run.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "tools/exec/path_names.h"

namespace wright::tools {

namespace {

constexpr std::pair<const char*, const char*> kQuietGit[] = {
    {"core.fsmonitor", "false"}, {"core.hooksPath", "/dev/null"}, {"core.pager", "cat"}, {"core.sshCommand", "false"}, {"core.askPass", "false"},
    {"core.editor", "false"}, {"core.alternateRefsCommand", "false"}, {"safe.bareRepository", "explicit"}, {"log.showSignature", "false"}, {"gpg.program", "false"},
    {"gpg.openpgp.program", "false"}, {"gpg.x509.program", "false"}, {"gpg.ssh.program", "false"}, {"protocol.allow", "never"},
    {"submodule.recurse", "false"}, {"status.submoduleSummary", "false"}, {"diff.submodule", "short"}, {"diff.ignoreSubmodules", "dirty"}};

// Without entries that are relative or lie in the workspace, where a program could be planted.
std::string safe_path(const std::string& path, const std::string& workspace) {
  std::string out, rest = path;
  while (!rest.empty()) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const std::string entry = rest.substr(0, colon);
    if (entry.starts_with("/") && !path_inside(clean_path(entry, "/", "/"), workspace)) out += (out.empty() ? "" : ":") + entry;
    rest.erase(0, std::min(colon + 1, rest.size()));
  }
  return out.empty() ? "/usr/bin:/bin" : out;
}

}  // namespace

std::map<std::string, std::string> quiet_git_environment() {
  std::map<std::string, std::string> out{{"GIT_OPTIONAL_LOCKS", "0"}, {"GIT_PAGER", "cat"}, {"GIT_TERMINAL_PROMPT", "0"},
                                         {"GIT_ALLOW_PROTOCOL", "none"}, {"GIT_NO_LAZY_FETCH", "1"}};
  int count = 0;
  for (const auto& [key, value] : kQuietGit) {
    const std::string n = std::to_string(count++);
    out["GIT_CONFIG_KEY_" + n] = key;
    out["GIT_CONFIG_VALUE_" + n] = value;
  }
  out["GIT_CONFIG_COUNT"] = std::to_string(count);
  return out;
}

bool prepare_plain_read(const std::string& shell, CommandPolicy& policy, Command& command) {
  if (policy.level == SandboxLevel::c) return false;
  const auto home = policy.environment.find("HOME");
  const PlainRead plain = plain_read(shell, {command.root, command.cwd, home == policy.environment.end() ? "/" : home->second, true});
  if (!plain.why.empty()) return false;
  static const bool bash = ::access("/bin/bash", X_OK) == 0;  // what models expect of echo and printf
  command.argv = {bash ? "/bin/bash" : "/bin/sh", "-c", plain.command};
  command.read_only = true;
  policy.network = false;
  std::string& path = policy.environment["PATH"];
  path = safe_path(path, command.root);
  if (plain.git)
    for (const auto& [name, value] : quiet_git_environment()) policy.environment[name] = value;
  return true;
}

}  // namespace wright::tools
