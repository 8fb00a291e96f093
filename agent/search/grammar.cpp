#include "agent/search/grammar.h"

#include <array>
#include <unordered_map>

namespace wright::agent::search {

using tools::Language;
using tools::SyntaxNode;

const Grammar& python_grammar();
const Grammar& javascript_grammar();
const std::vector<Grammar>& prepared_grammars();

namespace {

// Keyed by the address of the row: rows live as long as the process.
const std::unordered_map<std::string_view, Role>& roles_of(const Grammar& grammar) {
  static const auto maps = [] {
    std::unordered_map<Language, std::unordered_map<std::string_view, Role>> out;
    std::vector<const Grammar*> rows{&python_grammar(), &javascript_grammar()};
    for (const Grammar& row : prepared_grammars()) rows.push_back(&row);
    for (const Grammar* row : rows)
      for (const auto& [kind, role] : row->kinds) out[row->language].emplace(kind, role);
    return out;
  }();
  return maps.at(grammar.language);
}

struct Strength {
  std::string_view op;
  int strength;
};
constexpr std::array kStrengths = {
    Strength{"or", kOr},       Strength{"||", kOr},       Strength{"??", kOr},       Strength{"and", kAnd},     Strength{"&&", kAnd},
    Strength{"not", kNot},     Strength{"==", kCompare},  Strength{"!=", kCompare},  Strength{"===", kCompare}, Strength{"!==", kCompare},
    Strength{"<", kCompare},   Strength{"<=", kCompare},  Strength{">", kCompare},   Strength{">=", kCompare},  Strength{"in", kCompare},
    Strength{"not in", kCompare}, Strength{"is", kCompare}, Strength{"is not", kCompare}, Strength{"instanceof", kCompare},
    Strength{"<<", kShift},    Strength{">>", kShift},    Strength{">>>", kShift},   Strength{"+", kAdd},       Strength{"-", kAdd},
    Strength{"*", kMultiply},  Strength{"/", kMultiply},  Strength{"//", kMultiply}, Strength{"%", kMultiply},  Strength{"@", kMultiply},
    Strength{"**", kPower}};

}  // namespace

const Grammar* grammar_for(Language language) {
  if (language == Language::python) return &python_grammar();
  if (language == Language::javascript) return &javascript_grammar();
  for (const Grammar& row : prepared_grammars())
    if (row.language == language) return &row;
  return nullptr;
}

SyntaxNode operator_of(const SyntaxNode& node) {
  if (SyntaxNode op = node.child("operator")) return op;
  if (SyntaxNode op = node.child("operators")) return op;
  return {};
}

Role role_of(const Grammar& grammar, const SyntaxNode& node) {
  const auto& roles = roles_of(grammar);
  const auto found = roles.find(node.kind());
  if (found == roles.end()) return Role::other;
  const Role role = found->second;
  if (role == Role::binary) {  // one kind for all operators in the C family
    const std::string_view op = operator_of(node).text();
    const int strength = strength_of_operator(grammar, op);
    if (op == "&&" || op == "||" || op == "??") return Role::boolean;
    if (strength == kCompare) return Role::comparison;
  }
  if (role == Role::minus) {
    const std::string_view op = operator_of(node).text();
    return op == "-" ? Role::minus : op == "!" ? Role::negation : Role::other;
  }
  return role;
}

std::vector<SyntaxNode> operands_of(const Grammar& grammar, const SyntaxNode& node) {
  std::vector<SyntaxNode> out;
  if (SyntaxNode left = node.child("left")) {
    out.push_back(left);
    if (SyntaxNode right = node.child("right")) out.push_back(right);
    return out;
  }
  (void)grammar;
  for (const SyntaxNode& child : node.named_children())
    if (!child.is_extra() && child.kind() != "not in" && child.kind() != "is not") out.push_back(child);
  return out;
}

int strength_of_operator(const Grammar& grammar, std::string_view op) {
  // Bitwise operators bind tighter than comparisons in Python, looser in the C family.
  const int bits = grammar.indented ? 50 : 22;
  if (op == "|") return bits;
  if (op == "^") return bits + 2;
  if (op == "&") return bits + 4;
  for (const auto& [name, strength] : kStrengths)
    if (name == op) return strength;
  return kLowest;
}

int strength_of(const Grammar& grammar, const SyntaxNode& expression) {
  switch (role_of(grammar, expression)) {
    case Role::binary:
    case Role::boolean:
    case Role::comparison: return strength_of_operator(grammar, operator_of(expression).text());
    case Role::negation: return grammar.indented ? kNot : kUnary;
    case Role::minus:
    case Role::update: return kUnary;
    case Role::ternary:
    case Role::lambda:
    case Role::assignment:
    case Role::augmented:
    case Role::spread:
    case Role::keyword_argument:
    case Role::targets: return kLowest;
    case Role::call:
    case Role::attribute:
    case Role::subscript: return kPostfix;
    case Role::other: return kLowest;
    default: return kAtom;
  }
}

int strength_needed(const Grammar& grammar, const SyntaxNode& node) {
  const SyntaxNode parent = node.parent();
  switch (role_of(grammar, parent)) {
    case Role::binary:
    case Role::boolean:
    case Role::comparison: {
      const int own = strength_of_operator(grammar, operator_of(parent).text());
      const bool first = operands_of(grammar, parent).front() == node;
      if (own == kPower) return first ? kPostfix : kUnary;
      return first ? own : own + 1;
    }
    case Role::negation: return grammar.indented ? kNot : kUnary;
    case Role::minus:
    case Role::update: return kUnary;
    case Role::attribute: return kPostfix;
    case Role::call:
    case Role::new_: return parent.child("function") == node || parent.child("constructor") == node ? kPostfix : kLowest;
    case Role::subscript: return parent.child(grammar.container_field) == node ? kPostfix : kLowest;
    case Role::ternary: return kOr;
    case Role::comprehension_for:
    case Role::comprehension_if: return kOr;
    default: return kLowest;
  }
}

std::string fill(std::string_view pattern, std::string_view text) {
  std::string out(pattern);
  for (std::size_t at = 0; (at = out.find("{}", at)) != std::string::npos; at += text.size()) out.replace(at, 2, text);
  return out;
}

}  // namespace wright::agent::search
