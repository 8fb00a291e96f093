#include "tools/repo/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "tools/repo/ignore.h"

namespace wright::tools {

namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

struct Child {
  std::string name;
  WalkEntry::Kind kind;
};

WalkEntry::Kind kind_of(unsigned char type) {
  return type == DT_REG ? WalkEntry::Kind::file : type == DT_DIR ? WalkEntry::Kind::folder
       : type == DT_LNK ? WalkEntry::Kind::link : WalkEntry::Kind::other;
}
WalkEntry::Kind kind_of_mode(unsigned mode) {
  return S_ISREG(mode) ? WalkEntry::Kind::file : S_ISDIR(mode) ? WalkEntry::Kind::folder
       : S_ISLNK(mode) ? WalkEntry::Kind::link : WalkEntry::Kind::other;
}

class Walker {
 public:
  Walker(const WorkspaceRoot& root, const WalkOptions& options, const Context& context)
      : options_(options), context_(context), ignore_(Ignore::open(root)) {
    out_.repository = ignore_.has_repository();
  }

  Result<void> folder(UniqueFd fd, const std::string& name, int depth) {
    WRIGHT_CHECK(context_.check());
    const std::unique_ptr<DIR, DirCloser> dir(::fdopendir(fd.get()));
    if (!dir) {
      out_.unreadable.push_back(name);
      return {};
    }
    const int at = fd.release();
    std::vector<Child> children = list(dir.get(), at);
    ignore_.push(name);
    const std::string prefix = name.empty() ? "" : name + "/";
    for (Child& child : children) {
      if (out_.truncated) break;
      WRIGHT_CHECK(entry(at, prefix, child, depth));
    }
    ignore_.pop();
    return {};
  }

  // The rules of the folders above where the walk begins.
  void enter_parents(const std::string& under) {
    if (under.empty()) return;
    ignore_.push("");
    for (std::size_t slash = under.find('/'); slash != under.npos; slash = under.find('/', slash + 1)) ignore_.push(under.substr(0, slash));
  }

  Walk take() { return std::move(out_); }

 private:
  static std::vector<Child> list(DIR* dir, int at) {
    std::vector<Child> out;
    while (const dirent* e = ::readdir(dir)) {
      const std::string_view leaf = e->d_name;
      if (leaf == "." || leaf == "..") continue;
      Child child{std::string(leaf), kind_of(e->d_type)};
      if (e->d_type == DT_UNKNOWN) {
        struct stat st{};
        if (::fstatat(at, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        child.kind = kind_of_mode(st.st_mode);
      }
      out.push_back(std::move(child));
    }
    std::sort(out.begin(), out.end(), [](const Child& a, const Child& b) { return a.name < b.name; });
    return out;
  }

  Result<void> entry(int at, const std::string& prefix, const Child& child, int depth) {
    const bool is_folder = child.kind == WalkEntry::Kind::folder;
    if (child.name == ".git" || (is_folder && !options_.heavy_folders && is_heavy_folder(child.name))) return {};
    const bool linkish = child.kind == WalkEntry::Kind::link || child.kind == WalkEntry::Kind::other;
    if (linkish && !options_.links) return {};
    const std::string name = prefix + child.name;
    if (options_.ignore_rules && ignore_.ignores(name, is_folder)) return {};
    if (is_folder) {
      if (options_.folders && (!options_.globs || options_.globs->matches(name))) WRIGHT_CHECK(add(at, child, name));
      if (depth <= 1 && options_.depth >= kWalkDepth) out_.unreadable.push_back(name);
      if (depth <= 1 || (options_.globs && !options_.globs->may_match_below(name))) return {};
      UniqueFd below(::openat(at, child.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below.valid()) {
        if (errno == EMFILE || errno == ENFILE) return errno_error("open", name, errno);
        out_.unreadable.push_back(name);
        return {};
      }
      return folder(std::move(below), name, depth - 1);
    }
    if (options_.globs && !options_.globs->matches(name)) return {};
    return add(at, child, name);
  }

  Result<void> add(int at, const Child& child, const std::string& name) {
    if (out_.entries.size() >= options_.limit) {
      out_.truncated = true;
      return {};
    }
    WalkEntry e;
    e.name = name;
    e.kind = child.kind;
    if (options_.details) {
      struct stat st{};
      if (::fstatat(at, child.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return {};  // gone meanwhile
      e.size = static_cast<std::uint64_t>(st.st_size);
      e.mtime_ns = st.st_mtim.tv_sec * 1'000'000'000LL + st.st_mtim.tv_nsec;
      e.ctime_ns = st.st_ctim.tv_sec * 1'000'000'000LL + st.st_ctim.tv_nsec;
      e.inode = st.st_ino;
      e.executable = (st.st_mode & 0111) != 0;
    }
    out_.entries.push_back(std::move(e));
    return {};
  }

  const WalkOptions& options_;
  const Context& context_;
  Ignore ignore_;
  Walk out_;
};

}  // namespace

Result<Walk> walk(const WorkspaceRoot& root, const WalkOptions& options, const Context& context) {
  std::string under = options.under == "." ? "" : options.under;
  while (under.ends_with('/')) under.pop_back();
  WRIGHT_TRY(UniqueFd fd, root.open_at(under, O_RDONLY | O_DIRECTORY));
  Walker walker(root, options, context);
  walker.enter_parents(under);
  WRIGHT_CHECK(walker.folder(std::move(fd), under, options.depth));
  return walker.take();
}

}  // namespace wright::tools
