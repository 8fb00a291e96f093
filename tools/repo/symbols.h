// What a source file defines and refers to, found with the queries in tools/repo/queries. Pure functions over a SyntaxTree; any
// thread. Lines are 1-based, offsets are bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/repo/syntax.h"

namespace wright::tools {

enum class SymbolKind : std::uint8_t {
  module, class_, struct_, interface, enum_, type, implementation, function, method, macro, constant, variable, enumerator, field, key
};
std::string_view to_string(SymbolKind kind);  // "class", "function", …

struct Symbol {
  std::string name;
  std::string scope;                 // what qualifies the name in the text itself: "A" of A::f; else empty
  SymbolKind kind = SymbolKind::function;
  bool declaration = false;          // a prototype or signature without a body
  std::size_t begin = 0, end = 0;    // the whole definition
  std::size_t name_begin = 0, name_end = 0;
  std::size_t line = 0, end_line = 0, name_line = 0;
  int parent = -1;                   // index of the enclosing symbol in the same list
};

struct NameUse {
  std::string name;
  std::size_t begin = 0, end = 0;
  std::size_t line = 0;
};

struct FileSymbols {
  Language language = Language::c;
  std::vector<Symbol> definitions;   // by position
  std::vector<NameUse> references;   // calls and types (C and C++: every name), by position
};

// The symbols of a tree; `limit` beyond 100,000 of them.
Result<FileSymbols> file_symbols(const SyntaxTree& tree, const Context& context = Context());

// Every place where `name` stands as an identifier (not inside a string or a comment), definitions included.
std::vector<NameUse> uses_of(const SyntaxTree& tree, std::string_view name);
// Every identifier of the file.
std::vector<NameUse> all_names(const SyntaxTree& tree);

// Index of the innermost definition that covers `offset`; -1 when there is none.
int symbol_at(const FileSymbols& symbols, std::size_t offset);
// "Outer.inner" of definitions[index].
std::string qualified_name(const FileSymbols& symbols, int index);

}  // namespace wright::tools
