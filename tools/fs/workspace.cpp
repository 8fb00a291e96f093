// How a file is replaced. The new bytes go into an unnamed file of the same folder (or a hidden named one where the file
// system has none), get the old file's owner, mode and attributes, are synced, linked under a hidden name and exchanged with
// the old file in one rename. What came out is compared with what was read: if someone wrote in between, the two are
// exchanged back and the call is a conflict, so nobody's edit is lost. Then the folder is synced. A crash leaves the old or the
// new file, at worst a hidden ".wright-*" file beside it.
#include "tools/fs/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace wright::tools {

namespace {

// "a/b" from "/a/./c/../b": absolute in, components out. ".." above the root stays at the root.
std::string normalise(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

std::optional<std::string> inside(const std::string& root, const std::string& path) {
  if (path == root) return ".";
  const std::string prefix = root == "/" ? "/" : root + "/";
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

// The real path of the longest part of `path` that exists, with the rest behind it.
std::string resolve_existing(const std::string& path) {
  std::string head = path, tail;
  while (!head.empty() && head != "/") {
    if (char* real = ::realpath(head.c_str(), nullptr)) {
      std::string out = real;
      std::free(real);
      return normalise(out + tail);
    }
    const std::size_t slash = head.rfind('/');
    if (slash == std::string::npos) break;
    tail = head.substr(slash) + tail;
    head.resize(slash);
  }
  return path;
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& name, off_t at = 0) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("write", name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    at += n;
  }
  return {};
}

void copy_attributes(int from, int to) {
  char names[4096];
  const ssize_t size = ::flistxattr(from, names, sizeof names);
  for (ssize_t i = 0; i < size; i += static_cast<ssize_t>(std::strlen(names + i)) + 1) {
    std::string value(64 * 1024, '\0');
    const ssize_t n = ::fgetxattr(from, names + i, value.data(), value.size());
    if (n >= 0) (void)!::fsetxattr(to, names + i, value.data(), static_cast<std::size_t>(n), 0);  // as far as we may
  }
}

unsigned process_umask() {
  if (auto status = wright::read_file("/proc/self/status"); status.ok())
    if (const auto at = status->find("\nUmask:"); at != std::string::npos)
      return static_cast<unsigned>(std::strtoul(status->c_str() + at + 7, nullptr, 8)) & 0777;
  return 022;
}

std::string hidden_name() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = static_cast<std::uint64_t>(::getpid());
  return fmt::format(".wright-{:016x}", random);
}

// New bytes, not yet under their final name: unnamed, or under `name` where the file system has no unnamed files.
struct Draft {
  UniqueFd fd;
  std::string name;  // empty while unnamed
};

Result<Draft> draft(int folder, std::string_view bytes, const std::string& target, unsigned mode) {
  Draft out;
  out.fd.reset(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (!out.fd.valid()) {
    out.name = hidden_name();
    out.fd.reset(::openat(folder, out.name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode));
  }
  if (!out.fd.valid()) return errno_error("create a file beside", target, errno);
  if (auto written = write_all(out.fd.get(), bytes, target); !written.ok()) {
    if (!out.name.empty()) ::unlinkat(folder, out.name.c_str(), 0);
    return written.error();
  }
  return out;
}

// Gives an unnamed draft the name `name`; EEXIST when that exists. 0 or errno.
int link_draft(const Draft& d, int folder, const char* name) {
  if (!d.name.empty()) return ::renameat2(folder, d.name.c_str(), folder, name, RENAME_NOREPLACE) == 0 ? 0 : errno;
  const std::string self = fmt::format("/proc/self/fd/{}", d.fd.get());
  return ::linkat(AT_FDCWD, self.c_str(), folder, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

bool git_name(std::string_view part) {
  std::string folded;
  for (std::size_t i = 0; i < part.size();) {
    const utf8::Decoded d = utf8::decode(part, i);
    i += d.length;
    const char32_t c = d.code;  // HFS+ ignores these, so ".g\u200cit" is ".git" there
    if ((c >= 0x200C && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF) continue;
    utf8::append(folded, c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  if (const auto colon = folded.find(':'); colon != std::string::npos) folded.resize(colon);  // NTFS streams
  while (!folded.empty() && (folded.back() == ' ' || folded.back() == '.')) folded.pop_back();  // NTFS drops these
  return folded == ".git" || folded == "git~1";
}

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::open(const std::string& folder) {
  WRIGHT_TRY(WorkspaceRoot root, WorkspaceRoot::open(folder));
  return std::unique_ptr<Workspace>(new Workspace(std::move(root)));
}

bool Workspace::in_git_folder(std::string_view name) {
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find_first_of("/\\"), name.size());
    if (git_name(name.substr(0, slash))) return true;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return false;
}

Result<std::string> Workspace::relative(std::string_view path) const {
  if (path.empty()) return Error{ErrorKind::usage, "the path is empty", "name a file of the workspace"};
  if (path.find('\0') != path.npos) return Error{ErrorKind::usage, "a path holds a NUL byte", ""};
  const std::string full = normalise(path.front() == '/' ? std::string(path) : root_.path() + "/" + std::string(path));
  if (auto name = inside(root_.path(), full)) return *name;
  if (path.front() == '/')
    if (auto name = inside(root_.path(), resolve_existing(full))) return *name;
  return Error{ErrorKind::refused, fmt::format("{} is outside the workspace {}", path, root_.path()), "use a path inside it"};
}

Result<std::string> Workspace::checked(std::string_view path) const {
  WRIGHT_TRY(std::string name, relative(path));
  if (in_git_folder(name)) return Error{ErrorKind::refused, name + " belongs to git", "use git for what is in there"};
  return name;
}

void Workspace::remember(const std::string& name, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  seen_[name] = sha256_hex(bytes);
}

Result<std::string> Workspace::read(const std::string& path) {
  WRIGHT_TRY(const std::string name, relative(path));
  WRIGHT_TRY(std::string bytes, root_.read(name, limits::kReadFileBytes));
  remember(name, bytes);
  return bytes;
}

Result<std::string> Workspace::peek(const std::string& path) const {
  WRIGHT_TRY(const std::string name, relative(path));
  return root_.read(name, limits::kReadFileBytes);
}

bool Workspace::was_read(const std::string& path) const {
  const auto name = relative(path);
  std::lock_guard lock(mutex_);
  return name.ok() && seen_.contains(*name);
}

bool Workspace::exists(const std::string& path) const {
  const auto name = relative(path);
  return name.ok() && root_.open_at(*name, O_PATH).ok();
}

bool Workspace::is_folder(const std::string& path) const {
  const auto name = relative(path);
  return name.ok() && root_.open_at(*name, O_PATH | O_DIRECTORY).ok();
}

Result<void> Workspace::agrees(const std::string& name, const std::string& now, bool must_have_read) const {
  std::lock_guard lock(mutex_);
  const auto it = seen_.find(name);
  if (it == seen_.end()) {
    if (!must_have_read) return {};
    return Error{ErrorKind::conflict, name + " exists and was not read in this session", "read it first, then change it"};
  }
  if (it->second == sha256_hex(now)) return {};
  return Error{ErrorKind::conflict, name + " changed since it was read", "read it again, then change it"};
}

Result<void> Workspace::write(const std::string& path, std::string_view bytes, bool must_have_read) {
  WRIGHT_TRY(std::string name, checked(path));
  auto old = root_.open_at(name, O_RDONLY | O_NONBLOCK);
  if (!old.ok()) {
    if (old.error().kind != ErrorKind::not_found) return old.error();
    if (root_.open_at(name, O_PATH, 0, true).ok())
      return Error{ErrorKind::usage, name + " is a link to something that does not exist", "name the file itself"};
    {
      std::lock_guard lock(mutex_);
      if (seen_.erase(name) > 0 && must_have_read)
        return Error{ErrorKind::conflict, name + " was removed since it was read", "write it again to create it anew"};
    }
    if (listener_) WRIGHT_CHECK(listener_->before_change(name));
    WRIGHT_CHECK(create(name, bytes));
  } else {
    struct stat st{};
    if (::fstat(old->get(), &st) != 0) return errno_error("stat", name, errno);
    if (!S_ISREG(st.st_mode))
      return Error{ErrorKind::usage, name + (S_ISDIR(st.st_mode) ? " is a folder" : " is not a regular file"), "name a file"};
    WRIGHT_TRY(const std::string now, read_fd(old->get(), name, limits::kReadFileBytes));
    WRIGHT_CHECK(agrees(name, now, must_have_read));
    // Through a link: the file that it leads to is the one that is replaced.
    char real[4096];
    const std::string self = fmt::format("/proc/self/fd/{}", old->get());
    const ssize_t length = ::readlink(self.c_str(), real, sizeof real);
    const auto target = length > 0 ? inside(root_.path(), std::string(real, static_cast<std::size_t>(length))) : std::nullopt;
    if (!target) return Error{ErrorKind::refused, name + " leads outside the workspace", "use a path inside it"};
    if (in_git_folder(*target)) return Error{ErrorKind::refused, name + " leads into git's own folder", ""};
    if (listener_) WRIGHT_CHECK(listener_->before_change(*target));
    WRIGHT_CHECK(replace(*target, old->get(), now, bytes));
    if (*target != name) remember(*target, bytes);
  }
  remember(name, bytes);
  return {};
}

Result<void> Workspace::create(const std::string& name, std::string_view bytes) {
  WRIGHT_TRY(const WorkspaceRoot::Parent parent, root_.parent(name, true));
  const int folder = parent.folder.get();
  static const unsigned mask = process_umask();
  WRIGHT_TRY(const Draft d, draft(folder, bytes, name, 0666));
  int failed = ::fchmod(d.fd.get(), 0666 & ~mask) == 0 && ::fdatasync(d.fd.get()) == 0 ? 0 : errno;
  if (failed == 0) failed = link_draft(d, folder, parent.leaf.c_str());
  if (failed != 0 && !d.name.empty()) ::unlinkat(folder, d.name.c_str(), 0);
  if (failed == EEXIST) return Error{ErrorKind::conflict, name + " was created by someone else meanwhile", "read it first"};
  if (failed != 0) return errno_error("create", name, failed);
  ::fsync(folder);
  return {};
}

Result<void> Workspace::replace(const std::string& name, int old_fd, const std::string& old_bytes, std::string_view bytes) {
  struct stat st{};
  if (::fstat(old_fd, &st) != 0) return errno_error("stat", name, errno);
  if (::faccessat(AT_FDCWD, fmt::format("/proc/self/fd/{}", old_fd).c_str(), W_OK, AT_EACCESS) != 0)
    return errno_error("write", name, errno);
  if (st.st_nlink > 1) {  // in place: room first, so that a full disk cannot leave half of it
    WRIGHT_TRY(const UniqueFd fd, root_.open_at(name, O_RDWR | O_NONBLOCK));
    if (bytes.size() > old_bytes.size())
      if (const int e = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes.size())); e != 0) {
        (void)!::ftruncate(fd.get(), static_cast<off_t>(old_bytes.size()));
        return errno_error("write", name, e);
      }
    auto written = write_all(fd.get(), bytes, name);
    if (written.ok() && ::ftruncate(fd.get(), static_cast<off_t>(bytes.size())) != 0) written = errno_error("cut", name, errno);
    if (!written.ok() && write_all(fd.get(), old_bytes, name).ok()) (void)!::ftruncate(fd.get(), static_cast<off_t>(old_bytes.size()));
    ::fdatasync(fd.get());
    return written;
  }
  WRIGHT_TRY(const WorkspaceRoot::Parent parent, root_.parent(name, false));
  const int folder = parent.folder.get();
  WRIGHT_TRY(Draft d, draft(folder, bytes, name, 0600));
  int failed = 0;
  if (::fchown(d.fd.get(), st.st_uid, st.st_gid) != 0) (void)!::fchown(d.fd.get(), static_cast<uid_t>(-1), st.st_gid);
  copy_attributes(old_fd, d.fd.get());
  if (::fchmod(d.fd.get(), st.st_mode & 07777) != 0 || ::fdatasync(d.fd.get()) != 0) failed = errno;
  if (failed == 0 && d.name.empty()) {
    const std::string hidden = hidden_name();
    failed = link_draft(d, folder, hidden.c_str());
    if (failed == 0) d.name = hidden;
  }
  bool changed = false;
  if (failed == 0) {
    const char* leaf = parent.leaf.c_str();
    failed = ::renameat2(folder, d.name.c_str(), folder, leaf, RENAME_EXCHANGE) == 0 ? 0 : errno;
    if (failed == EINVAL || failed == ENOSYS) {  // a file system that cannot exchange
      failed = ::renameat(folder, d.name.c_str(), folder, leaf) == 0 ? 0 : errno;
      if (failed == 0) d.name.clear();
    } else if (failed == 0) {
      const UniqueFd out(::openat(folder, d.name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
      const auto taken = out.valid() ? read_fd(out.get(), name, limits::kReadFileBytes) : Result<std::string>(Error{});
      changed = !taken.ok() || *taken != old_bytes;
      if (changed && ::renameat2(folder, d.name.c_str(), folder, leaf, RENAME_EXCHANGE) != 0) failed = errno;
    }
  }
  if (!d.name.empty() && (failed == 0 || !changed)) ::unlinkat(folder, d.name.c_str(), 0);
  if (failed != 0) return errno_error("replace", name, failed);
  if (changed) return Error{ErrorKind::conflict, name + " was changed by someone else meanwhile", "read it again, then change it"};
  ::fsync(folder);
  return {};
}

Result<void> Workspace::remove(const std::string& path) {
  WRIGHT_TRY(const std::string name, checked(path));
  WRIGHT_TRY(const WorkspaceRoot::Parent parent, root_.parent(name, false));
  struct stat st{};
  if (::fstatat(parent.folder.get(), parent.leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return errno_error("remove", name, errno);
  if (S_ISDIR(st.st_mode)) return Error{ErrorKind::usage, name + " is a folder", "name the files in it"};
  bool seen = false;
  {
    std::lock_guard lock(mutex_);
    seen = seen_.contains(name);
  }
  if (seen && S_ISREG(st.st_mode)) {
    WRIGHT_TRY(const std::string now, root_.read(name, limits::kReadFileBytes));
    WRIGHT_CHECK(agrees(name, now, false));
  }
  if (listener_) WRIGHT_CHECK(listener_->before_change(name));
  if (::unlinkat(parent.folder.get(), parent.leaf.c_str(), 0) != 0) return errno_error("remove", name, errno);
  ::fsync(parent.folder.get());
  std::lock_guard lock(mutex_);
  seen_.erase(name);
  return {};
}

Result<void> Workspace::rename(const std::string& from_path, const std::string& to_path) {
  WRIGHT_TRY(const std::string from, checked(from_path));
  WRIGHT_TRY(const std::string to, checked(to_path));
  WRIGHT_TRY(const WorkspaceRoot::Parent source, root_.parent(from, false));
  struct stat st{};
  if (::fstatat(source.folder.get(), source.leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return errno_error("rename", from, errno);
  if (listener_) {
    WRIGHT_CHECK(listener_->before_change(from));
    WRIGHT_CHECK(listener_->before_change(to));
  }
  WRIGHT_TRY(const WorkspaceRoot::Parent target, root_.parent(to, true));
  if (::renameat2(source.folder.get(), source.leaf.c_str(), target.folder.get(), target.leaf.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return Error{ErrorKind::conflict, to + " exists", "remove it first or choose another name"};
    return errno_error("rename " + from + " to", to, errno);
  }
  ::fsync(source.folder.get());
  ::fsync(target.folder.get());
  std::lock_guard lock(mutex_);
  if (auto node = seen_.extract(from)) {
    node.key() = to;
    seen_.insert(std::move(node));
  }
  return {};
}

Result<void> Workspace::set_executable(const std::string& path, bool on) {
  WRIGHT_TRY(const std::string name, checked(path));
  WRIGHT_TRY(const UniqueFd fd, root_.open_at(name, O_RDONLY | O_NONBLOCK));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return errno_error("stat", name, errno);
  if (!S_ISREG(st.st_mode)) return Error{ErrorKind::usage, name + " is not a regular file", "name a file"};
  const mode_t mode = on ? st.st_mode | ((st.st_mode & 0444) >> 2) : st.st_mode & ~static_cast<mode_t>(0111);
  if ((mode & 07777) == (st.st_mode & 07777)) return {};
  if (listener_) WRIGHT_CHECK(listener_->before_change(name));
  if (::fchmod(fd.get(), mode & 07777) != 0) return errno_error("set the mode of", name, errno);
  return {};
}

}  // namespace wright::tools
