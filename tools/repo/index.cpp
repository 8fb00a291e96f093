#include "tools/repo/index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>

#include "base/limits.h"
#include "base/trace.h"
#include "tools/repo/walk.h"

namespace wright::tools {

namespace {

constexpr unsigned kThreads = 4;
constexpr std::int64_t kRacyNs = 50'000'000;          // a file written this shortly before it was read may change unseen
constexpr std::size_t kGeneratedBytes = 64 * 1024;    // a file this large …
constexpr std::size_t kGeneratedLine = 20'000;        // … with a line this long is no source of a person's

std::int64_t now_ns() {
  struct timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

bool generated(std::string_view text) {
  if (text.size() < kGeneratedBytes) return false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end - at > kGeneratedLine) return true;
    at = end + 1;
  }
  return false;
}

void parse_into(IndexedFile& file, std::string text, const Context& context) {
  if (text.find('\0') != text.npos) {
    file.skipped = "binary";
    return;
  }
  if (generated(text)) {
    file.skipped = fmt::format("generated: a line over {} bytes", kGeneratedLine);
    return;
  }
  const auto tree = SyntaxTree::parse(file.language, std::move(text), context);
  auto symbols = tree.ok() ? file_symbols(*tree, context) : Result<FileSymbols>(tree.error());
  if (!symbols.ok()) {
    file.skipped = symbols.error().message;
    return;
  }
  // A file without a single reference, in a language whose query knows none, refers to every name in it.
  std::vector<NameUse> uses = std::move(symbols->references);
  if (uses.empty() && !symbols->definitions.empty()) uses = all_names(*tree);
  file.definitions = std::move(symbols->definitions);
  std::unordered_map<std::string_view, std::uint32_t> counts;
  for (const NameUse& use : uses) ++counts[use.name];
  file.references.reserve(counts.size());
  for (const auto& [name, count] : counts) file.references.emplace_back(name, count);
  std::sort(file.references.begin(), file.references.end());
  file.definitions.shrink_to_fit();
}

std::shared_ptr<const IndexedFile> read_and_parse(const WorkspaceRoot& root, const WalkEntry& entry, Language language, const Context& context) {
  auto file = std::make_shared<IndexedFile>();
  file->name = entry.name;
  file->language = language;
  file->size = entry.size;
  file->inode = entry.inode;
  file->mtime_ns = now_ns() - entry.mtime_ns < kRacyNs ? -1 : entry.mtime_ns;
  file->ctime_ns = entry.ctime_ns;
  if (entry.size > limits::kIndexFileBytes) {
    file->skipped = fmt::format("over {} MB", limits::kIndexFileBytes / (1024 * 1024));
    return file;
  }
  auto text = root.read(entry.name, limits::kIndexFileBytes);
  if (!text.ok()) file->skipped = text.error().message;
  else parse_into(*file, std::move(*text), context);
  return file;
}

bool same(const IndexedFile& file, const WalkEntry& entry) {
  return file.size == entry.size && file.inode == entry.inode && file.mtime_ns == entry.mtime_ns && file.ctime_ns == entry.ctime_ns;
}

// The language of an entry, from its name, else from its first line.
std::optional<Language> language_of_entry(const WorkspaceRoot& root, const WalkEntry& entry) {
  const std::size_t slash = entry.name.rfind('/');
  const std::string_view leaf = std::string_view(entry.name).substr(slash == std::string::npos ? 0 : slash + 1);
  std::optional<Language> found = language_of(leaf);
  if (!found && leaf.find('.') == leaf.npos && entry.executable) {
    if (const auto fd = root.open_at(entry.name, O_RDONLY | O_NONBLOCK, 0, true); fd.ok()) {
      char head[128];
      const ssize_t got = ::pread(fd->get(), head, sizeof head, 0);
      if (got > 0) found = language_of(leaf, std::string_view(head, static_cast<std::size_t>(got)));
    }
  }
  return found == Language::json ? std::nullopt : found;
}

bool looks_like_test(std::string_view name) {
  for (const std::string_view word : {"test/", "tests/", "test_", "_test.", ".test.", ".spec.", "__tests__/"})
    if (name.find(word) != name.npos) return true;
  return false;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// 0 equal, 1 equal but for case, 2 prefix, 3 inside, 4 not at all; without case from 1 on.
int closeness(std::string_view name, std::string_view query) {
  if (name == query) return 0;
  const auto equal = [](char a, char b) { return lower(a) == lower(b); };
  const auto at = std::search(name.begin(), name.end(), query.begin(), query.end(), equal);
  if (at == name.end() && !query.empty()) return 4;
  if (at != name.begin()) return 3;
  return name.size() == query.size() ? 1 : 2;
}

std::size_t shared_folders(std::string_view a, std::string_view b) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) out += a[i] == '/';
  return out;
}

}  // namespace

