// What the operators know of a language: which node kinds play which role, how expressions bind, and the words that a fix is made
// of (wrappers, sibling names, keyword arguments). One row a language (grammar.cpp); an operator asks for roles, never for kinds.
// Immutable tables, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/repo/syntax.h"

namespace wright::agent::search {

enum class Role : std::uint8_t {
  other, binary, boolean, comparison, negation, minus, update, call, new_, attribute, subscript, slice, identifier, property, integer, real,
  string, regex, true_, false_, null, list, tuple, dictionary, pair, ternary, parens, lambda, comprehension, comprehension_for, comprehension_if,
  keyword_argument, arguments, spread, condition_parens,
  if_, else_if, else_, while_, for_, for_each, return_, expression_statement, assignment, augmented, declaration, declarator, block, function,
  class_, break_, continue_, raise, assert_, pass, import, comment, type, parameters, try_, with, switch_, targets
};

// Possible types of an expression, as bits; kAnyType when nothing is known.
using Types = std::uint16_t;
inline constexpr Types kNumber = 1, kString = 2, kList = 4, kTuple = 8, kMap = 16, kSet = 32, kBool = 64, kNull = 128, kFunction = 256,
                       kObject = 512, kAnyType = 0x3ff, kSequence = kString | kList | kTuple, kIterable = kSequence | kMap | kSet;

struct Wrap {
  std::string_view text;  // "len({})"
  Types from, to;         // what it takes, what it gives
  float prior;            // added to the operator's
};
struct NameGroup {
  std::vector<std::string_view> names;  // each may stand for another
};
struct BuiltinType {
  std::string_view name;  // "len", ".split"
  Types gives;
};

struct Grammar {
  tools::Language language;
  struct Kind { std::string_view kind; Role role; };
  std::vector<Kind> kinds;
  std::string_view and_, or_, not_, true_, false_, null_, equal, unequal, end;  // end: what ends a statement
  bool indented = false;                           // blocks by indentation
  std::string_view object_field, attribute_field;  // of an attribute: "object", "attribute"
  std::string_view container_field, index_field;   // of a subscript
  std::string_view guard;                          // "if {c}: {s}"
  std::string_view index_last;                     // "{}[-1]"
  std::string_view is_null = "{} == null", is_not_null = "{} != null";
  std::string_view concat;                         // ".concat(": lists put together by a method; "": by +
  std::vector<std::vector<std::string_view>> operator_groups;  // each operator may stand for another of its group
  std::vector<Wrap> wraps;                         // around an expression
  std::vector<Wrap> methods;                       // behind an expression: "{}.lower()"
  std::vector<Wrap> slices;                        // "{}[1:]"
  std::vector<Wrap> halves;                        // "{} / 2": arithmetic with a constant
  std::vector<NameGroup> siblings;                 // functions and methods
  struct Keyword { std::string_view callee, text; };
  std::vector<Keyword> keywords;                   // argument added to a call of `callee`
  std::vector<BuiltinType> types;
  std::vector<std::string_view> inserted;          // statements made of a name: "{} += 1", "{}.sort()"
};

// The row of a language; null where none is prepared.
const Grammar* grammar_for(tools::Language language);

Role role_of(const Grammar& grammar, const tools::SyntaxNode& node);
// The operator token of a binary, boolean, comparison, augmented, unary or update node ("" when it has none).
tools::SyntaxNode operator_of(const tools::SyntaxNode& node);
// Operands of a binary, boolean or comparison node, left to right.
std::vector<tools::SyntaxNode> operands_of(const Grammar& grammar, const tools::SyntaxNode& node);

// Binding strength; a higher one binds tighter. kAtom needs no parentheses anywhere.
inline constexpr int kLowest = 0, kOr = 10, kAnd = 20, kNot = 30, kCompare = 40, kShift = 60, kAdd = 70, kMultiply = 80, kUnary = 90, kPower = 100,
                     kPostfix = 110, kAtom = 120;
int strength_of_operator(const Grammar& grammar, std::string_view op);
int strength_of(const Grammar& grammar, const tools::SyntaxNode& expression);
// What an expression put in the place of `node` must have at least.
int strength_needed(const Grammar& grammar, const tools::SyntaxNode& node);

// "{}" replaced by `text`.
std::string fill(std::string_view pattern, std::string_view text);

}  // namespace wright::agent::search
