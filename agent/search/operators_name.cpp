// Operators on names, attributes and calls.
#include <algorithm>
#include <set>

#include "agent/search/operators.h"

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

bool is_callee(const Grammar& grammar, const SyntaxNode& node) {
  const SyntaxNode parent = node.parent();
  const Role up = role_of(grammar, parent);
  return (up == Role::call && parent.child("function") == node) || (up == Role::new_ && parent.child("constructor") == node);
}

// Arguments without keyword arguments and comments; `list` is the arguments node.
std::vector<SyntaxNode> plain_arguments(const Grammar& grammar, const SyntaxNode& list) {
  std::vector<SyntaxNode> out;
  for (const SyntaxNode& child : list.named_children())
    if (!child.is_extra() && role_of(grammar, child) != Role::keyword_argument) out.push_back(child);
  return out;
}

std::string_view callee_name(const Grammar& grammar, const SyntaxNode& call) {
  const SyntaxNode callee = call.child("function");
  if (role_of(grammar, callee) == Role::attribute) return callee.child(grammar.attribute_field).text();
  return callee.text();
}

Types type_of_name(const Region& region, const std::string& name) {
  const auto known = region.types.find(name);
  return known == region.types.end() ? kAnyType : known->second;
}

}  // namespace

void name_swap(const Site& site, Emitter& emit) {
  if (!site.load || site.role != Role::identifier || is_callee(emit.grammar(), site.node)) return;
  const auto old = std::string(site.node.text());
  const Region& region = emit.region();
  // Only variables: a module or function name is no value.
  const bool variable = std::find(region.names.begin(), region.names.end(), old) != region.names.end();
  for (const std::string& name : region.names) {
    if (name == old || !(type_of_name(region, name) & site.types)) continue;
    const bool sure = type_of_name(region, name) != kAnyType && site.types != kAnyType;
    emit.replace(site.node, name, kAtom, (variable ? 0 : -2) + (sure ? 0.5 : 0));
  }
  if (variable && (site.types & kNumber))
    for (const auto& [text, extra] : {std::pair{"0", -1.5}, {"1", -1.7}, {"2", -3.0}}) emit.replace(site.node, text, kAtom, extra);
}

// x -> list[i]: names that the region indexes already, with each index.
void name_to_element(const Site& site, Emitter& emit) {
  if (!site.load || site.role != Role::identifier || is_callee(emit.grammar(), site.node)) return;
  const Grammar& grammar = emit.grammar();
  const Role up = role_of(grammar, site.node.parent());
  if (up == Role::subscript || up == Role::attribute) return;
  std::set<std::string> containers, indices{"0"};
  for (const Site& other : emit.region().sites) {
    if (other.role != Role::subscript) continue;
    const SyntaxNode container = other.node.child(grammar.container_field), index = other.node.child(grammar.index_field);
    if (role_of(grammar, container) == Role::identifier) containers.insert(std::string(container.text()));
    if (index && role_of(grammar, index) == Role::identifier) indices.insert(std::string(index.text()));
  }
  for (const std::string& name : emit.region().names)
    if (type_of_name(emit.region(), name) == kNumber && indices.size() < 6) indices.insert(name);
  for (const std::string& container : containers)
    for (const std::string& index : indices) emit.replace(site.node, container + "[" + index + "]", kPostfix);
}

void target_swap(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (site.role != Role::assignment && site.role != Role::augmented) return;
  const SyntaxNode left = site.node.child("left");
  if (left.null()) return;
  if (role_of(grammar, left) == Role::identifier)
    for (const std::string& name : emit.region().names)
      if (name != left.text()) emit.bytes(left.start(), left.end(), name);
  if (role_of(grammar, left) == Role::targets || left.kind() == "pattern_list") {
    const auto parts = left.named_children();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      emit.edits({{parts[i].start(), parts[i].end(), std::string(parts[i + 1].text())}, {parts[i + 1].start(), parts[i + 1].end(), std::string(parts[i].text())}});
  }
  for (const Snippet& other : emit.region().expressions)  // a load turned into a store: x.y = …, a[i] = …
    if (other.strength == kPostfix && other.text != left.text() && other.text.back() != ')') emit.bytes(left.start(), left.end(), other.text, -1);
}

void attribute_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::attribute) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode name = site.node.child(grammar.attribute_field);
  if (name.null()) return;
  for (const std::string& other : is_callee(grammar, site.node) ? emit.source().methods : emit.source().fields)
    if (other != name.text()) emit.bytes(name.start(), name.end(), other, is_callee(grammar, site.node) ? -1 : 0);
}

void sibling_swap(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  SyntaxNode name = site.node;
  if (site.role == Role::attribute) name = site.node.child(grammar.attribute_field);
  else if (site.role != Role::identifier || !is_callee(grammar, site.node)) return;
  for (const NameGroup& group : grammar.siblings) {
    if (std::find(group.names.begin(), group.names.end(), name.text()) == group.names.end()) continue;
    for (const auto other : group.names)
      if (other != name.text()) emit.bytes(name.start(), name.end(), std::string(other), group.names.size() <= 3 ? 0.7 : 0);
  }
}

