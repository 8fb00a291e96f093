#include "agent/search/locate.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "agent/search/reach.h"
#include "base/file.h"
#include "base/limits.h"

namespace wright::agent::search {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFiles = 400;          // looked at when no trace says which ran
constexpr double kReached = 0.35, kUnknown = 0.2, kNamed = 0.6, kInStack = 0.8, kInnermost = 1.0, kModuleCode = 0.5;

std::vector<std::string> components(const std::string& name) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t stop = std::min(name.find('/', at), name.size());
    out.push_back(name.substr(at, stop - at));
    at = stop + 1;
  }
  return out;
}

bool matches_any(const std::string& text, std::initializer_list<const char*> patterns) {
  for (const char* pattern : patterns)
    if (::fnmatch(pattern, text.c_str(), 0) == 0) return true;
  return false;
}

bool allowed(const FixRequest& request, const std::string& name) {
  if (request.files.empty()) return true;
  for (const std::string& glob : request.files) {
    if (::fnmatch(glob.c_str(), name.c_str(), 0) == 0) return true;
    if (glob.starts_with("**/") && ::fnmatch(glob.c_str() + 3, name.c_str(), 0) == 0) return true;
    if (::fnmatch((glob + "/*").c_str(), name.c_str(), 0) == 0) return true;
  }
  return false;
}

std::vector<std::string> source_files(const FixRequest& request) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator(request.workspace, fs::directory_options::skip_permission_denied, ignored);
       it != fs::recursive_directory_iterator() && out.size() < kFiles; it.increment(ignored)) {
    const std::string leaf = it->path().filename().string();
    if (it->is_directory(ignored)) {
      if (leaf.starts_with(".") || matches_any(leaf, {"node_modules", "__pycache__", "build", "dist", "venv", "site-packages", "vendor", "target"})) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file(ignored)) continue;
    const std::string name = it->path().string().substr(request.workspace.size() + 1);
    const auto language = tools::language_of(name);
    if (language && grammar_for(*language)) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Ochiai: failing tests that ran it, against all that ran it.
double ochiai(const RanLines& ran, const std::string& file, int first, int last) {
  double failed = 0, failed_here = 0, passed_here = 0;
  for (const RanLines::Test& test : ran.tests) {
    failed += test.ok ? 0 : 1;
    const auto lines = test.lines.find(file);
    if (lines == test.lines.end()) continue;
    const auto at = lines->second.lower_bound(first);
    if (at == lines->second.end() || *at > last) continue;
    (test.ok ? passed_here : failed_here) += 1;
  }
  return failed == 0 || failed_here + passed_here == 0 ? 0 : failed_here / std::sqrt(failed * (failed_here + passed_here));
}

bool per_test(const RanLines& ran) {
  bool good = false, bad = false;
  for (const RanLines::Test& test : ran.tests) (test.ok ? good : bad) = true;
  return good && bad;
}

// The first line of a function runs when it is defined; only what follows says that it was called.
bool ran_inside(const RanLines& ran, const Source& source, const Region& region) {
  if (const auto lines = ran.lines.find(source.name); lines != ran.lines.end()) {
    if (region.name.empty()) return true;
    if (region.first_line == region.last_line) return true;
    const auto at = lines->second.upper_bound(region.first_line);
    return at != lines->second.end() && *at <= region.last_line;
  }
  const auto ranges = ran.ran_ranges.find(source.name);
  if (ranges == ran.ran_ranges.end()) return false;
  if (region.name.empty()) return true;
  const std::size_t middle = region.begin;
  bool inside = false;
  std::size_t size = SIZE_MAX;
  const auto consider = [&](const auto& map, bool value) {
    const auto found = map.find(source.name);
    if (found == map.end()) return;
    for (const auto& [begin, end] : found->second)  // the innermost range that covers the start
      if (begin <= middle && middle < end && end - begin <= size) {
        size = end - begin;
        inside = value;
      }
  };
  consider(ran.ran_ranges, true);
  consider(ran.skipped_ranges, false);
  return inside;
}

double suspicion_of(const RanLines& ran, const Outcome& before, const Source& source, const Region& region) {
  const bool traced = ran.lines.count(source.name) || ran.ran_ranges.count(source.name);
  double out = kUnknown;
  if (traced) {
    if (!ran_inside(ran, source, region)) return 0;
    out = per_test(ran) ? std::max(0.05, ochiai(ran, source.name, region.first_line + (region.first_line < region.last_line && !region.name.empty() ? 1 : 0), region.last_line)) : kReached;
  }
  const auto in_region = [&](const Place& place) { return place.file == source.name && place.line >= region.first_line && place.line <= region.last_line; };
  const auto& stack = ran.stack.empty() ? before.stack : ran.stack;
  if (!region.name.empty()) {
    for (const Place& place : stack)
      if (in_region(place)) out = std::max(out, kInStack);
    if (!stack.empty() && in_region(stack.back())) out = kInnermost;
    const std::string leaf = region.name.substr(region.name.rfind('.') == std::string::npos ? 0 : region.name.rfind('.') + 1);
    for (const std::string& test : before.failing)
      if (leaf.size() > 2 && test.find(leaf) != std::string::npos) out = std::max(out, kNamed);
  } else {
    out *= kModuleCode;
  }
  return std::min(out, 1.0);
}

SeenTypes types_by_region(const RanLines& ran, const Source& source) {
  SeenTypes out;
  const auto file = ran.types.find(source.name);
  if (file == ran.types.end()) return out;
  for (const auto& [line, variables] : file->second)
    for (const Region& region : source.regions)
      if (!region.name.empty() && line >= region.first_line - 3 && line <= region.last_line)  // decorators stand above
        for (const auto& [name, types] : variables) out[region.name][name] |= types;
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\"'()"), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t\"'():", begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    text.remove_prefix(std::max<std::size_t>(end, std::min<std::size_t>(1, text.size())));
  }
  return out;
}

