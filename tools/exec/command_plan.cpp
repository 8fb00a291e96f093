#include "tools/exec/command_plan.h"

#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "tools/exec/path_names.h"

namespace wright::tools {

namespace {

constexpr const char* kSecrets[] = {
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials", ".npmrc", ".pypirc", ".pgpass",
    ".password-store", ".mozilla", ".thunderbird", ".claude", ".codex", ".gemini", ".cursor", ".config/gcloud", ".config/gh",
    ".config/google-chrome", ".config/chromium", ".config/wright", ".config/opencode", ".config/op", ".local/share/keyrings",
    ".local/state/wright", ".local/share/wright", ".local/share/opencode", ".cargo/credentials.toml", ".vault-token", ".bash_history"};
constexpr const char* kTemporaryBytes = "4294967296";  // of a command's private /tmp

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

std::vector<std::string> MountPoints::wanted(const std::string& root, ControlScan& scan) {
  std::vector<std::string> out = scan.missing;
  const std::lock_guard lock(mount_points_mutex);
  for (const auto& [path, count] : mount_points()) {
    if (path.substr(0, path.rfind('/')) != root || std::find(scan.present.begin(), scan.present.end(), path) == scan.present.end()) continue;
    std::erase(scan.present, path);
    std::erase(scan.found, path);
    scan.missing.push_back(path);
    out.push_back(path);
  }
  return out;
}

Result<UniqueFd> memory_file(const char* name, std::string_view bytes) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.valid() || ::write(file.get(), bytes.data(), bytes.size()) != ssize_t(bytes.size()) || ::lseek(file.get(), 0, SEEK_SET) != 0)
    return Error{ErrorKind::io, std::string("cannot hand the command its ") + name, "check free memory"};
  return file;
}

std::vector<std::string> entries_to_grant(const Command& command, const CommandPolicy& policy) {
  std::vector<std::string> out = policy.writable;
  if (command.read_only) return out;
  if (command.disposable) {
    out.push_back(command.root);
    return out;
  }
  DIR* dir = ::opendir(command.root.c_str());
  if (!dir) return out;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && entry->d_type != DT_LNK) out.push_back(command.root + "/" + name);  // a link would grant its target
  }
  ::closedir(dir);
  return out;
}

Result<UniqueFd> bubblewrap_arguments(const CommandPolicy& policy, const Command& command, const ControlScan& control,
                                      const std::vector<std::string>& masked) {
  std::string text;
  const auto put = [&](std::initializer_list<std::string_view> words) {
    for (const auto word : words) text.append(word).push_back('\0');
  };
  put({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--new-session",
       "--die-with-parent", "--cap-drop", "ALL"});
  if (!policy.network) put({"--unshare-net"});
  put({"--ro-bind", "/", "/", "--size", kTemporaryBytes, "--tmpfs", "/tmp", "--size", kTemporaryBytes, "--tmpfs", "/run", "--dev", "/dev", "--proc", "/proc"});
  if (policy.network) put({"--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"});
  const auto hide = [&](const std::string& path) {
    if (is_folder(path)) put({"--tmpfs", path, "--remount-ro", path});
    else put({"--ro-bind", "/dev/null", path});
  };
  std::vector<std::string> writable{command.root};
  for (const auto& path : policy.writable) writable.push_back(path);
  const auto inside = [&](const std::string& path) {
    for (const auto& folder : writable)
      if (path_inside(path, folder)) return true;
    return false;
  };
  const auto hidden = hidden_paths(policy);
  for (const auto& path : hidden)
    if (!inside(path) && !path_inside(path, "/tmp") && !path_inside(path, "/run")) hide(path);
  // Also below /tmp and /run, which are empty otherwise.
  put({command.read_only ? "--ro-bind" : "--bind", command.root, command.root});
  for (const auto& path : policy.writable) put({"--bind", path, path});
  for (const auto& path : hidden)
    if (inside(path)) hide(path);
  for (const auto& path : control.present)
    if (inside(path)) put({"--ro-bind", path, path});
  for (const auto& path : masked) put({"--tmpfs", path, "--remount-ro", path});
  put({"--chdir", command.cwd});
  return memory_file("arguments", text);
}

}  // namespace wright::tools
