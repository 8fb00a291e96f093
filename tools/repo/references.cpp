// References by name: files that hold the bytes of the name are found by a plain search, then parsed, and the name counts where it is an
// identifier of its own. No types are known, so equal names of different things are all listed.
#include <algorithm>
#include <atomic>
#include <thread>

#include "base/limits.h"
#include "tools/repo/index.h"

namespace wright::tools {

namespace {

constexpr std::size_t kBatchFiles = 128;
constexpr unsigned kThreads = 4;

bool word(char c) { return c == '_' || c == '$' || (static_cast<unsigned char>(c) & 0x80) != 0 || std::isalnum(static_cast<unsigned char>(c)); }

bool holds_word(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !word(text[at - 1])) && (end == text.size() || !word(text[end]))) return true;
  }
  return false;
}

struct FileUses {
  std::vector<ReferenceHit> hits;
  bool skipped = false;
};

FileUses uses_in(const WorkspaceRoot& root, const IndexedFile& file, const std::string& name, const Context& context) {
  FileUses out;
  auto text = root.read(file.name, limits::kReadFileBytes);
  if (!text.ok() || !holds_word(*text, name)) return out;
  if (!file.skipped.empty()) {
    out.skipped = true;
    return out;
  }
  const auto tree = SyntaxTree::parse(file.language, std::move(*text), context);
  const auto symbols = tree.ok() ? file_symbols(*tree, context) : Result<FileSymbols>(tree.error());
  if (!symbols.ok()) {
    out.skipped = true;
    return out;
  }
  const std::string& source = tree->source();
  for (const NameUse& use : uses_of(*tree, name)) {
    ReferenceHit hit{file.name, use.line, use.begin, use.end, "", "", false};
    const std::size_t begin = use.begin == 0 ? 0 : source.rfind('\n', use.begin - 1) + 1;
    hit.text = source.substr(begin, std::min(source.find('\n', begin), source.size()) - begin);
    if (hit.text.ends_with('\r')) hit.text.pop_back();
    int around = symbol_at(*symbols, use.begin);
    for (const Symbol& s : symbols->definitions) hit.definition = hit.definition || s.name_begin == use.begin;
    if (hit.definition && around >= 0 && symbols->definitions[static_cast<std::size_t>(around)].name_begin == use.begin)
      around = symbols->definitions[static_cast<std::size_t>(around)].parent;
    hit.within = qualified_name(*symbols, around);
    out.hits.push_back(std::move(hit));
  }
  return out;
}

}  // namespace

Result<References> find_references(const WorkspaceRoot& root, const RepoSnapshot& snapshot, const std::string& name,
                                   const std::string& under, std::size_t limit, const Context& context) {
  if (name.empty()) return Error{ErrorKind::usage, "an empty name", "give an identifier"};
  std::vector<const IndexedFile*> files;
  for (const auto& file : snapshot.files)
    if (under.empty() || under == "." || file->name == under || file->name.starts_with(under + "/")) files.push_back(file.get());
  References out;
  for (std::size_t from = 0; from < files.size() && !out.truncated; from += kBatchFiles) {
    const std::size_t count = std::min(kBatchFiles, files.size() - from);
    std::vector<FileUses> found(count);
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i; (i = next.fetch_add(1)) < count && !context.done();) found[i] = uses_in(root, *files[from + i], name, context);
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < std::min({kThreads, std::thread::hardware_concurrency(), static_cast<unsigned>(count / 8 + 1)}); ++i)
      threads.emplace_back(work);
    work();
    for (std::thread& t : threads) t.join();
    WRIGHT_CHECK(context.check());
    for (std::size_t i = 0; i < count; ++i) {
      if (found[i].skipped) out.skipped.push_back(files[from + i]->name);
      for (ReferenceHit& hit : found[i].hits) {
        out.truncated = out.hits.size() >= limit;
        if (out.truncated) break;
        out.hits.push_back(std::move(hit));
      }
      if (out.truncated) break;
    }
  }
  return out;
}

}  // namespace wright::tools
