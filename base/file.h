// Files: owned descriptors, read-only mappings, durable atomic writes, and WorkspaceRoot, the only way in which tools
// open what lies in a user's folder (openat2 with RESOLVE_BENEATH | NO_MAGICLINKS: no path leads out, no race).
// Objects are single-owner and movable; distinct objects may be used from distinct threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wright {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& o) noexcept : fd_(o.release()) {}
  UniqueFd& operator=(UniqueFd&& o) noexcept {
    if (this != &o) reset(o.release());
    return *this;
  }
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// A whole file mapped read-only. Bytes stay valid while this lives; a file cut short meanwhile raises SIGBUS, so map only
// files that nobody rewrites in place.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& o) noexcept;
  MappedFile& operator=(MappedFile&& o) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::string& path() const { return path_; }

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::string path_;
};

// An `io` (or not_found) error from errno: "cannot open PATH: No such file or directory".
Error errno_error(std::string_view what, std::string_view path, int error_number);

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes = SIZE_MAX);
Result<std::string> read_fd(int fd, std::string_view name, std::size_t limit_bytes = SIZE_MAX);
// Writes beside the target, syncs, renames. `sync` false: without fdatasync (caches).
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644, bool sync = true);
Result<void> make_directories(const std::string& path, unsigned mode = 0755);
bool exists(const std::string& path);

// A folder opened once. All names are relative to it, '/'-separated; "..", absolute names and links that lead outside are
// refused by the kernel. Symlinks that stay inside are followed unless `nofollow`.
class WorkspaceRoot {
 public:
  static Result<WorkspaceRoot> open(const std::string& folder);
  // `flags` as open(2); `mode` with O_CREAT.
  Result<UniqueFd> open_at(const std::string& name, int flags, unsigned mode = 0, bool nofollow = false) const;
  // The parent folder of `name` (created when `create`), and the last component.
  struct Parent {
    UniqueFd folder;
    std::string leaf;
  };
  Result<Parent> parent(const std::string& name, bool create) const;
  Result<std::string> read(const std::string& name, std::size_t limit_bytes) const;
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }  // absolute, no final slash

 private:
  UniqueFd fd_;
  std::string path_;
};

}  // namespace wright
