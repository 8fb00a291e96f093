// The text of a map, and the search for how much of the ranking fits.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/repo/repo_map.h"
#include "tools/repo/walk.h"

namespace wright::tools {

namespace {

constexpr std::size_t kLineBytes = 100;     // shown of a line
constexpr std::size_t kMaxSymbols = 20'000;  // that a text ever holds

constexpr std::string_view kImportant[] = {
    "README.md", "README.rst", "README.txt", "README", "CONTRIBUTING.md", "package.json", "pyproject.toml", "setup.py", "setup.cfg",
    "requirements.txt", "Cargo.toml", "go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "CMakeLists.txt", "Makefile", "meson.build",
    "tsconfig.json", "Dockerfile", "docker-compose.yml", ".gitlab-ci.yml", "tox.ini",
};

class Renderer {
 public:
  Renderer(const WorkspaceRoot& root, std::vector<std::string> important) : root_(root), important_(std::move(important)) {}

  std::string text(const std::vector<RankedSymbol>& ranked, std::size_t count) {
    std::string out;
    for (const std::string& name : important_) out += name + "\n";
    std::vector<const IndexedFile*> order;  // by their best symbol
    std::unordered_map<const IndexedFile*, std::map<std::size_t, char>> lines;
    for (std::size_t i = 0; i < count; ++i) {
      const IndexedFile* file = ranked[i].file;
      auto [it, fresh] = lines.try_emplace(file);
      if (fresh) order.push_back(file);
      for (const int d : ranked[i].definitions) add(*file, d, it->second);
    }
    for (const IndexedFile* file : order) {
      out += "\n" + utf8::repair(file->name) + ":\n";
      const std::vector<std::string>& source = lines_of(*file);
      std::size_t last = 0;
      for (const auto& [line, unused] : lines[file]) {
        if (line == 0 || line > source.size()) continue;  // the file changed meanwhile
        if (line != last + 1) out += "⋮\n";
        out += "│" + source[line - 1] + "\n";
        last = line;
      }
      if (last < source.size()) out += "⋮\n";
    }
    return out;
  }

 private:
  // The line of a definition's name, of its start when that is near (a return type, an attribute), and of what encloses it.
  static void add(const IndexedFile& file, int index, std::map<std::size_t, char>& lines) {
    for (int i = index; i >= 0; i = file.definitions[static_cast<std::size_t>(i)].parent) {
      const Symbol& s = file.definitions[static_cast<std::size_t>(i)];
      lines[s.name_line] = 1;
      if (s.name_line == s.line + 1) lines[s.line] = 1;
    }
  }

  const std::vector<std::string>& lines_of(const IndexedFile& file) {
    auto [it, fresh] = sources_.try_emplace(&file);
    if (!fresh) return it->second;
    const auto text = root_.read(file.name, limits::kIndexFileBytes);
    if (!text.ok()) return it->second;
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      std::string_view line(text->data() + at, std::min(end - at, kLineBytes));
      line = line.substr(0, utf8::complete_prefix(line));
      if (line.ends_with('\r')) line.remove_suffix(1);
      it->second.push_back(utf8::repair(line));
      at = end + 1;
    }
    return it->second;
  }

  const WorkspaceRoot& root_;
  const std::vector<std::string> important_;
  std::unordered_map<const IndexedFile*, std::vector<std::string>> sources_;
};

}  // namespace

std::size_t estimate_tokens(std::string_view text) { return (text.size() + 3) / 4; }

Result<RepoMap> render_map(const WorkspaceRoot& root, const std::vector<RankedSymbol>& ranked,
                           std::size_t budget_tokens, const TokenCount& count, const Context& context) {
  std::vector<std::string> important;
  WRIGHT_TRY(const Walk top, walk(root, {.depth = 1}, context));
  for (const WalkEntry& e : top.entries)
    if (std::find(std::begin(kImportant), std::end(kImportant), e.name) != std::end(kImportant)) important.push_back(e.name);
  Renderer renderer(root, std::move(important));
  // The text grows with the number of symbols: find the largest that fits, beginning from a guess of ten tokens a symbol.
  RepoMap best;
  std::size_t low = 0, high = std::min(ranked.size(), kMaxSymbols), guess = std::min(high, budget_tokens / 10 + 1);
  while (low <= high) {
    WRIGHT_CHECK(context.check());
    std::string text = renderer.text(ranked, guess);
    const std::size_t tokens = count(text);
    if (tokens <= budget_tokens) {
      best = {std::move(text), guess, tokens};
      low = guess + 1;
    } else {
      if (guess == 0) break;
      high = guess - 1;
    }
    guess = low + (high - low) / 2;
  }
  return best;
}

}  // namespace wright::tools
