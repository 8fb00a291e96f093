#include "tools/exec/control_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>

#include "base/file.h"
#include "tools/exec/path_names.h"

namespace wright::tools {

namespace {

constexpr std::size_t kScanEntries = 400'000;  // names looked at
constexpr std::size_t kProtected = 256;        // paths: each is a mount, and bubblewrap's time grows with their square
constexpr std::string_view kNested[] = {".git", ".envrc", ".mcp.json", ".vscode", ".idea", ".wright", ".claude", ".codex", ".cursor", ".gemini",
                                        ".opencode", ".devcontainer", ".exrc", ".nvim.lua", "agents.md", "claude.md", "gemini.md"};
constexpr std::string_view kVendored[] = {"node_modules", ".venv", "venv", "site-packages", "vendor", "third_party", ".tox", "__pycache__"};
constexpr const char* kMaskMissing[] = {".git", ".wright", ".mcp.json", ".vscode", ".envrc"};

std::string real_path(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  std::string out = real ? real : "";
  std::free(real);
  return out;
}

std::string link_target(const std::string& path) {
  char buffer[4096];
  const ssize_t n = ::readlink(path.c_str(), buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
}

bool nested_control(std::string_view name) {
  const auto same = [&](std::string_view row) {
    return row.size() == name.size() && std::equal(row.begin(), row.end(), name.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  };
  return std::any_of(std::begin(kNested), std::end(kNested), same);
}

struct Folder { std::string path; int depth; bool vendored; };

class Scanner {
 public:
  explicit Scanner(bool deep) : deep_(deep) {}

  void run(const std::string& root) {
    folders_.push_back({root, 0, false});
    while (!folders_.empty()) {
      const Folder folder = std::move(folders_.front());
      folders_.pop_front();
      read(folder);
    }
  }
  ControlScan out;

 private:
  void read(const Folder& folder) {
    const UniqueFd fd(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    alignas(8) char buffer[32768];
    for (;;) {
      const long n = fd.valid() ? ::syscall(SYS_getdents64, fd.get(), buffer, sizeof buffer) : 0;
      if (n <= 0) return;
      for (long at = 0; at < n;) {
        unsigned short size = 0;
        std::memcpy(&size, buffer + at + 16, sizeof size);
        entry(folder, buffer + at + 19, static_cast<unsigned char>(buffer[at + 18]));
        at += size;
        if (++entries_ > kScanEntries) {
          out.complete = false;
          folders_.clear();
          return;
        }
      }
    }
  }

  void entry(const Folder& folder, const char* name, unsigned char type) {
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) return;
    const std::string path = folder.path + "/" + name;
    if (type == DT_UNKNOWN) {
      struct stat st{};
      if (::lstat(path.c_str(), &st) == 0) type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISLNK(st.st_mode) ? DT_LNK : DT_REG;
    }
    const bool control = folder.depth == 0  ? !control_name_in(name).empty()
                         : folder.vendored  ? std::string_view(name) == ".git"
                                            : nested_control(name) || (folder.depth == 1 && folder.path.ends_with("/.github") &&
                                                                       !control_name_in(std::string(".github/") + name).empty());
    if (control) return take(path, name, type);
    if (type != DT_DIR || !(deep_ || (folder.depth == 0 && std::string_view(name) == ".github"))) return;
    const bool vendored = folder.vendored || std::find(std::begin(kVendored), std::end(kVendored), std::string_view(name)) != std::end(kVendored);
    folders_.push_back({path, folder.depth + 1, vendored});
  }

  void take(const std::string& path, std::string_view name, unsigned char type) {
    out.found.push_back(path);
    if (out.present.size() >= kProtected) {
      out.complete = false;
      return;
    }
    if (type == DT_LNK) out.links.emplace(path, link_target(path));
    const std::string real = real_path(path);
    if (real.empty()) return;
    out.present.push_back(real);
    struct stat st{};
    if (name != ".git" || ::stat(real.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return;
    // A worktree or submodule: .git is a file that names the real folder.
    const auto text = read_file(real, 4096);
    if (!text.ok() || !text->starts_with("gitdir: ")) return;
    std::string target = text->substr(8, text->find('\n') - 8);
    if (!target.starts_with("/")) target = real.substr(0, real.rfind('/')) + "/" + target;
    if (std::string there = real_path(target); !there.empty() && there != "/") out.present.push_back(there);
  }

  bool deep_;
  std::deque<Folder> folders_;
  std::size_t entries_ = 0;
};

}  // namespace

ControlScan scan_control(const std::string& root, bool deep) {
  Scanner scanner(deep);
  scanner.run(root);
  for (const char* name : kMaskMissing) {
    const std::string path = root + "/" + name;
    struct stat st{};
    if (::lstat(path.c_str(), &st) != 0) scanner.out.missing.push_back(path);
  }
  return std::move(scanner.out);
}

std::vector<std::string> settle_control(const std::string& root, const ControlScan& before) {
  std::vector<std::string> notices;
  for (const auto& [path, target] : before.links) {
    if (link_target(path) == target) continue;
    struct stat st{};
    if (::lstat(path.c_str(), &st) == 0) {
      const std::string aside = path + ".replaced-" + std::to_string(::getpid());
      if (::rename(path.c_str(), aside.c_str()) != 0) {
        notices.push_back("the command replaced the link " + path_below(path, root) + ", and it cannot be put back");
        continue;
      }
    }
    const bool back = ::symlink(target.c_str(), path.c_str()) == 0;
    notices.push_back("the command replaced the link " + path_below(path, root) + (back ? "; it was put back" : ", and it cannot be put back"));
  }
  const std::set<std::string> known(before.found.begin(), before.found.end());
  for (const auto& path : scan_control(root, true).found)
    if (!known.count(path) && std::find(before.missing.begin(), before.missing.end(), path) == before.missing.end())
      notices.push_back("the command made the control file " + path_below(path, root));
  return notices;
}

}  // namespace wright::tools
