#include "agent/search/copied_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"

namespace wright::agent::search {

namespace fs = std::filesystem;

namespace {

bool same_entry(const struct stat& a, const struct stat& b) {
  if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT)) return false;
  if (S_ISDIR(a.st_mode)) return (a.st_mode & 07777) == (b.st_mode & 07777);
  return a.st_size == b.st_size && a.st_mode == b.st_mode && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

void remove_entry(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

Result<void> copy_entry(const std::string& from, const struct stat& st, const std::string& to) {
  std::error_code failed;
  if (S_ISLNK(st.st_mode)) fs::copy_symlink(from, to, failed);
  else if (S_ISDIR(st.st_mode)) fs::create_directory(to, failed);
  else if (S_ISREG(st.st_mode)) fs::copy_file(from, to, fs::copy_options::overwrite_existing, failed);
  else return {};  // a socket or pipe: it has no content
  if (failed) return errno_error("copy", from, failed.value());
  if (!S_ISLNK(st.st_mode)) ::chmod(to.c_str(), st.st_mode & 07777);
  const timespec times[2] = {st.st_atim, st.st_mtim};
  ::utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW);
  return {};
}

}  // namespace

Result<void> restore_copy(const std::string& original, const std::string& copy) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(copy, failed)) {
    struct stat there{};
    if (::lstat((original + "/" + entry.path().filename().string()).c_str(), &there) != 0 && errno == ENOENT) remove_entry(entry.path().string());
  }
  if (failed) return errno_error("read", copy, failed.value());
  for (const auto& entry : fs::directory_iterator(original, failed)) {
    const std::string from = entry.path().string(), to = copy + "/" + entry.path().filename().string();
    struct stat want{}, have{};
    if (::lstat(from.c_str(), &want) != 0) continue;  // gone meanwhile
    const bool there = ::lstat(to.c_str(), &have) == 0;
    if (!there || !same_entry(want, have)) {
      if (there && (want.st_mode & S_IFMT) != (have.st_mode & S_IFMT)) remove_entry(to);
      if (there && S_ISLNK(want.st_mode)) remove_entry(to);
      if (!(there && S_ISDIR(want.st_mode) && S_ISDIR(have.st_mode))) WRIGHT_CHECK(copy_entry(from, want, to));
      else ::chmod(to.c_str(), want.st_mode & 07777);
    }
    if (S_ISDIR(want.st_mode)) WRIGHT_CHECK(restore_copy(from, to));
  }
  if (failed) return errno_error("read", original, failed.value());
  return {};
}

}  // namespace wright::agent::search