std::string qualified_name(const SymbolHit& hit) {
  std::string out;
  for (int i = hit.index; i >= 0; i = hit.file->definitions[static_cast<std::size_t>(i)].parent) {
    const Symbol& s = hit.file->definitions[static_cast<std::size_t>(i)];
    const std::string part = s.scope.empty() ? s.name : s.scope + "::" + s.name;
    out = out.empty() ? part : part + "." + out;
  }
  return out;
}

void RepoSnapshot::build() {
  for (const auto& file : files)
    for (std::size_t i = 0; i < file->definitions.size(); ++i)
      by_name_[file->definitions[i].name].push_back({file.get(), static_cast<int>(i)});
}

const IndexedFile* RepoSnapshot::find(std::string_view name) const {
  const auto at = std::lower_bound(files.begin(), files.end(), name, [](const auto& file, std::string_view n) { return file->name < n; });
  return at != files.end() && (*at)->name == name ? at->get() : nullptr;
}

std::vector<SymbolHit> RepoSnapshot::definitions(std::string_view name, std::string_view near) const {
  // "path:name" and qualifiers: the last part is the name, what stands before must occur in the qualified name or the path.
  std::vector<std::string> around;
  std::string file;
  if (const std::size_t colon = name.rfind(':'); colon != name.npos && colon > 0 && name[colon - 1] != ':') {
    file = std::string(name.substr(0, colon));
    name = name.substr(colon + 1);
  }
  while (true) {
    const std::size_t dot = name.find('.'), colons = name.find("::"), hash = name.find('#');
    const std::size_t cut = std::min({dot, colons, hash});
    if (cut == name.npos || cut + 1 >= name.size()) break;
    if (cut > 0) around.emplace_back(name.substr(0, cut));
    name = name.substr(cut + (cut == colons ? 2 : 1));
  }
  std::vector<SymbolHit> out;
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return out;
  for (const SymbolHit& hit : found->second) {
    const std::string full = "." + qualified_name(hit) + ".";
    bool fits = file.empty() || hit.file->name.ends_with(file);
    for (const std::string& part : around)
      fits = fits && (full.find("." + part + ".") != full.npos || full.find(part + "::") != full.npos || hit.file->name.find(part) != std::string::npos);
    if (fits) out.push_back(hit);
  }
  const auto order = [&](const SymbolHit& hit) {
    const bool local = hit.symbol().kind == SymbolKind::field || hit.symbol().kind == SymbolKind::variable;
    return std::tuple(hit.file->name != near, hit.symbol().declaration, local, looks_like_test(hit.file->name) && !looks_like_test(near),
                      -static_cast<long>(shared_folders(hit.file->name, near)), std::string_view(hit.file->name), hit.symbol().name_begin);
  };
  std::sort(out.begin(), out.end(), [&](const SymbolHit& a, const SymbolHit& b) { return order(a) < order(b); });
  return out;
}

std::vector<SymbolHit> RepoSnapshot::search(std::string_view query, std::size_t limit) const {
  struct Ranked {
    int closeness;
    SymbolHit hit;
  };
  std::vector<Ranked> ranked;
  for (const auto& [name, hits] : by_name_) {
    const int c = closeness(name, query);
    if (c < 4)
      for (const SymbolHit& hit : hits) ranked.push_back({c, hit});
  }
  const auto order = [](const Ranked& r) {
    const Symbol& s = r.hit.symbol();
    return std::tuple(r.closeness, s.name.size(), s.declaration, looks_like_test(r.hit.file->name), std::string_view(r.hit.file->name), s.name_begin);
  };
  const std::size_t keep = std::min(limit, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(keep), ranked.end(),
                    [&](const Ranked& a, const Ranked& b) { return order(a) < order(b); });
  std::vector<SymbolHit> out;
  for (std::size_t i = 0; i < keep; ++i) out.push_back(ranked[i].hit);
  return out;
}

RepoIndex::RepoIndex(WorkspaceRoot root) : root_(std::move(root)), snapshot_(std::make_shared<RepoSnapshot>()) {}

Result<std::shared_ptr<RepoIndex>> RepoIndex::open(const std::string& folder) {
  WRIGHT_TRY(WorkspaceRoot root, WorkspaceRoot::open(folder));
  return std::shared_ptr<RepoIndex>(new RepoIndex(std::move(root)));
}

