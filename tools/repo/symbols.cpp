#include "tools/repo/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "base/embed.h"

namespace wright {
extern const EmbeddedFile repo_queries[];
}

namespace wright::tools {

namespace {

constexpr std::size_t kMaxSymbols = 100'000;

struct KindName {
  std::string_view name;
  SymbolKind kind;
};
constexpr KindName kKinds[] = {
    {"module", SymbolKind::module},       {"class", SymbolKind::class_},       {"struct", SymbolKind::struct_},
    {"interface", SymbolKind::interface}, {"enum", SymbolKind::enum_},         {"type", SymbolKind::type},
    {"implementation", SymbolKind::implementation}, {"function", SymbolKind::function}, {"method", SymbolKind::method},
    {"macro", SymbolKind::macro},         {"constant", SymbolKind::constant},  {"variable", SymbolKind::variable},
    {"enumerator", SymbolKind::enumerator}, {"field", SymbolKind::field},      {"key", SymbolKind::key},
};

// The compiled query of a language, made once.
Result<const SyntaxQuery*> query_of(Language language) {
  static std::mutex mutex;
  static std::map<Language, Result<SyntaxQuery>> queries;
  std::lock_guard lock(mutex);
  auto it = queries.find(language);
  if (it == queries.end()) {
    const std::string stem(language == Language::tsx ? "typescript" : language_info(language).name);
    const EmbeddedFile* file = find_embedded(repo_queries, stem + ".scm");
    if (!file) return Error{ErrorKind::failed, "no query for " + stem, ""};
    std::string text(file->text());
    if (language == Language::tsx)
      if (const EmbeddedFile* more = find_embedded(repo_queries, "jsx.scm")) text += more->text();
    it = queries.emplace(language, SyntaxQuery::compile(language, text)).first;
  }
  if (!it->second.ok()) return it->second.error();
  return &*it->second;
}

bool is_name_leaf(const SyntaxNode& node) {
  const std::string_view kind = node.kind();
  return node.named() && node.child_count() == 0 && (kind.ends_with("identifier") || kind == "variable_name" || kind == "word");
}

struct Found {
  Symbol symbol;
  std::uint32_t pattern = 0;
};

void set_range(Symbol& s, const SyntaxNode& node) {
  s.begin = node.start();
  s.end = node.end();
  s.line = node.line() + 1;
  s.end_line = node.end_line() + 1;
}

void set_name(Symbol& s, const SyntaxNode& node) {
  s.name = std::string(node.text());
  s.name_begin = node.start();
  s.name_end = node.end();
  s.name_line = node.line() + 1;
}

// The function around a C or C++ function_declarator: its name may be qualified, its definition lies some declarators above.
// False for a parameter or variable of function type.
bool read_function_declarator(const SyntaxNode& declarator, Symbol& s) {
  SyntaxNode name = declarator.child("declarator");
  std::string scope;
  while (name.kind() == "qualified_identifier" || name.kind() == "template_function" || name.kind() == "parenthesized_declarator") {
    if (name.kind() == "parenthesized_declarator") return false;  // int (*f)(int)
    if (name.kind() == "qualified_identifier") {
      if (const SyntaxNode part = name.child("scope")) scope += (scope.empty() ? "" : "::") + std::string(part.text());
    }
    name = name.child("name");
  }
  if (name.null()) return false;
  SyntaxNode around = declarator.parent();
  while (around.kind().ends_with("_declarator") && around.kind() != "init_declarator") around = around.parent();
  const std::string_view kind = around.kind();
  if (kind != "function_definition" && kind != "declaration" && kind != "field_declaration" && kind != "friend_declaration") return false;
  bool member = kind == "field_declaration" || !scope.empty();
  SyntaxNode whole = around;
  for (SyntaxNode up = around.parent(); !up.null(); up = up.parent()) {
    if (up.kind() == "template_declaration") whole = up;
    else if (up.kind() == "field_declaration_list") member = true;
    else if (up.kind() == "compound_statement" && kind == "declaration") return false;  // "T x(y);" in a body: most likely a variable
    else break;
  }
  set_name(s, name);
  set_range(s, whole);
  s.scope = std::move(scope);
  s.kind = member ? SymbolKind::method : SymbolKind::function;
  s.declaration = kind != "function_definition";
  return true;
}

void nest(std::vector<Symbol>& symbols) {
  std::vector<int> open;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    while (!open.empty() && symbols[static_cast<std::size_t>(open.back())].end < symbols[i].end) open.pop_back();
    while (!open.empty() && symbols[static_cast<std::size_t>(open.back())].end <= symbols[i].begin) open.pop_back();
    symbols[i].parent = open.empty() ? -1 : open.back();
    open.push_back(static_cast<int>(i));
  }
}

}  // namespace

