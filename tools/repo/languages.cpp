// The language table. To add one: a grammar in grammars.txt and grammars.cmake, a row here, queries/NAME.scm.
#include "tools/repo/languages.h"

#include <algorithm>
#include <array>
#include <cctype>

extern "C" {
const TSLanguage* tree_sitter_c(void);
const TSLanguage* tree_sitter_cpp(void);
const TSLanguage* tree_sitter_python(void);
const TSLanguage* tree_sitter_javascript(void);
const TSLanguage* tree_sitter_typescript(void);
const TSLanguage* tree_sitter_tsx(void);
const TSLanguage* tree_sitter_rust(void);
const TSLanguage* tree_sitter_go(void);
const TSLanguage* tree_sitter_java(void);
const TSLanguage* tree_sitter_bash(void);
const TSLanguage* tree_sitter_json(void);
}

namespace wright::tools {

namespace {

using Names = std::string_view;
constexpr Names kC[] = {".c"};
constexpr Names kCpp[] = {".cpp", ".cc", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".inl", ".tpp", ".cu", ".cuh"};
constexpr Names kPython[] = {".py", ".pyi", ".pyw"};
constexpr Names kJavascript[] = {".js", ".jsx", ".mjs", ".cjs"};
constexpr Names kTypescript[] = {".ts", ".mts", ".cts"};
constexpr Names kTsx[] = {".tsx"};
constexpr Names kRust[] = {".rs"};
constexpr Names kGo[] = {".go"};
constexpr Names kJava[] = {".java"};
constexpr Names kBash[] = {".sh", ".bash", ".bats", ".ebuild"};
constexpr Names kJson[] = {".json", ".jsonc", ".webmanifest"};

struct Row {
  LanguageInfo info;
  const TSLanguage* (*grammar)(void);
};

// .h is read as C++: the C++ grammar accepts C headers, the reverse fails.
constexpr Row kRows[] = {
    {{Language::c, "c", kC, "//"}, tree_sitter_c},
    {{Language::cpp, "cpp", kCpp, "//"}, tree_sitter_cpp},
    {{Language::python, "python", kPython, "#"}, tree_sitter_python},
    {{Language::javascript, "javascript", kJavascript, "//"}, tree_sitter_javascript},
    {{Language::typescript, "typescript", kTypescript, "//"}, tree_sitter_typescript},
    {{Language::tsx, "tsx", kTsx, "//"}, tree_sitter_tsx},
    {{Language::rust, "rust", kRust, "//"}, tree_sitter_rust},
    {{Language::go, "go", kGo, "//"}, tree_sitter_go},
    {{Language::java, "java", kJava, "//"}, tree_sitter_java},
    {{Language::bash, "bash", kBash, "#"}, tree_sitter_bash},
    {{Language::json, "json", kJson, ""}, tree_sitter_json},
};

constexpr auto kInfos = [] {
  std::array<LanguageInfo, std::size(kRows)> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kRows[i].info;
  return out;
}();

// Interpreters of "#!" lines, without version digits.
struct Interpreter {
  std::string_view name;
  Language id;
};
constexpr Interpreter kInterpreters[] = {
    {"sh", Language::bash},       {"bash", Language::bash},           {"dash", Language::bash}, {"zsh", Language::bash},
    {"python", Language::python}, {"pypy", Language::python},         {"node", Language::javascript},
    {"deno", Language::typescript}, {"bun", Language::typescript},    {"ts-node", Language::typescript},
};
constexpr Interpreter kFileNames[] = {
    {".bashrc", Language::bash},   {".bash_profile", Language::bash}, {".profile", Language::bash},
    {"PKGBUILD", Language::bash},  {"SConstruct", Language::python},  {"SConscript", Language::python},
    {"wscript", Language::python}, {".babelrc", Language::json},      {".eslintrc", Language::json},
};

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::optional<Language> by_interpreter(std::string_view head) {
  if (!head.starts_with("#!")) return std::nullopt;
  std::string_view line = head.substr(2, head.find_first_of("\r\n") == head.npos ? head.npos : head.find_first_of("\r\n") - 2);
  std::string_view program;
  while (!line.empty()) {  // the first word that is neither "env", an option nor an assignment
    const std::size_t from = line.find_first_not_of(" \t");
    if (from == line.npos) break;
    line.remove_prefix(from);
    std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    if (const auto slash = word.rfind('/'); slash != word.npos) word.remove_prefix(slash + 1);
    if (word.empty() || word == "env" || word.starts_with("-") || word.find('=') != word.npos) continue;
    program = word;
    break;
  }
  while (!program.empty() && (std::isdigit(static_cast<unsigned char>(program.back())) || program.back() == '.'))
    program.remove_suffix(1);
  for (const Interpreter& row : kInterpreters)
    if (row.name == program) return row.id;
  return std::nullopt;
}

}  // namespace

std::span<const LanguageInfo> languages() { return kInfos; }

const LanguageInfo& language_info(Language id) {
  return *std::find_if(kInfos.begin(), kInfos.end(), [&](const LanguageInfo& i) { return i.id == id; });
}

const LanguageInfo* find_language(std::string_view name) {
  for (const LanguageInfo& info : kInfos)
    if (info.name == name) return &info;
  return nullptr;
}

std::optional<Language> language_of(std::string_view path, std::string_view head) {
  if (const auto slash = path.rfind('/'); slash != path.npos) path.remove_prefix(slash + 1);
  for (const Interpreter& row : kFileNames)
    if (row.name == path) return row.id;
  if (const auto dot = path.rfind('.'); dot != path.npos && dot > 0) {
    for (const LanguageInfo& info : kInfos)
      for (const std::string_view extension : info.extensions)
        if (equal_without_case(path.substr(dot), extension)) return info.id;
    if (path.substr(dot).find_first_not_of(".0123456789") != path.npos) return std::nullopt;
  }
  return by_interpreter(head);
}

const TSLanguage* grammar_of(Language id) {
  for (const Row& row : kRows)
    if (row.info.id == id) return row.grammar();
  return nullptr;
}

}  // namespace wright::tools
