#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace wright {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error errno_error(std::string_view what, std::string_view path, int e) {
  const ErrorKind kind = e == ENOENT || e == ENOTDIR ? ErrorKind::not_found
                         : e == EXDEV || e == ELOOP  ? ErrorKind::refused
                                                     : ErrorKind::io;
  std::string next;
  if (e == ENOENT) next = "check the path";
  else if (e == EACCES || e == EPERM) next = "check the permissions";
  else if (e == ENOSPC || e == EDQUOT) next = "free some disk space and run it again";
  else if (e == EXDEV) next = "only paths inside the workspace are allowed";
  return Error{kind, fmt::format("cannot {} {}: {}", what, path, std::strerror(e)), next};
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("open", path, errno);
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return errno_error("stat", path, errno);
  if (!S_ISREG(st.st_mode)) return Error{ErrorKind::usage, path + " is not a regular file", "name a file"};
  MappedFile file;
  file.path_ = path;
  file.size_ = static_cast<std::size_t>(st.st_size);
  if (file.size_ > 0) {
    void* p = ::mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (p == MAP_FAILED) {
      file.size_ = 0;
      return errno_error("map", path, errno);
    }
    file.data_ = static_cast<const std::byte*>(p);
  }
  return file;
}

MappedFile::MappedFile(MappedFile&& o) noexcept
    : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)), path_(std::move(o.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  std::swap(path_, o.path_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<std::string> read_fd(int fd, std::string_view name, std::size_t limit) {
  std::string out;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read", name, errno);
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > limit)
      return Error{ErrorKind::limit, fmt::format("{} is larger than {} bytes", name, limit), "read a part of it"};
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("open", path, errno);
  return read_fd(fd.get(), path, limit);
}

namespace {

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode, bool sync) {
  std::string temp = path + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temp.data(), O_CLOEXEC));
  if (!fd.valid()) return errno_error("create", temp, errno);
  Result<void> done = write_all(fd.get(), bytes, temp);
  if (done.ok() && ::fchmod(fd.get(), mode) != 0) done = errno_error("set the mode of", temp, errno);
  if (done.ok() && sync && ::fdatasync(fd.get()) != 0) done = errno_error("sync", temp, errno);
  if (done.ok() && ::rename(temp.c_str(), path.c_str()) != 0) done = errno_error("rename to", path, errno);
  if (!done.ok()) ::unlink(temp.c_str());
  if (done.ok() && sync) {
    const auto slash = path.rfind('/');
    const UniqueFd dir(::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (dir.valid()) ::fsync(dir.get());
  }
  return done;
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  for (std::size_t i = 1; i <= path.size(); ++i) {
    if (i != path.size() && path[i] != '/') continue;
    const std::string part = path.substr(0, i);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) return errno_error("create folder", part, errno);
  }
  return {};
}

bool exists(const std::string& path) {
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0;
}

Result<WorkspaceRoot> WorkspaceRoot::open(const std::string& folder) {
  WorkspaceRoot root;
  root.fd_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.fd_.valid()) return errno_error("open folder", folder, errno);
  char* real = ::realpath(folder.c_str(), nullptr);
  if (!real) return errno_error("resolve", folder, errno);
  root.path_ = real;
  std::free(real);
  return root;
}

Result<UniqueFd> WorkspaceRoot::open_at(const std::string& name, int flags, unsigned mode, bool nofollow) const {
  if (name.find('\0') != std::string::npos) return Error{ErrorKind::usage, "a path holds a NUL byte", ""};
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0; tries < 16; ++tries) {
    const long fd = ::syscall(SYS_openat2, fd_.get(), name.empty() ? "." : name.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;  // EAGAIN: a rename raced with ".." resolution
  }
  return errno_error("open", name, errno);
}

Result<WorkspaceRoot::Parent> WorkspaceRoot::parent(const std::string& name, bool create) const {
  const auto slash = name.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash);
  std::string leaf = slash == std::string::npos ? name : name.substr(slash + 1);
  if (leaf.empty() || leaf == "." || leaf == "..")
    return Error{ErrorKind::usage, "not a file name: " + name, "give a path inside the workspace"};
  if (create) {
    for (std::size_t i = 1; i <= folder.size(); ++i) {
      if (i != folder.size() && folder[i] != '/') continue;
      const std::string part = folder.substr(0, i);
      if (auto there = open_at(part, O_PATH | O_DIRECTORY); there.ok()) continue;
      const auto cut = part.rfind('/');
      WRIGHT_TRY(UniqueFd above, open_at(cut == std::string::npos ? "" : part.substr(0, cut), O_PATH | O_DIRECTORY));
      if (::mkdirat(above.get(), part.c_str() + (cut == std::string::npos ? 0 : cut + 1), 0777) != 0 && errno != EEXIST)
        return errno_error("create folder", part, errno);
    }
  }
  WRIGHT_TRY(UniqueFd fd, open_at(folder, O_RDONLY | O_DIRECTORY));
  return Parent{std::move(fd), std::move(leaf)};
}

Result<std::string> WorkspaceRoot::read(const std::string& name, std::size_t limit) const {
  WRIGHT_TRY(const UniqueFd fd, open_at(name, O_RDONLY | O_NONBLOCK));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return errno_error("stat", name, errno);
  if (!S_ISREG(st.st_mode))
    return Error{ErrorKind::usage, name + (S_ISDIR(st.st_mode) ? " is a folder" : " is not a regular file"), "name a file"};
  return read_fd(fd.get(), name, limit);
}

}  // namespace wright
