// Operators that put something around or behind an expression, or another expression in its place.
#include <algorithm>

#include "agent/search/operators.h"

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

// Where a value can be wrapped: not a callee, not the object of a method, not a whole statement.
bool is_value(const Emitter& emit, const Site& site) {
  if (!site.load || site.role == Role::slice || site.role == Role::parens) return false;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode parent = site.node.parent();
  const Role up = role_of(grammar, parent);
  if (up == Role::expression_statement || up == Role::pair) return up == Role::pair;
  return !((up == Role::call || up == Role::new_) && parent.child("arguments") != site.node);
}

bool is_object_of(const Emitter& emit, const Site& site) {
  const Role up = role_of(emit.grammar(), site.node.parent());
  return up == Role::attribute;
}

double fit(Types have, Types wanted) { return have == kAnyType ? -0.7 : (have & wanted) ? 0 : -100; }

}  // namespace

void wrap(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || is_object_of(emit, site) || site.role == Role::integer || site.role == Role::string) return;
  for (const Wrap& row : emit.grammar().wraps) {
    const double fits = fit(site.types, row.from);
    if (fits < -10) continue;
    const bool postfix = row.text.starts_with("{}");
    const std::string inner = postfix ? emit.operand(site.node, kPostfix) : std::string(site.node.text());
    if (site.role == Role::call && !postfix && site.node.text().starts_with(row.text.substr(0, row.text.find('{')))) continue;
    emit.replace(site.node, fill(row.text, inner), kPostfix, row.prior + fits);
  }
}

// max(x, name), min(x, name): the accumulators of loops.
void wrap_with_name(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || is_object_of(emit, site) || !(site.types & kNumber) || site.condition) return;
  if (site.role == Role::integer) return;
  const std::string open = emit.grammar().indented ? "" : "Math.";
  int taken = 0;
  for (const std::string& name : emit.region().names) {
    const auto known = emit.region().types.find(name);
    if (name == site.node.text() || (known != emit.region().types.end() && !(known->second & kNumber)) || ++taken > 8) continue;
    for (const char* function : {"max", "min"}) emit.replace(site.node, open + function + "(" + name + ", " + std::string(site.node.text()) + ")", kPostfix);
  }
}

void method_add(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || site.role == Role::integer || site.condition) return;
  const auto put = [&](std::string_view pattern, double extra) { emit.replace(site.node, fill(pattern, emit.operand(site.node, kPostfix)), kPostfix, extra); };
  for (const Wrap& row : emit.grammar().methods)
    if (const double fits = fit(site.types, row.from); fits > -10) put(row.text, row.prior + fits);
  if (site.role != Role::string)
    for (const std::string& method : emit.source().methods) put("{}." + method + "()", -1.5);
}

void attribute_add(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || site.role == Role::integer || site.role == Role::string) return;
  if (site.types != kAnyType && !(site.types & (kObject | kMap))) return;
  for (const std::string& field : emit.source().fields) emit.replace(site.node, emit.operand(site.node, kPostfix) + "." + field, kPostfix);
}

void slice_add(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || site.role == Role::integer || is_object_of(emit, site)) return;
  const Grammar& grammar = emit.grammar();
  for (const Wrap& row : grammar.slices)
    if (const double fits = fit(site.types, row.from); fits > -10)
      emit.replace(site.node, fill(row.text, emit.operand(site.node, kPostfix)), kPostfix, row.prior + fits);
  if (fit(site.types, kSequence | kMap) < -10) return;
  int taken = 0;
  for (const std::string& name : emit.region().names) {
    if (name == site.node.text() || ++taken > 8) continue;
    const std::string object = emit.operand(site.node, kPostfix);
    emit.replace(site.node, object + "[" + name + "]", kPostfix, -1);
    if (grammar.indented) {
      emit.replace(site.node, object + "[" + name + ":]", kPostfix, -1.5);
      emit.replace(site.node, object + "[:" + name + "]", kPostfix, -1.5);
    }
  }
}

