// Operators on operator tokens and on conditions.
#include <algorithm>
#include <cstdlib>

#include "agent/search/operators.h"

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

// The tokens that may stand for `op`, without itself.
std::vector<std::string_view> alternatives(const Grammar& grammar, std::string_view op) {
  std::vector<std::string_view> out;
  for (const auto& group : grammar.operator_groups)
    if (std::find(group.begin(), group.end(), op) != group.end())
      for (const auto other : group)
        if (other != op && std::find(out.begin(), out.end(), other) == out.end()) out.push_back(other);
  return out;
}

// Comparison tokens of a chain (Python: a < b < c).
std::vector<SyntaxNode> comparison_tokens(const SyntaxNode& node) {
  std::vector<SyntaxNode> out;
  for (std::size_t i = 0; i < node.child_count(); ++i) {
    const std::string_view field = node.field_of_child(i);
    if (field == "operator" || field == "operators") out.push_back(node.child(i));
  }
  return out;
}

bool is_boundary_swap(std::string_view a, std::string_view b) {  // < and <=
  return a.substr(0, 1) == b.substr(0, 1) && (a == "<" || a == ">" || b == "<" || b == ">");
}

// The negation of a condition, as text.
std::pair<std::string, int> negated(const Emitter& emit, const SyntaxNode& node, Role role) {
  const Grammar& grammar = emit.grammar();
  static constexpr std::pair<std::string_view, std::string_view> kOpposites[] = {
      {"<", ">="}, {">=", "<"}, {">", "<="}, {"<=", ">"}, {"==", "!="}, {"!=", "=="}, {"===", "!=="}, {"!==", "==="},
      {"in", "not in"}, {"not in", "in"}, {"is", "is not"}, {"is not", "is"}};
  const auto tokens = comparison_tokens(node);
  if (role == Role::comparison && tokens.size() == 1)
    for (const auto& [op, opposite] : kOpposites)
      if (op == tokens[0].text()) {
        std::string text(node.text());
        text.replace(tokens[0].start() - node.start(), tokens[0].end() - tokens[0].start(), opposite);
        return {text, kCompare};
      }
  const int own = grammar.indented ? kNot : kUnary;
  return {std::string(grammar.not_) + emit.operand(node, own), own};
}

}  // namespace

void compare_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::comparison) return;
  for (const SyntaxNode& token : comparison_tokens(site.node))
    for (const auto other : alternatives(emit.grammar(), token.text())) {
      const bool identity = token.text() == "==" && other == "===";
      emit.bytes(token.start(), token.end(), std::string(other), identity ? -3 : is_boundary_swap(token.text(), other) ? 0.5 : 0);
    }
}

// a == 0 -> a <= 1: the operator and the whole number beside it together.
void compare_both(const Site& site, Emitter& emit) {
  const auto tokens = comparison_tokens(site.node);
  if (site.role != Role::comparison || tokens.size() != 1) return;
  for (const SyntaxNode& part : operands_of(emit.grammar(), site.node)) {
    if (role_of(emit.grammar(), part) != Role::integer) continue;
    const long n = std::strtol(std::string(part.text()).c_str(), nullptr, 10);
    for (const auto other : alternatives(emit.grammar(), tokens[0].text()))
      for (const long value : {n - 1, n + 1, 0L, 1L})
        if (value >= 0 && value != n)
          emit.edits({{tokens[0].start(), tokens[0].end(), std::string(other)}, {part.start(), part.end(), std::to_string(value)}}, value == n + 1 || value == n - 1 ? 0 : -0.7);
  }
}

void operator_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::binary && site.role != Role::boolean && site.role != Role::update) return;
  const SyntaxNode token = operator_of(site.node);
  if (token.null()) return;
  const int before = strength_of_operator(emit.grammar(), token.text());
  for (const auto other : alternatives(emit.grammar(), token.text())) {
    emit.bytes(token.start(), token.end(), std::string(other));
    // a + b * c written for (a * b): also with the old grouping where the new operator binds otherwise
    const int after = strength_of_operator(emit.grammar(), other);
    if (site.role == Role::binary && after < before && strength_needed(emit.grammar(), site.node) > after) {
      std::string text(site.node.text());
      text.replace(token.start() - site.node.start(), token.end() - token.start(), other);
      emit.bytes(site.node.start(), site.node.end(), "(" + text + ")", -0.5);
    }
  }
}

void assign_operator(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (site.role == Role::augmented) {
    const SyntaxNode token = operator_of(site.node);
    if (token.null()) return;
    for (const auto other : alternatives(grammar, token.text())) emit.bytes(token.start(), token.end(), std::string(other));
    emit.bytes(token.start(), token.end(), "=");
    return;
  }
  if (site.role != Role::assignment || site.node.child("type")) return;
  const SyntaxNode left = site.node.child("left"), right = site.node.child("right");
  if (left.null() || right.null() || role_of(grammar, left) == Role::targets) return;
  for (const SyntaxNode& token : site.node.children())
    if (token.text() == "=" && !token.named())
      for (const std::string_view op : {"+=", "-=", "*="}) emit.bytes(token.start(), token.end(), std::string(op));
}