std::string_view leaf_of(std::string_view path) { return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1); }

// Whether one command runs the file itself ("node check.js", "java -cp out Check"): then it is a test. What a compiler is given is not.
bool names_as_test(std::string_view command, const std::string& name) {
  const std::vector<std::string_view> words = words_of(command);
  if (words.empty()) return false;
  if (matches_any(std::string(leaf_of(words.front())), {"gcc*", "g++*", "cc", "c++", "clang*", "javac", "tsc", "make", "cmake", "ninja"})) return false;
  const std::string_view leaf = leaf_of(name), stem = leaf.substr(0, leaf.rfind('.'));
  for (std::string_view word : words) {
    if (word.starts_with("./")) word.remove_prefix(2);
    if (word == name || (word.ends_with(name) && word.size() > name.size() && word[word.size() - name.size() - 1] == '/')) return true;
    if (name.ends_with(".java") && (word == stem || (word.ends_with(stem) && word[word.size() - stem.size() - 1] == '.'))) return true;
  }
  return false;
}

// Of several sources that are compiled into one program, the one with main() drives the others.
bool drives_others(const Source& source, const std::vector<std::string>& names) {
  if (source.grammar->language != tools::Language::c && source.grammar->language != tools::Language::cpp) return false;
  return names.size() > 1 && std::any_of(source.regions.begin(), source.regions.end(), [](const Region& region) { return region.name == "main"; });
}

}  // namespace

bool is_protected(const std::string& name, const std::string& command) {
  const auto parts = components(name);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    if (matches_any(parts[i], {"test", "tests", "__tests__", "spec", "specs", "testing", "*testcases", "*_tests", "__mocks__", "fixtures", ".github", ".gitlab", ".circleci", ".ci", "ci", ".husky"})) return true;
  const std::string& leaf = parts.back();
  if (matches_any(leaf, {"test_*", "*_test.*", "*.test.*", "*.spec.*", "test.*", "tests.*", "*Test.java", "*Tests.java", "conftest.py", "pytest.ini", "tox.ini", "setup.cfg",
                         "setup.py", "noxfile.py", "pyproject.toml", "package.json", "*.config.js", "*.config.cjs", "*.config.mjs", "*.config.ts", ".mocharc.*", ".jestrc*",
                         "gulpfile.js", "Gruntfile.js", "Makefile", "makefile", "CMakeLists.txt", "sitecustomize.py", "usercustomize.py", "pom.xml", "build.gradle"}))
    return true;
  if (command.find("doctest") != std::string::npos) return false;
  std::string_view rest = command;
  while (!rest.empty()) {  // one command of the line after the other
    const std::size_t stop = rest.find_first_of(";&|\n");
    if (names_as_test(rest.substr(0, stop), name)) return true;
    rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
  }
  return false;
}

Result<Located> locate(const Context& context, const FixRequest& request, const Outcome& before, const RanLines& ran) {
  std::vector<std::string> names;
  for (const auto& [name, lines] : ran.lines) names.push_back(name);
  for (const auto& [name, ranges] : ran.ran_ranges) names.push_back(name);
  std::erase_if(names, [&](const std::string& name) { return is_protected(name, request.test); });
  if (names.empty()) names = reached(request, before, source_files(request));
  Located out;
  for (const std::string& name : names) {
    WRIGHT_CHECK(context.check());
    if (is_protected(name, request.test) || !allowed(request, name)) continue;
    const auto language = tools::language_of(name);
    if (!language || !grammar_for(*language)) continue;
    auto text = read_file(request.workspace + "/" + name, limits::kIndexFileBytes);
    if (!text.ok()) continue;  // made by the tests while they ran, or too large
    auto source = read_source(name, std::move(*text), *language);
    if (!source.ok()) continue;
    if (drives_others(*source, names)) continue;
    for (Region& region : source->regions) region.suspicion = suspicion_of(ran, before, *source, region);
    out.sources.push_back(std::move(*source));
  }
  for (std::size_t s = 0; s < out.sources.size(); ++s)
    for (std::size_t r = 0; r < out.sources[s].regions.size(); ++r)
      if (out.sources[s].regions[r].suspicion > 0) out.targets.push_back({static_cast<int>(s), static_cast<int>(r)});
  // A trace that shows nothing (the tests trace themselves, for coverage): as if there were none.
  if (out.targets.empty() && (!ran.lines.empty() || !ran.ran_ranges.empty())) return locate(context, request, before, {});
  const auto suspicion = [&](const Located::Target& t) { return out.sources[static_cast<std::size_t>(t.source)].regions[static_cast<std::size_t>(t.region)].suspicion; };
  std::stable_sort(out.targets.begin(), out.targets.end(), [&](const auto& a, const auto& b) { return suspicion(a) > suspicion(b); });
  for (const auto& target : out.targets) {
    Source& source = out.sources[static_cast<std::size_t>(target.source)];
    Region& region = source.regions[static_cast<std::size_t>(target.region)];
    collect_sites(source, region, types_by_region(ran, source));
    if (region.sites.empty()) continue;
    out.looked_at.push_back(fmt::format("{}:{} {}", source.name, region.first_line, region.name.empty() ? "outside functions" : region.name + "()"));
  }
  return out;
}

}  // namespace wright::agent::search
