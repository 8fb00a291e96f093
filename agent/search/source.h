// A source file under repair: its tree, and its regions (outermost functions, and the code outside of them) with everything that
// the operators draw from: names in scope, types, conditions, expressions, literals. Immutable once built; read from any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/search/candidate.h"
#include "agent/search/grammar.h"
#include "base/result.h"

namespace wright::agent::search {

// A node that an operator may work on.
struct Site {
  tools::SyntaxNode node;
  Role role = Role::other;
  bool load = false;        // an expression whose value is used
  bool statement = false;   // a whole statement of a block
  bool condition = false;   // the test of an if, while, ternary, filter
  Types types = kAnyType;   // of an expression
};

struct Snippet {
  std::string text;
  Types types = kAnyType;
  int strength = kAtom;
  std::size_t begin = 0;
};

struct Region {
  std::string name;                       // "Outer.inner", or "" for code outside functions
  std::size_t begin = 0, end = 0;         // of the node; the whole file for ""
  int first_line = 1, last_line = 1;
  double suspicion = 1;
  std::vector<Site> sites;                // by position
  std::vector<std::string> names;         // variables: parameters, then locals by first use
  std::map<std::string, Types> types;     // of names, where known
  std::vector<Snippet> conditions, expressions, returns, statements;  // distinct, by position
};

struct Source {
  std::string name;                       // relative to the workspace
  const Grammar* grammar = nullptr;
  tools::SyntaxTree tree;
  std::vector<Region> regions;
  std::vector<std::string> functions;     // names that can be called: defined or imported here
  std::map<std::string, int> arity;       // of functions defined here
  std::vector<std::string> fields, methods;  // attribute names used in the file
  std::vector<std::string> strings;       // string literals with their quotes
  std::vector<std::string> numbers;       // numeric literals
  const std::string& text() const { return tree.source(); }
};

// What was seen while the tests ran: types of a region's names ("f" -> "x" -> kNumber). May be empty.
using SeenTypes = std::map<std::string, std::map<std::string, Types>>;

// `invalid` when there is no grammar row for the language or the file does not parse cleanly.
Result<Source> read_source(const std::string& name, std::string text, tools::Language language);

// Fills regions[i].sites and what belongs to it. Separate, because most regions of a large file are never looked at.
void collect_sites(Source& source, Region& region, const SeenTypes& seen);

Types types_of(const Source& source, const Region& region, const tools::SyntaxNode& node);

}  // namespace wright::agent::search
