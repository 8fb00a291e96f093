// Loose objects through libgit2's object database; trees and commits are built here as bytes, because libgit2's builders refuse names
// that a working folder may hold. Durability: up to kSyncFiles new objects are synced one by one, more by one syncfs().
#include "tools/repo/object_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>

#include "base/file.h"
#include "tools/repo/git_handles.h"

namespace wright::tools {

namespace {

constexpr std::size_t kSyncFiles = 64;
constexpr int kTreeDepth = 512;
constexpr std::string_view kRefFolder = "refs/wright/";

bool good_path(const std::string& path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view part(path.data() + at, slash - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = slash + 1;
  }
  return true;
}

Result<void> check_ref_name(const std::string& name) {
  bool good = good_path(name) && name.size() < 200 && !name.ends_with(".lock") && name.find("..") == name.npos;
  for (const char c : name) good = good && (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '/');
  for (const char* bad : {"/.", "./"}) good = good && name.find(bad) == name.npos;
  if (!good || name[0] == '.') return Error{ErrorKind::usage, "not a name for a reference: '" + name + "'", ""};
  return {};
}

Result<git_oid> parse_id(const ObjectId& id) {
  git_oid out;
  if (id.size() != GIT_OID_HEXSZ || git_oid_fromstr(&out, id.c_str()) != 0)
    return Error{ErrorKind::usage, "not an object id: '" + id + "'", ""};
  return out;
}

Result<void> sync_path(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd.valid()) return errno_error("open", path, errno);
  if (::fsync(fd.get()) != 0) return errno_error("sync", path, errno);
  return {};
}

}  // namespace

struct ObjectStore::State {
  std::string folder;  // with a final '/'
  RepositoryHandle repository;
  OdbHandle odb;
  mutable std::mutex mutex;                // guards the rest and libgit2's objects
  std::vector<git_oid> fresh;              // written, not yet known to be on the disk
  bool many_fresh = false;                 // more than kSyncFiles of them

  std::string object_path(const git_oid& id) const {
    const std::string hex = id_text(id);
    return folder + "objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
  }

  Result<ObjectId> write(std::string_view bytes, git_object_t type) {
    git_oid id;
    if (const int code = git_odb_hash(&id, bytes.data(), bytes.size(), type); code != 0) return git_error_of(code, "hash an object");
    if (!git_odb_exists(odb.get(), &id)) {
      if (const int code = git_odb_write(&id, odb.get(), bytes.data(), bytes.size(), type); code != 0) {
        Error error = git_error_of(code, "store an object in " + folder);
        error.kind = ErrorKind::io;
        error.next = "is the disk full?";
        return error;
      }
      if (fresh.size() < kSyncFiles) fresh.push_back(id);
      else many_fresh = true;
    }
    return id_text(id);
  }

  Result<void> sync() {
    if (many_fresh) {
      const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!fd.valid() || ::syncfs(fd.get()) != 0) return errno_error("sync", folder, errno);
    } else {
      std::set<std::string> folders;
      for (const git_oid& id : fresh) {
        const std::string path = object_path(id);
        WRIGHT_CHECK(sync_path(path, 0));
        folders.insert(path.substr(0, path.rfind('/')));
      }
      if (!folders.empty()) folders.insert(folder + "objects");
      for (const std::string& f : folders) WRIGHT_CHECK(sync_path(f, O_DIRECTORY));
    }
    fresh.clear();
    many_fresh = false;
    return {};
  }

  struct Raw {
    OdbObjectHandle object;
    git_object_t type() const { return git_odb_object_type(object.get()); }
    std::string_view bytes() const {
      return {static_cast<const char*>(git_odb_object_data(object.get())), git_odb_object_size(object.get())};
    }
  };
  Result<Raw> read(const ObjectId& id) const {
    WRIGHT_TRY(const git_oid oid, parse_id(id));
    return read(oid);
  }
  Result<Raw> read(const git_oid& id) const {
    git_odb_object* raw = nullptr;
    if (const int code = git_odb_read(&raw, odb.get(), &id); code != 0) return git_error_of(code, "read object " + id_text(id));
    return Raw{OdbObjectHandle(raw)};
  }

  Result<ObjectId> write_tree(const std::vector<TreeFile>& files, std::size_t begin, std::size_t end, std::size_t prefix, int depth);
  template <class F>
  Result<void> each_entry(const git_oid& tree, F&& visit) const;
  Result<void> list(const git_oid& tree, const std::string& prefix, int depth, std::vector<TreeFile>& out) const;
  Result<Commit> read_commit(const ObjectId& id) const;
  Result<std::map<std::string, ObjectId>> refs(const std::string& prefix) const;
  Result<void> mark(const git_oid& id, std::set<std::string>& seen, const Context& context) const;
};