void callee_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::identifier || !is_callee(emit.grammar(), site.node)) return;
  for (const std::string& other : emit.source().functions)
    if (other != site.node.text()) emit.bytes(site.node.start(), site.node.end(), other);
}

void argument_swap(const Site& site, Emitter& emit) {
  if (site.role != Role::call && site.role != Role::new_) return;
  const auto parts = plain_arguments(emit.grammar(), site.node.child("arguments"));
  static constexpr std::string_view kSymmetric[] = {"max", "min"};
  const bool symmetric = std::find(std::begin(kSymmetric), std::end(kSymmetric), callee_name(emit.grammar(), site.node)) != std::end(kSymmetric);
  const auto exchange = [&](const SyntaxNode& a, const SyntaxNode& b, double extra) {
    emit.edits({{a.start(), a.end(), std::string(b.text())}, {b.start(), b.end(), std::string(a.text())}}, extra);
  };
  for (std::size_t i = 0; i < parts.size() && !symmetric; ++i)
    for (std::size_t j = i + 1; j < parts.size(); ++j) exchange(parts[i], parts[j], j == i + 1 ? 0 : -1);
  // x.f(y) -> y.f(x)
  const SyntaxNode callee = site.node.child("function");
  if (parts.size() == 1 && role_of(emit.grammar(), callee) == Role::attribute) {
    const SyntaxNode object = callee.child(emit.grammar().object_field);
    if (object && strength_of(emit.grammar(), parts[0]) >= kPostfix) exchange(object, parts[0], 0);
  }
}

void argument_drop(const Site& site, Emitter& emit) {
  if (site.role != Role::call && site.role != Role::new_) return;
  const SyntaxNode list = site.node.child("arguments");
  if (role_of(emit.grammar(), list) != Role::arguments) return;
  const auto parts = list.named_children();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts.size() == 1) emit.bytes(parts[0].start(), parts[0].end(), "", -0.5);
    else if (i == 0) emit.bytes(parts[0].start(), parts[1].start(), "");
    else emit.bytes(parts[i - 1].end(), parts[i].end(), "");
  }
}

void argument_add(const Site& site, Emitter& emit) {
  if (site.role != Role::call && site.role != Role::new_) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode list = site.node.child("arguments");
  if (role_of(grammar, list) != Role::arguments) return;
  const auto parts = plain_arguments(grammar, list);
  std::vector<std::pair<std::string, double>> values{{"0", -0.5}, {"1", -0.3}, {"-1", -1}, {"2", -1}, {std::string(grammar.true_), -1.5}};
  for (const std::string& name : emit.region().names) values.emplace_back(name, 0);
  for (const auto& [value, extra] : values) {
    if (parts.empty()) {
      emit.bytes(list.start() + 1, list.start() + 1, value, extra);
      continue;
    }
    emit.bytes(parts.back().end(), parts.back().end(), ", " + value, extra);
    emit.bytes(parts.front().start(), parts.front().start(), value + ", ", extra - 0.3);
    // f(x) -> f(value, y): the argument exchanged and another one added
    if (parts.size() == 1)
      for (const std::string& name : emit.region().names)
        if (name != value && name != parts[0].text()) emit.bytes(parts[0].start(), parts[0].end(), value + ", " + name, extra - 1.5);
  }
}

void keyword_add(const Site& site, Emitter& emit) {
  if (site.role != Role::call) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode list = site.node.child("arguments");
  if (role_of(grammar, list) != Role::arguments) return;
  const std::string_view name = callee_name(grammar, site.node);
  for (const auto& [callee, text] : grammar.keywords) {
    if (callee != name || list.text().find(text.substr(0, text.find('=') + 1)) != std::string_view::npos) continue;
    const bool empty = list.named_child_count() == 0;
    emit.bytes(list.end() - 1, list.end() - 1, (empty ? "" : ", ") + std::string(text));
  }
}

// f(x) -> x, x.m() -> x, f(x, y) -> y
void call_drop(const Site& site, Emitter& emit) {
  if (site.role != Role::call) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode callee = site.node.child("function"), list = site.node.child("arguments");
  const auto parts = plain_arguments(grammar, list);
  for (const SyntaxNode& part : parts)
    if (role_of(grammar, part) != Role::spread) emit.replace(site.node, std::string(part.text()), strength_of(grammar, part), parts.size() == 1 ? 0 : -0.5);
  if (role_of(grammar, callee) == Role::attribute) {
    const SyntaxNode object = callee.child(grammar.object_field);
    emit.replace(site.node, std::string(object.text()), strength_of(grammar, object));
  }
  if (parts.empty() && role_of(grammar, callee) == Role::identifier) emit.replace(site.node, std::string(callee.text()), kAtom, -1);
  if (parts.empty() && role_of(grammar, callee) == Role::attribute) emit.replace(site.node, std::string(callee.text()), kPostfix, -1);
}

}  // namespace wright::agent::search
