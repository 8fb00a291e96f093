#include "agent/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <thread>

#include "agent/folder_scan.h"
#include "base/limits.h"

namespace wright::agent {
namespace {

using Kind = FileState::Kind;
constexpr std::string_view kMagic = "wright manifest 1\n";
constexpr std::uint64_t kTotalBytes = std::uint64_t{4} << 30;  // of one manifest together
constexpr unsigned kThreads = 8;
constexpr std::size_t kFewEntries = 2000;      // one thread is quicker
constexpr std::int64_t kGrainNs = 50'000'000;  // coarser than any kernel's time stamps on local disks

std::string hex(std::string_view raw) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : raw) out += kDigits[c >> 4], out += kDigits[c & 15];
  return out;
}

std::string raw(std::string_view hex_text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex_text.size(); i += 2) out += static_cast<char>(digit(hex_text[i]) * 16 + digit(hex_text[i + 1]));
  return out;
}

std::int64_t ns(const timespec& t) { return t.tv_sec * 1'000'000'000LL + t.tv_nsec; }

// The order in which a walk meets names: as bytes, but '/' before all others.
bool walk_less(std::string_view a, std::string_view b) {
  const auto [i, j] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (j == b.end()) return false;
  if (i == a.end()) return true;
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return rank(*i) < rank(*j);
}

bool same_stat(const ManifestEntry& a, const ManifestEntry& b) {
  return a.kind == b.kind && a.mode == b.mode && a.size == b.size && a.inode == b.inode && a.mtime_ns == b.mtime_ns && a.ctime_ns == b.ctime_ns;
}

// Turns a scan into entries; reads what is not known yet.
class Walk {
 public:
  Walk(const Context& context, const WorkspaceRoot& root, tools::ObjectStore& store, Manifest& before, bool consume)
      : context_(context), root_(root), store_(store), before_(before), consume_(consume) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now_ns_ = ns(now);
    out.entries.reserve(before.entries.size() + 64);
  }

  Result<void> folder(const ScannedFolder& found, const std::string& prefix) {
    WRIGHT_CHECK(context_.check());
    for (const ScannedName& name : found.names) WRIGHT_CHECK(entry(name, prefix + name.leaf));
    return {};
  }

  Manifest out;

 private:
  Result<void> entry(const ScannedName& found, std::string name) {
    if (found.git) return skip(name);
    if (!found.there) return found.vanished ? Result<void>() : skip(name);
    ManifestEntry e;
    e.name = std::move(name);
    e.mode = found.mode & 07777;
    e.inode = found.inode;
    if (found.below) {
      // Times and sizes of folders follow their entries, which are looked at anyway.
      e.kind = Kind::folder;
      const std::string below = e.name + "/";
      note(e);
      return found.below->readable ? folder(*found.below, below) : skip(below);
    }
    e.kind = S_ISREG(found.mode) ? Kind::file : S_ISLNK(found.mode) ? Kind::link : Kind::other;
    if (e.kind == Kind::other) return skip(e.name);
    e.size = found.size;
    e.mtime_ns = found.mtime_ns;
    e.ctime_ns = found.ctime_ns;
    total_ += e.size;
    if (e.size > limits::kCheckpointFileBytes || total_ > kTotalBytes) return skip(e.name);
    ManifestEntry* const known = seen_before(e.name);
    if (known && same_stat(*known, e)) {
      if (consume_) out.entries.push_back(std::move(*known));
      else out.entries.push_back(*known);
      return {};
    }
    if ((++reads_ & 255) == 0) WRIGHT_CHECK(context_.check());
    if (!read(e)) return skip(e.name);
    if (e.ctime_ns > now_ns_ - kGrainNs) e.ctime_ns = 0;
    out.moved = true;
    out.entries.push_back(std::move(e));
    return {};
  }

  void note(const ManifestEntry& e) {
    const ManifestEntry* known = seen_before(e.name);
    if (!known || !same_stat(*known, e)) out.moved = true;
    out.entries.push_back(e);
  }

  Result<void> skip(const std::string& name) {
    out.not_covered.push_back(name);
    return {};
  }

  // Both lists are in the order of the walk, so one cursor suffices.
  ManifestEntry* seen_before(const std::string& name) {
    auto& list = before_.entries;
    while (cursor_ < list.size() && list[cursor_].name != name && walk_less(list[cursor_].name, name)) ++cursor_;
    return cursor_ < list.size() && list[cursor_].name == name ? &list[cursor_] : nullptr;
  }

  // Reads the bytes, which may be newer than the scan's stat, so the stat is taken again from what was opened. False when they cannot
  // be read.
  bool read(ManifestEntry& e) {
    if (e.kind == Kind::link) {
      const auto parent = root_.parent(e.name, false);
      char target[PATH_MAX];
      const ssize_t n = parent.ok() ? ::readlinkat(parent->folder.get(), parent->leaf.c_str(), target, sizeof target) : -1;
      if (n >= 0) e.content.assign(target, static_cast<std::size_t>(n));
      return n >= 0;
    }
    const auto fd = root_.open_at(e.name, O_RDONLY | O_NONBLOCK, 0, true);
    struct stat st{};
    if (!fd.ok() || ::fstat(fd->get(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
    e.mode = st.st_mode & 07777;
    e.inode = st.st_ino;
    e.size = static_cast<std::uint64_t>(st.st_size);
    e.mtime_ns = ns(st.st_mtim);
    e.ctime_ns = ns(st.st_ctim);
    const auto bytes = read_fd(fd->get(), e.name, limits::kCheckpointFileBytes);
    if (!bytes.ok()) return false;
    const auto id = store_.put_blob(*bytes);
    if (!id.ok()) return false;
    ++out.read;
    e.content = raw(*id);
    return true;
  }

  const Context& context_;
  const WorkspaceRoot& root_;
  tools::ObjectStore& store_;
  Manifest& before_;
  const bool consume_;
  std::size_t cursor_ = 0, reads_ = 0;
  std::uint64_t total_ = 0;
  std::int64_t now_ns_ = 0;
};

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

// Reads what put() wrote; `good` turns false at the first short field.
struct Source {
  std::string_view rest;
  bool good = true;
  template <class T>
  T get() {
    T value{};
    if (rest.size() < sizeof value) return good = false, value;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint32_t size = get<std::uint32_t>();
    if (rest.size() < size) return good = false, "";
    std::string out(rest.substr(0, size));
    rest.remove_prefix(size);
    return out;
  }
};

}  // namespace

FileState ManifestEntry::state() const {
  if (kind == Kind::link) return {kind, 0, content};
  return {kind, mode, kind == Kind::file ? hex(content) : ""};
}

Result<Manifest> take_manifest(const Context& context, const WorkspaceRoot& root, tools::ObjectStore& store, Manifest& before, bool consume) {
  // The time is taken before the scan: what changes during it is looked at again next time.
  Walk walk(context, root, store, before, consume);
  const unsigned threads = before.entries.size() < kFewEntries ? 1 : std::clamp(std::thread::hardware_concurrency(), 1u, kThreads);
  WRIGHT_TRY(const ScannedFolder found, scan_folders(context, root, threads));
  WRIGHT_CHECK(walk.folder(found, ""));
  walk.out.moved = walk.out.moved || walk.out.entries.size() != before.entries.size() || walk.out.not_covered != before.not_covered;
  return std::move(walk.out);
}

std::map<std::string, std::pair<FileState, FileState>> compare(const Manifest& before, const Manifest& after) {
  std::map<std::string, std::pair<FileState, FileState>> out;
  auto a = before.entries.begin(), b = after.entries.begin();
  while (a != before.entries.end() || b != after.entries.end()) {
    if (b == after.entries.end() || (a != before.entries.end() && walk_less(a->name, b->name))) {
      out[a->name] = {a->state(), {}};
      ++a;
    } else if (a == before.entries.end() || walk_less(b->name, a->name)) {
      out[b->name] = {{}, b->state()};
      ++b;
    } else {
      if (a->kind != b->kind || a->mode != b->mode || a->content != b->content) out[a->name] = {a->state(), b->state()};
      ++a, ++b;
    }
  }
  // What is not covered now was not necessarily removed.
  for (const auto* list : {&before.not_covered, &after.not_covered})
    for (const std::string& name : *list) {
      if (name.ends_with('/')) std::erase_if(out, [&](const auto& entry) { return entry.first.starts_with(name); });
      else out.erase(name);
    }
  return out;
}

Result<void> save_manifest(const std::string& path, const Manifest& manifest) {
  std::string out(kMagic);
  out.reserve(manifest.entries.size() * 128);
  put(out, static_cast<std::uint32_t>(manifest.entries.size()));
  for (const ManifestEntry& e : manifest.entries) {
    put_text(out, e.name);
    put(out, e.kind);
    put(out, e.mode);
    put(out, e.size);
    put(out, e.inode);
    put(out, e.mtime_ns);
    put(out, e.ctime_ns);
    put_text(out, e.content);
  }
  put(out, static_cast<std::uint32_t>(manifest.not_covered.size()));
  for (const std::string& name : manifest.not_covered) put_text(out, name);
  return write_file_atomic(path, out, 0600, false);
}

Result<Manifest> load_manifest(const std::string& path) {
  WRIGHT_TRY(const MappedFile file, MappedFile::open(path));
  Source in{file.text()};
  Manifest out;
  if (!in.rest.starts_with(kMagic)) return Error{ErrorKind::invalid, path + " is no manifest of this version", ""};
  in.rest.remove_prefix(kMagic.size());
  const std::uint32_t count = in.get<std::uint32_t>();
  out.entries.reserve(std::min<std::size_t>(count, in.rest.size() / 40));
  for (std::uint32_t i = 0; in.good && i < count; ++i) {
    ManifestEntry& e = out.entries.emplace_back();
    e.name = in.text();
    e.kind = in.get<Kind>();
    e.mode = in.get<std::uint32_t>();
    e.size = in.get<std::uint64_t>();
    e.inode = in.get<std::uint64_t>();
    e.mtime_ns = in.get<std::int64_t>();
    e.ctime_ns = in.get<std::int64_t>();
    e.content = in.text();
  }
  const std::uint32_t uncovered = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; in.good && i < uncovered; ++i) out.not_covered.push_back(in.text());
  if (!in.good || !in.rest.empty()) return Error{ErrorKind::invalid, path + " is damaged", ""};
  return out;
}

}  // namespace wright::agent