// Bounds of a slice: one dropped, one added, the parts moved along.
void slice_change(const Site& site, Emitter& emit) {
  if (site.role != Role::slice) return;
  std::vector<SyntaxNode> parts = site.node.named_children();
  for (const SyntaxNode& part : parts) emit.bytes(part.start(), part.end(), "");
  const std::string text(site.node.text());
  const std::size_t colon = text.find(':');
  if (colon == 0) for (const char* from : {"1", "2"}) emit.bytes(site.node.start(), site.node.start(), from);
  if (colon + 1 == text.size()) for (const char* to : {"-1", "1"}) emit.bytes(site.node.end(), site.node.end(), to);
  if (parts.size() == 1) emit.bytes(site.node.start(), site.node.end(), colon == 0 ? std::string(parts[0].text()) + ":" : ":" + std::string(parts[0].text()), 0.3);
}

void index_drop(const Site& site, Emitter& emit) {
  if (!site.load || (site.role != Role::subscript && site.role != Role::attribute)) return;
  const Grammar& grammar = emit.grammar();
  if (site.role == Role::attribute) {
    const SyntaxNode parent = site.node.parent();
    if (role_of(grammar, parent) == Role::call && parent.child("function") == site.node) return;
    const SyntaxNode object = site.node.child(grammar.object_field);
    emit.replace(site.node, std::string(object.text()), strength_of(grammar, object));
    return;
  }
  const SyntaxNode object = site.node.child(grammar.container_field), index = site.node.child(grammar.index_field);
  emit.replace(site.node, std::string(object.text()), strength_of(grammar, object));
  if (index && role_of(grammar, index) != Role::slice) emit.replace(site.node, std::string(index.text()), strength_of(grammar, index));
}

void expression_reuse(const Site& site, Emitter& emit) {
  if (!is_value(emit, site) || site.node.text().size() > 60) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode parent = site.node.parent();
  for (const Snippet& other : emit.region().expressions) {
    if (other.text == site.node.text() || !(other.types & site.types)) continue;
    if (site.role == Role::identifier && other.strength == kAtom) continue;  // name_swap's and number_change's business
    if (role_of(grammar, site.node) == Role::integer && other.strength == kAtom && other.types == kNumber) continue;
    if (role_of(grammar, parent) == Role::attribute && other.strength < kPostfix) continue;
    const bool sure = other.types != kAnyType && site.types != kAnyType;
    const double size = -0.03 * static_cast<double>(other.text.size());
    emit.replace(site.node, other.text, other.strength, size + (sure ? 0.5 : 0) + (site.condition ? -1 : 0));
  }
}

void ternary_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::ternary) return;
  std::vector<SyntaxNode> parts = site.node.named_children();
  if (parts.size() != 3) return;
  const SyntaxNode yes = parts[emit.grammar().indented ? 0 : 1], no = parts[2];
  emit.edits({{yes.start(), yes.end(), std::string(no.text())}, {no.start(), no.end(), std::string(yes.text())}});
  emit.replace(site.node, std::string(yes.text()), strength_of(emit.grammar(), yes), -0.5);
  emit.replace(site.node, std::string(no.text()), strength_of(emit.grammar(), no), -0.5);
}

// A comprehension's filter: dropped, or added from the conditions of the region.
void filter_change(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (site.role == Role::comprehension_if) {
    const SyntaxNode before = site.node.previous();
    emit.bytes(before ? before.end() : site.node.start(), site.node.end(), "");
  }
  if (site.role != Role::comprehension_for || !grammar.indented) return;
  const SyntaxNode next = site.node.next_named();
  if (next && role_of(grammar, next) == Role::comprehension_if) return;
  const SyntaxNode target = site.node.child("left");
  for (const Snippet& condition : emit.region().conditions) emit.bytes(site.node.end(), site.node.end(), " if " + condition.text);
  if (target && role_of(grammar, target) == Role::identifier) {
    const std::string name(target.text());
    for (const std::string& text : {name, name + " > 0", name + " % 2 == 0", name + " % 2 == 1"}) emit.bytes(site.node.end(), site.node.end(), " if " + text, -0.5);
  }
}

}  // namespace wright::agent::search