void negate(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (site.role == Role::negation) {
    if (const SyntaxNode inner = site.node.child("argument")) emit.replace(site.node, std::string(inner.text()), strength_of(grammar, inner));
  }
  if (site.role == Role::minus) {
    if (const SyntaxNode inner = site.node.child("argument")) emit.replace(site.node, std::string(inner.text()), strength_of(grammar, inner));
  }
  const SyntaxNode parent = site.node.parent();
  const Role up = role_of(grammar, parent);
  const bool truth = site.condition || (site.load && up == Role::return_ && (site.types & ~kBool) == 0) || (site.load && up == Role::boolean);
  if (truth && site.role != Role::negation && site.role != Role::parens && site.role != Role::true_ && site.role != Role::false_) {
    auto [text, strength] = negated(emit, site.node, site.role);
    if (site.role != Role::comparison || comparison_tokens(site.node).size() != 1) emit.replace(site.node, text, strength);
  }
  if (site.load && site.role != Role::minus && site.role != Role::parens && (site.types & kNumber) && site.types != kAnyType &&
      (up == Role::return_ || up == Role::assignment || up == Role::arguments || up == Role::subscript || up == Role::comparison || up == Role::declarator))
    emit.replace(site.node, "-" + emit.operand(site.node, kUnary), kUnary, -1.5);
}

void drop_operand(const Site& site, Emitter& emit) {
  if (site.role != Role::binary && site.role != Role::boolean) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode left = site.node.child("left"), right = site.node.child("right");
  if (left.null() || right.null()) return;
  emit.replace(site.node, std::string(left.text()), strength_of(grammar, left));
  emit.replace(site.node, std::string(right.text()), strength_of(grammar, right));
  // the middle of a chain: a OP b OP c -> a OP c
  const Role inner = role_of(grammar, left);
  if (inner == site.role && left.child("left") && operator_of(left).text() != operator_of(site.node).text())
    emit.replace(site.node, emit.operand(left.child("left"), strength_of(grammar, site.node)) + " " + std::string(operator_of(left).text()) + " " +
                                emit.operand(right, strength_of(grammar, left) + 1),
                 strength_of(grammar, left), -1);
}

void swap_operands(const Site& site, Emitter& emit) {
  if (site.role != Role::binary && site.role != Role::comparison) return;
  const Grammar& grammar = emit.grammar();
  const auto parts = operands_of(grammar, site.node);
  const std::string_view op = operator_of(site.node).text();
  if (parts.size() != 2) return;
  const bool symmetric = op == "==" || op == "!=" || op == "===" || op == "!==" || op == "*" || op == "&" || op == "|" || op == "^" ||
                         (op == "+" && site.types == kNumber);
  if (symmetric) return;
  const int own = strength_of(grammar, site.node);
  emit.edits({{parts[0].start(), parts[0].end(), emit.operand(parts[1], own)}, {parts[1].start(), parts[1].end(), emit.operand(parts[0], own + 1)}},
             op == "in" || op == "not in" || op == "-" ? 0.5 : 0);
  // a - b + c, the outer pair: x + y of a chain whose left end is y
  const SyntaxNode left = parts[0];
  if (site.role == Role::binary && role_of(grammar, left) == Role::binary && left.child("right"))
    emit.edits({{left.child("right").start(), left.child("right").end(), std::string(parts[1].text())},
                {parts[1].start(), parts[1].end(), std::string(left.child("right").text())}}, -0.5);
}

