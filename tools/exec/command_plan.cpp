#include "tools/exec/command_plan.h"

#include <limits.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>

namespace wright::tools {

namespace {

constexpr const char* kSecrets[] = {
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials", ".npmrc", ".pypirc", ".pgpass",
    ".password-store", ".mozilla", ".thunderbird", ".claude", ".codex", ".gemini", ".cursor", ".config/gcloud", ".config/gh",
    ".config/google-chrome", ".config/chromium", ".config/wright", ".config/opencode", ".config/op", ".local/share/keyrings",
    ".local/state/wright", ".local/share/wright", ".local/share/opencode", ".cargo/credentials.toml", ".vault-token", ".bash_history"};
constexpr const char* kControl[] = {".git", ".gitmodules", ".gitattributes", ".wright", ".mcp.json", ".vscode", ".idea", ".envrc",
                                    ".husky", ".claude", ".codex", ".cursor", ".devcontainer", ".zed", ".gitlab-ci.yml",
                                    ".github/workflows", "AGENTS.md", "CLAUDE.md", "GEMINI.md"};
constexpr const char* kMaskMissing[] = {".git", ".wright", ".mcp.json", ".vscode", ".envrc"};

std::string home_folder(const CommandPolicy& policy) {
  if (const auto home = policy.environment.find("HOME"); home != policy.environment.end() && home->second.starts_with("/"))
    return home->second;
  const passwd* user = ::getpwuid(::getuid());
  return user && user->pw_dir ? user->pw_dir : "/root";
}

std::string real_path(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  std::string out = real ? real : "";
  std::free(real);
  return out;
}

bool is_folder(const std::string& path) {
  struct stat st{};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

std::mutex mount_points_mutex;
std::map<std::string, int>& mount_points() {
  static std::map<std::string, int> counts;
  return counts;
}

}  // namespace

MountPoints::MountPoints(std::vector<std::string> paths) : paths_(std::move(paths)) {
  const std::lock_guard lock(mount_points_mutex);
  for (const auto& path : paths_) ++mount_points()[path];
}

MountPoints::~MountPoints() {
  const std::lock_guard lock(mount_points_mutex);
  for (const auto& path : paths_)
    if (--mount_points()[path] == 0) {
      mount_points().erase(path);
      ::rmdir(path.c_str());  // removes an empty folder only: one that the user filled meanwhile stays
    }
}

std::vector<std::string> hidden_paths(const CommandPolicy& policy) {
  std::vector<std::string> out;
  const auto take = [&](const std::string& path) {
    if (std::string real = real_path(path); !real.empty()) out.push_back(std::move(real));
  };
  const std::string home = home_folder(policy);
  for (const char* name : kSecrets) take(home + "/" + name);
  for (const auto& path : policy.hidden) take(path);
  for (const char* path : {"/etc/shadow", "/etc/gshadow"}) take(path);
  return out;
}

std::vector<std::string> control_paths(const std::string& root, bool present) {
  std::vector<std::string> out;
  if (!present) {
    const auto& counted = mount_points();
    const std::lock_guard lock(mount_points_mutex);
    for (const char* name : kMaskMissing) {
      const std::string path = root + "/" + name;
      if (!exists(path) || counted.count(path)) out.push_back(path);
    }
    return out;
  }
  for (const char* name : kControl) {
    const std::string path = root + "/" + name;
    if (!exists(path)) continue;
    const std::string real = real_path(path);
    if (real.empty()) continue;
    out.push_back(real);
    if (std::string_view(name) != ".git" || is_folder(real)) continue;
    // A worktree: .git is a file that names the real folder.
    if (auto text = read_file(real, 4096); text.ok() && text->starts_with("gitdir: ")) {
      std::string target = text->substr(8, text->find('\n') - 8);
      if (!target.starts_with("/")) target = root + "/" + target;
      if (std::string there = real_path(target); !there.empty()) out.push_back(there);
    }
  }
  return out;
}

Result<UniqueFd> bubblewrap_arguments(const CommandPolicy& policy, const Command& command, std::vector<std::string>& masked) {
  std::string text;
  const auto put = [&](std::initializer_list<std::string_view> words) {
    for (const auto word : words) text.append(word).push_back('\0');
  };
  put({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--new-session",
       "--die-with-parent", "--cap-drop", "ALL"});
  if (!policy.network) put({"--unshare-net"});
  put({"--ro-bind", "/", "/", "--tmpfs", "/tmp", "--tmpfs", "/run", "--dev", "/dev", "--proc", "/proc"});
  if (policy.network) put({"--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"});
  const auto hide = [&](const std::string& path) {
    if (is_folder(path)) put({"--tmpfs", path, "--remount-ro", path});
    else put({"--ro-bind", "/dev/null", path});
  };
  std::vector<std::string> writable{command.root};
  for (const auto& path : policy.writable) writable.push_back(path);
  const auto inside = [&](const std::string& path) {
    for (const auto& folder : writable)
      if (lies_in(path, folder)) return true;
    return false;
  };
  const auto hidden = hidden_paths(policy);
  for (const auto& path : hidden)
    if (!inside(path) && !lies_in(path, "/tmp") && !lies_in(path, "/run")) hide(path);
  for (const auto& path : writable) put({"--bind", path, path});
  for (const auto& path : hidden)
    if (inside(path)) hide(path);
  for (const auto& path : control_paths(command.root, true))
    if (inside(path)) put({"--ro-bind", path, path});
  if (command.overlay_upper.empty()) {
    masked = control_paths(command.root, false);
    for (const auto& path : masked) put({"--tmpfs", path, "--remount-ro", path});
  }
  put({"--chdir", command.cwd});
  UniqueFd file(::memfd_create("arguments", MFD_CLOEXEC));
  if (!file.valid() || ::write(file.get(), text.data(), text.size()) != ssize_t(text.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return Error{ErrorKind::io, "cannot hand the sandbox its arguments", "check free memory"};
  return file;
}

}  // namespace wright::tools