Result<std::shared_ptr<RepoIndex>> RepoIndex::shared(const std::string& folder) {
  static std::mutex mutex;
  static std::list<std::shared_ptr<RepoIndex>> open_ones;  // most recently used first
  WRIGHT_TRY(std::shared_ptr<RepoIndex> fresh, open(folder));
  std::lock_guard lock(mutex);
  struct stat wanted{}, there{};
  ::fstat(fresh->root_.fd(), &wanted);
  for (auto it = open_ones.begin(); it != open_ones.end(); ++it) {
    ::fstat((*it)->root_.fd(), &there);
    // The same folder, not one that was removed and made again under the same name.
    if ((*it)->root_.path() != fresh->root_.path() || there.st_ino != wanted.st_ino || there.st_dev != wanted.st_dev) continue;
    open_ones.splice(open_ones.begin(), open_ones, it);
    return open_ones.front();
  }
  open_ones.push_front(std::move(fresh));
  if (open_ones.size() > limits::kOpenIndexes) open_ones.pop_back();
  return open_ones.front();
}

Result<RepoIndex::Changes> RepoIndex::refresh(const Context& context) {
  std::lock_guard one(refreshing_);
  const trace::Span span("index.refresh");
  WRIGHT_TRY(const Walk found, walk(root_, {.details = true}, context));
  struct Work {
    const WalkEntry* entry;
    Language language;
    std::size_t at;
  };
  std::vector<Work> work;
  std::vector<std::shared_ptr<const IndexedFile>> files;
  for (const WalkEntry& entry : found.entries) {
    const auto known = known_.find(entry.name);
    if (known != known_.end() && same(*known->second, entry)) {
      files.push_back(known->second);
      continue;
    }
    const auto language = language_of_entry(root_, entry);
    if (!language) continue;
    work.push_back({&entry, *language, files.size()});
    files.push_back(nullptr);
  }
  std::atomic<std::size_t> next{0};
  const auto parse_some = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < work.size() && !context.done();)
      files[work[i].at] = read_and_parse(root_, *work[i].entry, work[i].language, context);
  };
  std::vector<std::thread> threads;
  const unsigned wanted = std::min({kThreads, std::max(1u, std::thread::hardware_concurrency()), static_cast<unsigned>(work.size() / 4 + 1)});
  for (unsigned i = 1; i < wanted; ++i) threads.emplace_back(parse_some);
  parse_some();
  for (std::thread& t : threads) t.join();

  Changes changes{files.size(), work.size(), 0};
  if (!context.check().ok()) {
    for (const Work& w : work)
      if (files[w.at] && files[w.at]->skipped.empty()) known_[w.entry->name] = files[w.at];
    return context.check().error();
  }
  std::map<std::string, std::shared_ptr<const IndexedFile>> known;
  for (const auto& file : files) known.emplace_hint(known.end(), file->name, file);
  for (const auto& [name, file] : known_) changes.removed += known.count(name) == 0;
  known_.swap(known);
  if (changes.parsed > 0 || changes.removed > 0 || snapshot()->files.empty()) publish(std::move(files), found.truncated);
  return changes;
}

// Sorted files of the disk, buffers in their places.
void RepoIndex::publish(std::vector<std::shared_ptr<const IndexedFile>> files, bool truncated) {
  auto next = std::make_shared<RepoSnapshot>();
  for (const auto& [name, buffer] : buffers_) {
    const auto at = std::find_if(files.begin(), files.end(), [&, wanted = &name](const auto& file) { return file->name == *wanted; });
    if (at != files.end()) *at = buffer;
    else files.push_back(buffer);
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  next->files = std::move(files);
  next->truncated = truncated;
  next->build();
  std::lock_guard lock(mutex_);
  snapshot_ = std::move(next);
}

Result<void> RepoIndex::set_buffer(const std::string& name, const std::string* text, const Context& context) {
  std::shared_ptr<IndexedFile> file;
  if (text) {
    const auto language = language_of(name, std::string_view(*text).substr(0, 128));
    if (!language || *language == Language::json) return {};
    file = std::make_shared<IndexedFile>();
    file->name = name;
    file->language = *language;
    file->size = text->size();
    parse_into(*file, *text, context);
    WRIGHT_CHECK(context.check());
  }
  std::lock_guard one(refreshing_);
  if (file) buffers_[name] = std::move(file);
  else if (buffers_.erase(name) == 0) return {};
  std::vector<std::shared_ptr<const IndexedFile>> files;
  for (const auto& [known_name, known] : known_) files.push_back(known);
  publish(std::move(files), snapshot()->truncated);
  return {};
}

std::shared_ptr<const RepoSnapshot> RepoIndex::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

Result<std::shared_ptr<const RepoSnapshot>> RepoIndex::fresh(const Context& context) {
  WRIGHT_CHECK(refresh(context));
  return snapshot();
}

}  // namespace wright::tools