// Where parentheses go: a - b // c -> (a - b) // c, (a + b) * c -> a + b * c; and a - b // c -> a // c - b.
void regroup(const Site& site, Emitter& emit) {
  if (site.role != Role::binary && site.role != Role::boolean) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode left = site.node.child("left"), right = site.node.child("right");
  if (left.null() || right.null()) return;
  const int own = strength_of(grammar, site.node);
  const auto token = std::string(operator_of(site.node).text());
  if (role_of(grammar, right) == site.role && strength_of(grammar, right) > own) {  // a - (b // c)
    const SyntaxNode b = right.child("left"), c = right.child("right");
    const auto inner = std::string(operator_of(right).text());
    emit.replace(site.node, "(" + std::string(left.text()) + " " + token + " " + std::string(b.text()) + ") " + inner + " " + std::string(c.text()),
                 strength_of(grammar, right));
    emit.replace(site.node, std::string(left.text()) + " " + inner + " " + std::string(c.text()) + " " + token + " " + std::string(b.text()), own, 0.3);
  }
  if (role_of(grammar, left) == site.role && strength_of(grammar, left) > own) {  // (a // b) - c
    const SyntaxNode a = left.child("left"), b = left.child("right");
    const auto inner = std::string(operator_of(left).text());
    emit.replace(site.node, std::string(a.text()) + " " + inner + " (" + std::string(b.text()) + " " + token + " " + std::string(right.text()) + ")",
                 strength_of(grammar, left));
    emit.replace(site.node, std::string(a.text()) + " " + token + " " + std::string(right.text()) + " " + inner + " " + std::string(b.text()), own, -0.3);
  }
  for (const bool second : {false, true}) {
    const SyntaxNode side = second ? right : left;
    if (role_of(grammar, side) != Role::parens || side.named_child_count() != 1) continue;
    const Role inner = role_of(grammar, side.named_child(0));
    if (inner == Role::binary || inner == Role::boolean) emit.bytes(side.start(), side.end(), std::string(side.named_child(0).text()));
  }
}

// A chain of one operator changes as a whole: a || b || c -> a && b && c.
void same_operator_everywhere(const Site& site, Emitter& emit) {
  if (site.role != Role::binary && site.role != Role::boolean) return;
  const Grammar& grammar = emit.grammar();
  const std::string op(operator_of(site.node).text());
  const SyntaxNode up = site.node.parent();
  if (operator_of(up).text() == op && role_of(grammar, up) == site.role) return;  // from the top of the chain
  std::vector<SyntaxNode> tokens;
  SyntaxNode at = site.node;
  for (; role_of(grammar, at) == site.role && operator_of(at).text() == op; at = at.child("left")) tokens.push_back(operator_of(at));
  if (tokens.size() < 2) return;
  for (const auto other : alternatives(grammar, op)) {
    std::vector<Edit> edits;
    for (const SyntaxNode& token : tokens) edits.push_back({token.start(), token.end(), std::string(other)});
    emit.edits(std::move(edits));
  }
}

void condition_constant(const Site& site, Emitter& emit) {
  if (!site.condition) return;
  if (site.role == Role::true_) {
    for (const std::string& name : emit.region().names) emit.replace(site.node, name);
    return;
  }
  emit.replace(site.node, std::string(emit.grammar().true_));
  emit.replace(site.node, std::string(emit.grammar().false_));
}

void extend_condition(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (!site.condition || site.role == Role::true_ || site.role == Role::false_) return;
  const auto both = [&](const std::string& text, int strength, double extra) {
    const std::string plain(site.node.text());
    if (plain.find(text) != std::string::npos) return;
    const std::string other = strength < kAnd ? "(" + text + ")" : text;
    for (const bool all : {true, false}) {
      const int own = all ? kAnd : kOr;
      const std::string word = " " + std::string(all ? grammar.and_ : grammar.or_) + " ";
      emit.replace(site.node, emit.operand(site.node, own) + word + other, own, extra);
      emit.replace(site.node, other + word + emit.operand(site.node, own), own, extra - 0.5);
    }
  };
  for (const Snippet& condition : emit.region().conditions) both(condition.text, condition.strength, 0);
  for (const std::string& name : emit.region().names) {
    both(name, kAtom, 0);
    both(std::string(grammar.not_) + name, grammar.indented ? kNot : kUnary, 0);
    const auto seen = emit.region().types.find(name);
    if (seen == emit.region().types.end() || (seen->second & kNull)) {
      both(fill(grammar.is_null, name), kCompare, 0);
      both(fill(grammar.is_not_null, name), kCompare, 0);
    }
    for (const auto& [function, arity] : emit.source().arity)
      if (arity == 1 && function != emit.region().name) both(function + "(" + name + ")", kPostfix, 0);
    const auto known = emit.region().types.find(name);
    const Types types = known == emit.region().types.end() ? kAnyType : known->second;
    if (!(types & kNumber)) continue;
    const std::string equal = " " + std::string(grammar.equal) + " ", unequal = " " + std::string(grammar.unequal) + " ";
    for (const std::string& text : {name + " % 2" + equal + "0", name + " % 2" + equal + "1", name + " % 2" + unequal + "0", name + equal + "0", name + " > 0", name + " < 0", name + equal + "1"})
      both(text, kCompare, -1);
  }
}

void condition_reuse(const Site& site, Emitter& emit) {
  if (!site.condition) return;
  for (const Snippet& other : emit.region().conditions)
    if (other.text != site.node.text()) emit.replace(site.node, other.text, other.strength, -1);
  for (const std::string& name : emit.region().names)
    if (name != site.node.text()) emit.replace(site.node, name, kAtom, -0.5);
}

}  // namespace wright::agent::search
