#include "agent/file_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <nlohmann/json.hpp>

#include "agent/store.h"
#include "base/json.h"
#include "base/utf8.h"

namespace wright::agent {
namespace {

using Kind = FileState::Kind;
constexpr unsigned kPermissions = 07777;

Kind kind_of(mode_t mode) {
  return S_ISREG(mode) ? Kind::file : S_ISLNK(mode) ? Kind::link : S_ISDIR(mode) ? Kind::folder : Kind::other;
}

Result<void> write_whole(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("restore", name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> remove_leaf(int folder, const char* leaf, const std::string& name) {
  struct stat st{};
  if (::fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? Result<void>() : errno_error("look at", name, errno);
  const bool is_folder = S_ISDIR(st.st_mode);
  if (::unlinkat(folder, leaf, is_folder ? AT_REMOVEDIR : 0) == 0 || (is_folder && (errno == ENOTEMPTY || errno == EEXIST))) return {};
  return errno_error("remove", name, errno);
}

Result<void> restore_file(int folder, const std::string& leaf, const std::string& name, const std::string& bytes, unsigned mode) {
  struct stat st{};
  const bool there = ::fstatat(folder, leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && S_ISREG(st.st_mode) && st.st_nlink > 1) {
    const UniqueFd fd(::openat(folder, leaf.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return errno_error("restore", name, errno);
    WRIGHT_CHECK(write_whole(fd.get(), bytes, name));
    return ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0 ? Result<void>() : errno_error("restore", name, errno);
  }
  if (there && S_ISDIR(st.st_mode)) WRIGHT_CHECK(remove_leaf(folder, leaf.c_str(), name));
  const std::string draft = ".wright-" + random_hex(16);
  const UniqueFd fd(::openat(folder, draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error("restore", name, errno);
  Result<void> done = write_whole(fd.get(), bytes, name);
  if (done.ok() && there && (st.st_uid != ::geteuid() || st.st_gid != ::getegid())) (void)!::fchown(fd.get(), st.st_uid, st.st_gid);
  if (done.ok() && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0)) done = errno_error("restore", name, errno);
  if (done.ok() && ::renameat(folder, draft.c_str(), folder, leaf.c_str()) != 0) done = errno_error("restore", name, errno);
  if (!done.ok()) ::unlinkat(folder, draft.c_str(), 0);
  return done;
}

Result<void> restore_link(int folder, const std::string& leaf, const std::string& name, const std::string& target) {
  const std::string draft = ".wright-" + random_hex(16);
  if (::symlinkat(target.c_str(), folder, draft.c_str()) != 0) return errno_error("restore the link", name, errno);
  struct stat st{};
  if (::fstatat(folder, leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) ::unlinkat(folder, leaf.c_str(), AT_REMOVEDIR);
  if (::renameat(folder, draft.c_str(), folder, leaf.c_str()) == 0) return {};
  const Error error = errno_error("restore the link", name, errno);
  ::unlinkat(folder, draft.c_str(), 0);
  return error;
}

Result<void> restore_folder(int parent, const std::string& leaf, const std::string& name, unsigned mode) {
  struct stat st{};
  if (::fstatat(parent, leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)) WRIGHT_CHECK(remove_leaf(parent, leaf.c_str(), name));
  if (::mkdirat(parent, leaf.c_str(), mode | 0700) != 0 && errno != EEXIST) return errno_error("restore the folder", name, errno);
  if (::fchmodat(parent, leaf.c_str(), mode, 0) != 0) return errno_error("restore the folder", name, errno);
  return {};
}

}  // namespace

nlohmann::json bytes_to_json(const std::string& bytes) {
  if (utf8::valid(bytes)) return bytes;
  Json out = Json::array();
  for (const char c : bytes) out.push_back(static_cast<unsigned char>(c));
  return out;
}

Result<std::string> bytes_from_json(const nlohmann::json& json) {
  const JsonView view(json, "name");
  if (!json.is_array()) return view.string();
  std::string out;
  for (std::size_t i = 0; i < view.size(); ++i) {
    WRIGHT_TRY(const JsonView byte, view.at(i));
    WRIGHT_TRY(const std::int64_t value, byte.integer());
    out += static_cast<char>(value);
  }
  return out;
}

nlohmann::json to_json(const FileState& state) {
  Json out = {{"kind", std::string(1, static_cast<char>(state.kind))}};
  if (state.mode) out["mode"] = state.mode;
  if (!state.content.empty()) out["content"] = bytes_to_json(state.content);
  return out;
}

Result<FileState> file_state_from_json(const nlohmann::json& json) {
  const JsonView view(json, "state");
  FileState out;
  WRIGHT_TRY(const std::string kind, view.string_or("kind", ""));
  if (kind.size() != 1 || std::string_view("-fldo").find(kind[0]) == std::string_view::npos) return view.error("unknown kind");
  out.kind = static_cast<Kind>(kind[0]);
  WRIGHT_TRY(const std::int64_t mode, view.integer_or("mode", 0));
  out.mode = static_cast<unsigned>(mode);
  if (!view.has("content")) return out;
  WRIGHT_TRY(const JsonView content, view.at("content"));
  WRIGHT_TRY(out.content, bytes_from_json(content.raw()));
  return out;
}

Result<FileState> capture(const WorkspaceRoot& root, tools::ObjectStore& store, const std::string& name, bool keep) {
  FileState out;
  auto parent = root.parent(name, false);
  if (!parent.ok()) {
    if (parent.error().kind == ErrorKind::not_found) return out;
    return parent.error();
  }
  struct stat st{};
  if (::fstatat(parent->folder.get(), parent->leaf.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return out;
    return errno_error("look at", name, errno);
  }
  out.kind = kind_of(st.st_mode);
  if (out.kind == Kind::link) {
    char target[PATH_MAX];
    const ssize_t n = ::readlinkat(parent->folder.get(), parent->leaf.c_str(), target, sizeof target);
    if (n < 0) return errno_error("read the link", name, errno);
    out.content.assign(target, static_cast<std::size_t>(n));
    return out;
  }
  out.mode = st.st_mode & kPermissions;
  if (out.kind != Kind::file) return out;
  const UniqueFd fd(::openat(parent->folder.get(), parent->leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return errno_error("read", name, errno);
  WRIGHT_TRY(const std::string bytes, read_fd(fd.get(), name));
  WRIGHT_TRY(out.content, keep ? store.put_blob(bytes) : tools::ObjectStore::id_of_blob(bytes));
  return out;
}

Result<void> restore(const WorkspaceRoot& root, const tools::ObjectStore& store, const std::string& name, const FileState& state) {
  if (state.kind == Kind::other) return Error{ErrorKind::failed, name + " was a pipe, socket or device, which cannot be restored", ""};
  auto parent = root.parent(name, state.kind != Kind::absent);
  if (!parent.ok() && state.kind == Kind::absent && parent.error().kind == ErrorKind::not_found) return {};
  if (!parent.ok()) return parent.error();
  const int folder = parent->folder.get();
  switch (state.kind) {
    case Kind::absent: return remove_leaf(folder, parent->leaf.c_str(), name);
    case Kind::link: return restore_link(folder, parent->leaf, name, state.content);
    case Kind::folder: return restore_folder(folder, parent->leaf, name, state.mode);
    default: break;
  }
  WRIGHT_TRY(const std::string bytes, store.get_blob(state.content));
  return restore_file(folder, parent->leaf, name, bytes, state.mode);
}

}  // namespace wright::agent