ObjectStore::ObjectStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ObjectStore::~ObjectStore() = default;

namespace {

// Made beside and moved into place whole, so that a full disk or a kill leaves no half of one.
Result<void> make_repository(const std::string& folder) {
  std::string name = folder;
  while (name.ends_with('/')) name.pop_back();
  const std::string fresh = name + ".new-" + std::to_string(::getpid());
  std::error_code error;
  std::filesystem::remove_all(fresh, error);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
  options.mode = 0700;
  git_repository* raw = nullptr;
  const int code = git_repository_init_ext(&raw, fresh.c_str(), &options);
  const RepositoryHandle made(raw);
  std::optional<Error> failure;
  if (code != 0) failure = git_error_of(code, "make the object store " + folder);
  else if (::rename(fresh.c_str(), name.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST) failure = errno_error("make", folder, errno);
  std::filesystem::remove_all(fresh, error);  // of a failure, or another process was first
  if (failure) return *failure;
  return {};
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> ObjectStore::open(const std::string& folder) {
  git_start();
  auto state = std::make_unique<State>();
  WRIGHT_CHECK(make_directories(folder, 0700));
  state->folder = folder.ends_with('/') ? folder : folder + "/";
  git_repository* raw = nullptr;
  int code = git_repository_open_bare(&raw, folder.c_str());
  if (code == GIT_ENOTFOUND) {
    if (!std::filesystem::is_empty(folder)) return Error{ErrorKind::invalid, folder + " holds something that is no object store", "move it away"};
    WRIGHT_CHECK(make_repository(folder));
    code = git_repository_open_bare(&raw, folder.c_str());
  }
  if (code != 0) return git_error_of(code, "open the object store " + folder);
  state->repository.reset(raw);
  git_odb* odb = nullptr;
  if (code = git_repository_odb(&odb, raw); code != 0) return git_error_of(code, "open the object store " + folder);
  state->odb.reset(odb);
  return std::unique_ptr<ObjectStore>(new ObjectStore(std::move(state)));
}

Result<ObjectId> ObjectStore::put_blob(std::string_view bytes) {
  std::lock_guard lock(state_->mutex);
  return state_->write(bytes, GIT_OBJECT_BLOB);
}

Result<ObjectId> ObjectStore::id_of_blob(std::string_view bytes) {
  git_start();
  git_oid id;
  if (const int code = git_odb_hash(&id, bytes.data(), bytes.size(), GIT_OBJECT_BLOB); code != 0) return git_error_of(code, "hash bytes");
  return id_text(id);
}

bool ObjectStore::has(const ObjectId& id) const {
  const auto oid = parse_id(id);
  std::lock_guard lock(state_->mutex);
  return oid.ok() && git_odb_exists(state_->odb.get(), &*oid) == 1;
}

Result<std::string> ObjectStore::get_blob(const ObjectId& id) const {
  std::lock_guard lock(state_->mutex);
  WRIGHT_TRY(const State::Raw raw, state_->read(id));
  if (raw.type() != GIT_OBJECT_BLOB) return Error{ErrorKind::invalid, "object " + id + " is no blob", ""};
  return std::string(raw.bytes());
}

// files[begin, end) share their first `prefix` bytes, a folder with its '/'.
Result<ObjectId> ObjectStore::State::write_tree(const std::vector<TreeFile>& files, std::size_t begin, std::size_t end,
                                                std::size_t prefix, int depth) {
  if (depth > kTreeDepth) return Error{ErrorKind::limit, fmt::format("folders nested over {} deep", kTreeDepth), ""};
  struct Entry {
    std::string name, sort, mode;
    git_oid id;
  };
  std::vector<Entry> entries;
  for (std::size_t i = begin; i < end;) {
    const std::string& path = files[i].path;
    const std::size_t slash = path.find('/', prefix);
    Entry e;
    ObjectId id;
    if (slash == path.npos) {
      e.name = e.sort = path.substr(prefix);
      e.mode = fmt::format("{:o}", static_cast<std::uint32_t>(files[i].mode));
      id = files[i++].id;
    } else {
      std::size_t stop = i;
      const std::string_view folder(path.data(), slash + 1);
      while (stop < end && files[stop].path.starts_with(folder)) ++stop;
      e.name = path.substr(prefix, slash - prefix);
      e.sort = e.name + "/";
      e.mode = "40000";
      WRIGHT_TRY(id, write_tree(files, i, stop, slash + 1, depth + 1));
      i = stop;
    }
    WRIGHT_TRY(e.id, parse_id(id));
    entries.push_back(std::move(e));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.sort < b.sort; });
  std::string bytes;
  std::set<std::string_view> names;
  for (const Entry& e : entries) {
    if (!names.insert(e.name).second) return Error{ErrorKind::usage, "two entries of a tree are named '" + e.name + "'", ""};
    bytes += e.mode + " " + e.name + '\0';
    bytes.append(reinterpret_cast<const char*>(e.id.id), GIT_OID_RAWSZ);
  }
  return write(bytes, GIT_OBJECT_TREE);
}

Result<ObjectId> ObjectStore::write_tree(std::vector<TreeFile> files) {
  for (const TreeFile& file : files)
    if (!good_path(file.path)) return Error{ErrorKind::usage, "not a path for a tree: '" + file.path + "'", ""};
  // A folder's files must stand together: '/' sorts before every other byte here.
  const auto less = [](unsigned char a, unsigned char b) { return (a == '/' ? 0 : a) < (b == '/' ? 0 : b); };
  std::sort(files.begin(), files.end(), [&](const TreeFile& a, const TreeFile& b) {
    return std::lexicographical_compare(a.path.begin(), a.path.end(), b.path.begin(), b.path.end(), less);
  });
  std::lock_guard lock(state_->mutex);
  return state_->write_tree(files, 0, files.size(), 0, 0);
}

// Calls visit(mode, name, id) for each entry.
template <class F>
Result<void> ObjectStore::State::each_entry(const git_oid& tree, F&& visit) const {
  WRIGHT_TRY(const Raw raw, read(tree));
  if (raw.type() != GIT_OBJECT_TREE) return Error{ErrorKind::invalid, "object " + id_text(tree) + " is no tree", ""};
  std::string_view rest = raw.bytes();
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' '), end = rest.find('\0');
    if (blank == rest.npos || end == rest.npos || blank > end || rest.size() - end <= GIT_OID_RAWSZ)
      return Error{ErrorKind::invalid, "tree " + id_text(tree) + " is malformed", ""};
    std::uint32_t mode = 0;
    for (const char c : rest.substr(0, blank)) mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
    git_oid id;
    git_oid_fromraw(&id, reinterpret_cast<const unsigned char*>(rest.data() + end + 1));
    WRIGHT_CHECK(visit(mode, std::string(rest.substr(blank + 1, end - blank - 1)), id));
    rest.remove_prefix(end + 1 + GIT_OID_RAWSZ);
  }
  return {};
}