std::string_view to_string(SymbolKind kind) {
  for (const KindName& row : kKinds)
    if (row.kind == kind) return row.name;
  return "symbol";
}

Result<FileSymbols> file_symbols(const SyntaxTree& tree, const Context& context) {
  WRIGHT_TRY(const SyntaxQuery* query, query_of(tree.language()));
  const std::vector<QueryCapture> captures = query->captures(tree.root(), context);
  WRIGHT_CHECK(context.check());
  FileSymbols out;
  out.language = tree.language();
  std::unordered_map<std::size_t, Found> by_name;  // by the name's offset: the earliest pattern wins
  std::unordered_map<std::size_t, bool> referred;
  for (std::size_t i = 0; i < captures.size();) {
    std::size_t end = i;
    SyntaxNode name, definition, reference;
    std::string_view kind;
    for (; end < captures.size() && captures[end].match == captures[i].match; ++end) {
      const QueryCapture& c = captures[end];
      if (c.name == "name") name = c.node;
      else if (c.name.starts_with("def.")) definition = c.node, kind = c.name.substr(4);
      else if (c.name.starts_with("ref.")) reference = c.node;
    }
    const std::uint32_t pattern = captures[i].pattern;
    i = end;
    if (by_name.size() + out.references.size() > kMaxSymbols)
      return Error{ErrorKind::limit, fmt::format("more than {} symbols in one file", kMaxSymbols), ""};
    if (!reference.null()) {
      if (!name.null() && referred.emplace(name.start(), true).second)
        out.references.push_back({std::string(name.text()), name.start(), name.end(), name.line() + 1});
      continue;
    }
    Symbol s;
    if (definition.kind() == "function_declarator") {
      if (!read_function_declarator(definition, s)) continue;
    } else {
      if (name.null()) continue;
      set_name(s, name);
      set_range(s, definition);
      if (kind == "declaration") s.declaration = true;
      for (const KindName& row : kKinds)
        if (row.name == kind) s.kind = row.kind;
    }
    if (s.name.empty()) continue;
    auto [it, fresh] = by_name.try_emplace(s.name_begin, Found{s, pattern});
    if (!fresh && pattern < it->second.pattern) it->second = {std::move(s), pattern};
  }
  for (auto& [at, found] : by_name) out.definitions.push_back(std::move(found.symbol));
  std::sort(out.definitions.begin(), out.definitions.end(), [](const Symbol& a, const Symbol& b) {
    return std::tuple(a.begin, b.end, a.name_begin) < std::tuple(b.begin, a.end, b.name_begin);
  });
  std::sort(out.references.begin(), out.references.end(), [](const NameUse& a, const NameUse& b) { return a.begin < b.begin; });
  nest(out.definitions);
  for (Symbol& s : out.definitions)
    if (s.kind == SymbolKind::function && s.parent >= 0) {
      const SymbolKind above = out.definitions[static_cast<std::size_t>(s.parent)].kind;
      if (above == SymbolKind::class_ || above == SymbolKind::struct_ || above == SymbolKind::interface ||
          above == SymbolKind::implementation)
        s.kind = SymbolKind::method;
    }
  return out;
}

std::vector<NameUse> uses_of(const SyntaxTree& tree, std::string_view name) {
  std::vector<NameUse> out;
  const std::string& source = tree.source();
  for (std::size_t at = source.find(name); !name.empty() && at != source.npos; at = source.find(name, at + name.size())) {
    const SyntaxNode node = tree.node_at(at, at + name.size());
    if (is_name_leaf(node) && node.start() == at && node.end() == at + name.size())
      out.push_back({std::string(name), at, node.end(), node.line() + 1});
  }
  return out;
}

std::vector<NameUse> all_names(const SyntaxTree& tree) {
  std::vector<NameUse> out;
  tree.walk([&](const SyntaxNode& node) {
    if (out.size() > kMaxSymbols) return false;
    if (is_name_leaf(node)) out.push_back({std::string(node.text()), node.start(), node.end(), node.line() + 1});
    return true;
  });
  return out;
}

int symbol_at(const FileSymbols& symbols, std::size_t offset) {
  int best = -1;
  for (std::size_t i = 0; i < symbols.definitions.size() && symbols.definitions[i].begin <= offset; ++i)
    if (offset < symbols.definitions[i].end) best = static_cast<int>(i);
  return best;
}

std::string qualified_name(const FileSymbols& symbols, int index) {
  std::string out;
  for (; index >= 0; index = symbols.definitions[static_cast<std::size_t>(index)].parent) {
    const Symbol& s = symbols.definitions[static_cast<std::size_t>(index)];
    const std::string part = s.scope.empty() ? s.name : s.scope + "::" + s.name;
    out = out.empty() ? part : part + "." + out;
  }
  return out;
}

}  // namespace wright::tools
