#include "tools/exec/landlock_rules.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace wright::tools {

namespace {

// The kernel's ABI, spelled out because the system headers may be older than the kernel (linux/landlock.h).
struct RulesetAttr { std::uint64_t fs, net, scoped; };
struct __attribute__((packed)) PathAttr { std::uint64_t allowed; std::int32_t parent; };
constexpr std::uint64_t kExecute = 1, kWriteFile = 2, kReadFile = 4, kReadDir = 8, kTruncate = 1u << 14, kIoctlDev = 1u << 15;
constexpr std::uint64_t kRead = kExecute | kReadFile | kReadDir;
constexpr std::uint64_t kOnFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;
constexpr unsigned kVersionFlag = 1, kPathBeneath = 1;

std::uint64_t all_fs(int abi) {
  const int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
  return (std::uint64_t(1) << bits) - 1;
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || (path.size() > folder.size() && path.starts_with(folder) &&
                            (folder == "/" || path[folder.size()] == '/'));
}

Result<void> add(int ruleset, const std::string& path, std::uint64_t rights) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return {};  // gone meanwhile: nothing to grant
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return errno_error("stat", path, errno);
  PathAttr attr{S_ISDIR(st.st_mode) ? rights : rights & kOnFiles, fd.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &attr, 0) != 0)
    return errno_error("add a Landlock rule for", path, errno);
  return {};
}

// Grants `rights` below `path` except for the hidden paths: a folder on the way to one is granted child by child.
Result<void> add_except(int ruleset, const std::string& path, std::uint64_t rights, const std::vector<std::string>& hidden) {
  bool above = false;
  for (const auto& h : hidden) {
    if (lies_in(path, h)) return {};
    above = above || lies_in(h, path);
  }
  if (!above) return add(ruleset, path, rights);
  DIR* dir = ::opendir(path.c_str());
  if (!dir) return {};
  Result<void> done;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || entry->d_type == DT_LNK) continue;
    done = add_except(ruleset, (path == "/" ? "" : path) + "/" + name, rights, hidden);
    if (!done.ok()) break;
  }
  ::closedir(dir);
  return done;
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<UniqueFd> landlock_ruleset(const LandlockGrant& grant) {
  const int abi = landlock_abi();
  if (abi < 4)
    return Error{ErrorKind::refused, "this kernel's Landlock is too old for level B", "use a kernel of 6.7 or later"};
  RulesetAttr attr{all_fs(abi), grant.network ? 0u : 3u, abi >= 6 ? 3u : 0u};
  UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attr, abi >= 6 ? sizeof attr : 16, 0)));
  if (!ruleset.valid()) return errno_error("create", "a Landlock ruleset", errno);
  WRIGHT_CHECK(add_except(ruleset.get(), "/", kRead, grant.hidden));
  std::vector<std::string> kept = grant.hidden;
  kept.insert(kept.end(), grant.read_only.begin(), grant.read_only.end());
  for (const auto& path : grant.writable) WRIGHT_CHECK(add_except(ruleset.get(), path, attr.fs, kept));
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/shm", "/dev/ptmx", "/dev/pts"})
    WRIGHT_CHECK(add(ruleset.get(), device, kRead | kWriteFile | (attr.fs & (kTruncate | kIoctlDev))));
  return ruleset;
}

}  // namespace wright::tools