Result<void> ObjectStore::State::list(const git_oid& tree, const std::string& prefix, int depth, std::vector<TreeFile>& out) const {
  if (depth > kTreeDepth) return Error{ErrorKind::limit, fmt::format("folders nested over {} deep", kTreeDepth), ""};
  return each_entry(tree, [&](std::uint32_t mode, std::string name, const git_oid& id) -> Result<void> {
    if (mode == 040000) return list(id, prefix + name + "/", depth + 1, out);
    out.push_back({prefix + name, static_cast<TreeMode>(mode), id_text(id)});
    return {};
  });
}

Result<std::vector<TreeFile>> ObjectStore::read_tree(const ObjectId& id) const {
  std::lock_guard lock(state_->mutex);
  WRIGHT_TRY(const State::Raw raw, state_->read(id));
  ObjectId tree = id;
  if (raw.type() == GIT_OBJECT_COMMIT) {
    WRIGHT_TRY(const Commit commit, state_->read_commit(id));
    tree = commit.tree;
  }
  WRIGHT_TRY(const git_oid oid, parse_id(tree));
  std::vector<TreeFile> out;
  WRIGHT_CHECK(state_->list(oid, "", 0, out));
  std::sort(out.begin(), out.end(), [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  return out;
}

Result<ObjectId> ObjectStore::commit(const ObjectId& tree, const std::vector<ObjectId>& parents, const std::string& message,
                                     std::int64_t time) {
  std::string text = "tree " + tree + "\n";
  WRIGHT_CHECK(parse_id(tree));
  for (const ObjectId& parent : parents) {
    WRIGHT_CHECK(parse_id(parent));
    text += "parent " + parent + "\n";
  }
  const std::string who = fmt::format("Wright <wright@localhost> {} +0000\n", time);
  text += "author " + who + "committer " + who + "\n" + message;
  std::lock_guard lock(state_->mutex);
  return state_->write(text, GIT_OBJECT_COMMIT);
}

Result<ObjectStore::Commit> ObjectStore::State::read_commit(const ObjectId& id) const {
  WRIGHT_TRY(const git_oid oid, parse_id(id));
  git_commit* raw = nullptr;
  if (const int code = git_commit_lookup(&raw, repository.get(), &oid); code != 0) return git_error_of(code, "read commit " + id);
  const CommitHandle owner(raw);
  Commit out;
  out.id = id;
  out.tree = id_text(*git_commit_tree_id(raw));
  for (unsigned i = 0; i < git_commit_parentcount(raw); ++i) out.parents.push_back(id_text(*git_commit_parent_id(raw, i)));
  out.message = git_commit_message_raw(raw);
  out.time = git_commit_time(raw);
  return out;
}

Result<ObjectStore::Commit> ObjectStore::read_commit(const ObjectId& id) const {
  std::lock_guard lock(state_->mutex);
  return state_->read_commit(id);
}

Result<void> ObjectStore::set_ref(const std::string& name, const ObjectId& id) {
  WRIGHT_CHECK(check_ref_name(name));
  WRIGHT_TRY(const git_oid oid, parse_id(id));
  std::lock_guard lock(state_->mutex);
  if (!git_odb_exists(state_->odb.get(), &oid)) return Error{ErrorKind::not_found, "object " + id + " is not in the store", ""};
  WRIGHT_CHECK(state_->sync());
  const std::string path = state_->folder + std::string(kRefFolder) + name;
  WRIGHT_CHECK(make_directories(path.substr(0, path.rfind('/')), 0700));
  return write_file_atomic(path, id + "\n", 0600);
}

Result<ObjectId> ObjectStore::ref(const std::string& name) const {
  WRIGHT_CHECK(check_ref_name(name));
  WRIGHT_TRY(std::string text, read_file(state_->folder + std::string(kRefFolder) + name, 100));
  while (text.ends_with('\n')) text.pop_back();
  WRIGHT_CHECK(parse_id(text));
  return text;
}

Result<void> ObjectStore::remove_ref(const std::string& name) {
  WRIGHT_CHECK(check_ref_name(name));
  std::lock_guard lock(state_->mutex);
  const std::string path = state_->folder + std::string(kRefFolder) + name;
  if (::unlink(path.c_str()) != 0) return errno_error("remove", path, errno);
  return {};
}

Result<std::map<std::string, ObjectId>> ObjectStore::State::refs(const std::string& prefix) const {
  std::map<std::string, ObjectId> out;
  namespace fs = std::filesystem;
  const std::string top = folder + std::string(kRefFolder);
  std::error_code error;
  for (fs::recursive_directory_iterator it(top, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().string().substr(top.size());
    if (!it->is_regular_file(error) || !name.starts_with(prefix) || !check_ref_name(name).ok()) continue;
    WRIGHT_TRY(std::string text, read_file(it->path().string(), 100));
    while (text.ends_with('\n')) text.pop_back();
    if (parse_id(text).ok()) out[name] = text;
  }
  if (error && error != std::errc::no_such_file_or_directory) return errno_error("list", top, error.value());
  return out;
}

Result<std::map<std::string, ObjectId>> ObjectStore::refs(const std::string& prefix) const {
  std::lock_guard lock(state_->mutex);
  return state_->refs(prefix);
}

Result<void> ObjectStore::sync() {
  std::lock_guard lock(state_->mutex);
  return state_->sync();
}

Result<void> ObjectStore::State::mark(const git_oid& start, std::set<std::string>& seen, const Context& context) const {
  std::vector<git_oid> open{start};
  while (!open.empty()) {
    WRIGHT_CHECK(context.check());
    const git_oid id = open.back();
    open.pop_back();
    if (!seen.insert(id_text(id)).second) continue;
    WRIGHT_TRY(const Raw raw, read(id));
    if (raw.type() == GIT_OBJECT_COMMIT) {
      WRIGHT_TRY(const Commit commit, read_commit(id_text(id)));
      std::vector<ObjectId> next = commit.parents;
      next.push_back(commit.tree);
      for (const ObjectId& n : next) {
        WRIGHT_TRY(const git_oid oid, parse_id(n));
        open.push_back(oid);
      }
    } else if (raw.type() == GIT_OBJECT_TREE) {
      WRIGHT_CHECK(each_entry(id, [&](std::uint32_t mode, const std::string&, const git_oid& below) -> Result<void> {
        if (mode == 040000) open.push_back(below);
        else seen.insert(id_text(below));
        return {};
      }));
    }
  }
  return {};
}

Result<std::uint64_t> ObjectStore::prune(std::int64_t age_seconds, const Context& context) {
  std::lock_guard lock(state_->mutex);
  WRIGHT_TRY(const auto names, state_->refs(""));
  std::set<std::string> seen;
  for (const auto& [name, id] : names) {
    WRIGHT_TRY(const git_oid oid, parse_id(id));
    WRIGHT_CHECK(state_->mark(oid, seen, context));
  }
  namespace fs = std::filesystem;
  const std::string top = state_->folder + "objects/";
  const std::int64_t now = ::time(nullptr);
  std::uint64_t freed = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(top, error), end; !error && it != end; it.increment(error)) {
    WRIGHT_CHECK(context.check());
    const std::string path = it->path().string();
    std::string id = path.substr(top.size());
    if (id.size() != 41 || id[2] != '/') continue;
    id.erase(2, 1);
    struct stat st{};
    if (seen.count(id) || ::lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode) || now - st.st_mtime < age_seconds) continue;
    if (::unlink(path.c_str()) == 0) freed += static_cast<std::uint64_t>(st.st_size);
  }
  git_odb_refresh(state_->odb.get());
  return freed;
}

}  // namespace wright::tools
