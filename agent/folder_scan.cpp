#include "agent/folder_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tools/fs/workspace.h"

namespace wright::agent {
namespace {

constexpr std::size_t kListBytes = 64 << 10;

std::int64_t ns(const timespec& t) { return t.tv_sec * 1'000'000'000LL + t.tv_nsec; }

struct Task {
  ScannedFolder* folder;
  std::string name;  // relative; "" is the root
};

class Scan {
 public:
  Scan(const Context& context, const WorkspaceRoot& root) : context_(context), root_(root) {}

  void add(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      ++open_;
    }
    changed_.notify_one();
  }

  // Until nothing is left to list, here or in another thread.
  void work() {
    std::vector<char> buffer(kListBytes);
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !tasks_.empty() || open_ == 0; });
        if (tasks_.empty()) return;
        task = std::move(tasks_.back());
        tasks_.pop_back();
      }
      if (!context_.done()) list(task, buffer);
      const std::lock_guard lock(mutex_);
      if (--open_ == 0) changed_.notify_all();
    }
  }

 private:
  void list(const Task& task, std::vector<char>& buffer) {
    const auto fd = root_.open_at(task.name, O_RDONLY | O_DIRECTORY, 0, true);
    if (!fd.ok()) return;
    auto& names = task.folder->names;
    for (long n; (n = ::syscall(SYS_getdents64, fd->get(), buffer.data(), buffer.size())) != 0;) {
      if (n < 0) return;
      for (long at = 0; at < n;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += entry->d_reclen;
        const std::string_view leaf = entry->d_name;
        if (leaf != "." && leaf != "..") names.emplace_back().leaf = leaf;
      }
    }
    task.folder->readable = true;
    std::sort(names.begin(), names.end(), [](const ScannedName& a, const ScannedName& b) { return a.leaf < b.leaf; });
    for (ScannedName& name : names) look(fd->get(), name);
    for (ScannedName& name : names)
      if (name.below) add({name.below.get(), task.name.empty() ? name.leaf : task.name + "/" + name.leaf});
  }

  static void look(int folder, ScannedName& name) {
    name.git = tools::Workspace::in_git_folder(name.leaf);
    if (name.git) return;
    struct stat st{};
    if (::fstatat(folder, name.leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      name.vanished = errno == ENOENT;
      return;
    }
    name.there = true;
    name.mode = st.st_mode;
    name.size = static_cast<std::uint64_t>(st.st_size);
    name.inode = st.st_ino;
    name.mtime_ns = ns(st.st_mtim);
    name.ctime_ns = ns(st.st_ctim);
    if (S_ISDIR(st.st_mode)) name.below = std::make_unique<ScannedFolder>();
  }

  const Context& context_;
  const WorkspaceRoot& root_;
  std::mutex mutex_;  // guards tasks_, open_
  std::condition_variable changed_;
  std::vector<Task> tasks_;
  std::size_t open_ = 0;  // tasks waiting or being worked on
};

}  // namespace

Result<ScannedFolder> scan_folders(const Context& context, const WorkspaceRoot& root, unsigned threads) {
  WRIGHT_CHECK(root.open_at("", O_RDONLY | O_DIRECTORY));
  ScannedFolder out;
  Scan scan(context, root);
  scan.add({&out, ""});
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back([&scan] { scan.work(); });
  scan.work();
  for (std::thread& t : helpers) t.join();
  WRIGHT_CHECK(context.check());
  return out;
}

}  // namespace wright::agent
