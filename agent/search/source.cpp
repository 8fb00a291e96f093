#include "agent/search/source.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

namespace wright::agent::search {

using tools::SyntaxNode;
using tools::SyntaxTree;

namespace {

constexpr std::size_t kSnippetBytes = 60;  // longest expression that is reused
constexpr std::size_t kSnippets = 60;      // of a kind, a region

bool is_expression(Role role) {
  switch (role) {
    case Role::binary: case Role::boolean: case Role::comparison: case Role::negation: case Role::minus: case Role::call: case Role::new_:
    case Role::attribute: case Role::subscript: case Role::identifier: case Role::integer: case Role::real: case Role::string:
    case Role::true_: case Role::false_: case Role::null: case Role::list: case Role::tuple: case Role::dictionary: case Role::ternary:
    case Role::parens: case Role::comprehension: case Role::lambda: case Role::slice: case Role::update: case Role::regex: return true;
    default: return false;
  }
}

std::string function_name(const Grammar& grammar, const SyntaxNode& node) {
  if (const SyntaxNode name = node.child("name")) return std::string(name.text());
  if (const SyntaxNode declarator = node.child("declarator")) {  // C: declarator of declarator
    SyntaxNode inner = declarator;
    while (const SyntaxNode next = inner.child("declarator")) inner = next;
    return std::string(inner.text().substr(0, inner.text().find('(')));
  }
  const SyntaxNode parent = node.parent();
  const Role role = role_of(grammar, parent);
  if (role == Role::declarator) return std::string(parent.child("name").text());
  if (role == Role::assignment) return std::string(parent.child("left").text());
  if (role == Role::pair) return std::string(parent.child("key").text());
  return "";
}

// A name that is written to or that is no expression of its own.
bool is_target(const Grammar& grammar, const SyntaxNode& node) {
  SyntaxNode child = node, parent = node.parent();
  while (role_of(grammar, parent) == Role::targets || (role_of(grammar, parent) == Role::tuple && parent.kind() == "expression_list")) {
    child = parent;
    parent = parent.parent();
  }
  switch (role_of(grammar, parent)) {
    case Role::assignment:
    case Role::augmented:
    case Role::for_each:
    case Role::comprehension_for: return parent.child("left") == child;
    case Role::declarator:
    case Role::function: return parent.child("name") == child || parent.child("parameter") == child || parent.child("declarator") == child;
    case Role::class_: return parent.child("name") == child;
    case Role::keyword_argument: return parent.child("name") == child;
    case Role::attribute: return parent.child(grammar.attribute_field) == child;
    case Role::parameters:
    case Role::import:
    case Role::type: return true;
    default: break;
  }
  const std::string_view kind = parent.kind();
  return kind == "default_parameter" ? parent.child("name") == child
         : kind == "typed_parameter" || kind == "typed_default_parameter" || kind == "catch_clause" || kind == "as_pattern_target" ||
               kind == "global_statement" || kind == "nonlocal_statement" || kind == "dotted_name" || kind == "aliased_import" ||
               kind == "list_splat_pattern" || kind == "dictionary_splat_pattern" || kind == "assignment_pattern";
}

bool is_condition(const Grammar& grammar, const SyntaxNode& node) {
  SyntaxNode child = node, parent = node.parent();
  if (role_of(grammar, node) == Role::parens) return false;
  while (role_of(grammar, parent) == Role::parens || role_of(grammar, parent) == Role::condition_parens) {
    child = parent;
    parent = parent.parent();
  }
  switch (role_of(grammar, parent)) {
    case Role::if_: case Role::else_if: case Role::while_: case Role::for_: case Role::assert_: return parent.child("condition") == child;
    case Role::comprehension_if: return true;
    case Role::ternary: {
      if (const SyntaxNode condition = parent.child("condition")) return condition == child;
      const auto parts = parent.named_children();  // Python: body, condition, alternative
      return parts.size() == 3 && parts[1] == child;
    }
    default: return false;
  }
}

bool is_statement(const Grammar& grammar, const SyntaxNode& node) {
  if (!node.named() || node.is_extra()) return false;
  const SyntaxNode parent = node.parent();
  const Role up = role_of(grammar, parent), own = role_of(grammar, node);
  if (own == Role::block) return false;
  if (up == Role::block || (up == Role::class_ && parent.kind() == "block")) return true;
  if (grammar.indented || parent.null()) return false;
  if (up == Role::else_ && own != Role::if_) return true;
  return parent.child("consequence") == node || ((up == Role::for_ || up == Role::for_each || up == Role::while_) && parent.child("body") == node);
}

void add_snippet(std::vector<Snippet>& to, const Grammar& grammar, const SyntaxNode& node, Types types) {
  const std::string_view text = node.text();
  if (text.size() > kSnippetBytes || to.size() >= kSnippets || text.find('\n') != std::string_view::npos) return;
  for (const Snippet& have : to)
    if (have.text == text) return;
  to.push_back({std::string(text), types, strength_of(grammar, node), node.start()});
}

void add_once(std::vector<std::string>& to, std::string_view text, std::size_t limit = 200) {
  if (!text.empty() && to.size() < limit && std::find(to.begin(), to.end(), text) == to.end()) to.emplace_back(text);
}

void find_regions(Source& source) {
  const Grammar& grammar = *source.grammar;
  Region rest{.name = "", .begin = 0, .end = source.text().size(), .first_line = 1};
  rest.last_line = line_of(source.text(), source.text().size());
  const std::function<void(const SyntaxNode&, std::string)> visit = [&](const SyntaxNode& node, std::string outer) {
    for (const SyntaxNode& child : node.named_children()) {
      const Role role = role_of(grammar, child);
      if (role == Role::function) {
        std::string name = function_name(grammar, child);
        if (name.empty()) name = fmt::format("line {}", child.line() + 1);
        source.regions.push_back({.name = outer + name, .begin = child.start(), .end = child.end(),
                                  .first_line = static_cast<int>(child.line()) + 1, .last_line = static_cast<int>(child.end_line()) + 1});
      } else if (role == Role::class_ && child.child("name")) {
        visit(child, outer + std::string(child.child("name").text()) + ".");
      } else if (child.start() < child.end()) {
        visit(child, outer);
      }
    }
  };
  visit(source.tree.root(), "");
  source.regions.push_back(std::move(rest));
}

void collect_file_words(Source& source) {
  const Grammar& grammar = *source.grammar;
  source.tree.walk([&](const SyntaxNode& node) {
    const Role role = role_of(grammar, node);
    if (role == Role::function) {
      const std::string name = function_name(grammar, node);
      if (!name.empty() && name[0] != '_') {
        add_once(source.functions, name);
        const SyntaxNode list = node.child("parameters");
        source.arity[name] = list ? static_cast<int>(list.named_child_count()) : node.child("parameter") ? 1 : 0;
      }
    } else if (role == Role::attribute) {
      const SyntaxNode up = node.parent();
      const bool called = role_of(grammar, up) == Role::call && up.child("function") == node;
      add_once(called ? source.methods : source.fields, node.child(grammar.attribute_field).text());
    } else if (role == Role::string) {
      const bool documentation = role_of(grammar, node.parent()) == Role::expression_statement;
      if (!documentation && node.text().size() <= 40) add_once(source.strings, node.text());
      return false;
    } else if (role == Role::integer || role == Role::real) {
      add_once(source.numbers, node.text());
    } else if (role == Role::import) {
      for (const auto& child : node.named_children())
        if (node.child("module_name") != child) add_once(source.functions, child.child("alias") ? child.child("alias").text() : child.text());
      return false;
    }
    return true;
  });
}

Types type_of_call(const Grammar& grammar, const SyntaxNode& node) {
  const SyntaxNode callee = node.child("function");
  std::string name(callee.text());
  if (role_of(grammar, callee) == Role::attribute) name = "." + std::string(callee.child(grammar.attribute_field).text());
  for (const auto& [known, gives] : grammar.types)
    if (known == name) return gives;
  return kAnyType;
}

}  // namespace

Types types_of(const Source& source, const Region& region, const SyntaxNode& node) {
  const Grammar& grammar = *source.grammar;
  switch (role_of(grammar, node)) {
    case Role::integer: case Role::real: case Role::minus: case Role::update: return kNumber;
    case Role::string: return kString;
    case Role::list: return node.kind() == "set" ? kSet : kList;
    case Role::tuple: return kTuple;
    case Role::dictionary: return kMap;
    case Role::true_: case Role::false_: case Role::comparison: case Role::negation: return kBool;
    case Role::null: return kNull;
    case Role::lambda: case Role::function: return kFunction;
    case Role::comprehension:
      return node.kind() == "list_comprehension" ? kList : node.kind() == "set_comprehension" ? kSet : node.kind() == "generator_expression" ? kObject : kMap;
    case Role::parens: return node.named_child_count() == 1 ? types_of(source, region, node.named_child(0)) : kAnyType;
    case Role::call: return type_of_call(grammar, node);
    case Role::attribute: {
      const std::string name = "." + std::string(node.child(grammar.attribute_field).text());
      for (const auto& [known, gives] : grammar.types)
        if (known == name && gives == kNumber && (name == ".length" || name == ".size")) return gives;
      return kAnyType;
    }
    case Role::subscript:
      if (types_of(source, region, node.child(grammar.container_field)) == kString) return kString;
      return kAnyType;
    case Role::binary: {
      const std::string_view op = operator_of(node).text();
      const Types left = types_of(source, region, node.child("left")), right = types_of(source, region, node.child("right"));
      if (op == "+") return left == kString || right == kString ? kString : left == kList && right == kList ? kList : left == kNumber && right == kNumber ? kNumber : kAnyType;
      if (op == "*" || op == "%") return left == kNumber && right == kNumber ? kNumber : left == kString ? kString : kAnyType;
      return kNumber;
    }
    case Role::boolean: return static_cast<Types>(types_of(source, region, node.child("left")) | types_of(source, region, node.child("right")));
    case Role::ternary: {
      const auto parts = node.named_children();
      if (parts.size() != 3) return kAnyType;
      return static_cast<Types>(types_of(source, region, parts[grammar.indented ? 0 : 1]) | types_of(source, region, parts[2]));
    }
    case Role::identifier: {
      const auto found = region.types.find(std::string(node.text()));
      return found == region.types.end() ? kAnyType : found->second;
    }
    default: return kAnyType;
  }
}

namespace {

// What is assigned to each name, over the whole region; a name that is bound in any other way is unknown.
void infer_types(const Source& source, Region& region, const SyntaxNode& top, const SeenTypes& seen) {
  const Grammar& grammar = *source.grammar;
  std::map<std::string, Types> found;
  const auto bind = [&](const SyntaxNode& target, Types types) {
    if (role_of(grammar, target) != Role::identifier) {
      for (const SyntaxNode& part : target.named_children())
        if (role_of(grammar, part) == Role::identifier && role_of(grammar, target) != Role::attribute && role_of(grammar, target) != Role::subscript)
          found[std::string(part.text())] = kAnyType;
      return;
    }
    found[std::string(target.text())] |= types;
  };
  for (int pass = 0; pass < 2; ++pass) {  // twice: a type may come from a name bound further down
    found.clear();
    SyntaxTree::walk_from(top, [&](const SyntaxNode& node) {
      const Role role = role_of(grammar, node);
      if (role == Role::assignment && node.child("right")) bind(node.child("left"), types_of(source, region, node.child("right")));
      if (role == Role::declarator && node.child("value")) bind(node.child("name"), types_of(source, region, node.child("value")));
      if (role == Role::for_each || role == Role::comprehension_for) {
        const SyntaxNode over = node.child("right");
        const bool counts = role_of(grammar, over) == Role::call && over.child("function").text() == "range";
        const Types of = types_of(source, region, over);
        bind(node.child("left"), counts ? kNumber : of == kString ? kString : kAnyType);
      }
      if (role == Role::parameters || role == Role::function) {
        for (const SyntaxNode& part : node.named_children()) {
          const SyntaxNode name = part.child("name") && role == Role::parameters ? part.child("name") : part;
          if (role == Role::parameters && role_of(grammar, name) == Role::identifier) found[std::string(name.text())] = kAnyType;
        }
        if (const SyntaxNode one = node.child("parameter")) found[std::string(one.text())] = kAnyType;
      }
      return true;
    });
    for (auto& [name, types] : found)
      if (types != kAnyType) region.types[name] = types;
      else region.types.erase(name);
  }
  const auto traced = seen.find(region.name);
  if (traced == seen.end()) return;
  for (const auto& [name, types] : traced->second) region.types[name] = types;
}

void collect_names(const Source& source, Region& region, const SyntaxNode& top) {
  const Grammar& grammar = *source.grammar;
  SyntaxTree::walk_from(top, [&](const SyntaxNode& node) {
    if (region.name.empty() && role_of(grammar, node) == Role::function) return false;
    if (role_of(grammar, node) == Role::type && node.kind() != "decorator") return false;
    if (role_of(grammar, node) == Role::identifier && is_target(grammar, node)) {
      const Role up = role_of(grammar, node.parent());
      if (up != Role::attribute && up != Role::keyword_argument && up != Role::class_ && up != Role::import && up != Role::type &&
          !(up == Role::function && node.parent().child("name") == node))
        add_once(region.names, node.text());
    }
    return true;
  });
}

}  // namespace

void collect_sites(Source& source, Region& region, const SeenTypes& seen) {
  const Grammar& grammar = *source.grammar;
  region.sites.clear();
  const SyntaxNode top = region.name.empty() && region.begin == 0 && region.end == source.text().size()
                             ? source.tree.root() : source.tree.node_at(region.begin, region.end, true);
  const bool outside = region.name.empty() && top == source.tree.root();
  collect_names(source, region, top);
  infer_types(source, region, top, seen);
  SyntaxTree::walk_from(top, [&](const SyntaxNode& node) {
    if (!node.named()) return true;
    const Role role = role_of(grammar, node);
    if (role == Role::import || role == Role::type || role == Role::comment) return false;
    if (outside && (role == Role::function || (role == Role::class_ && node.kind() != "block"))) return role == Role::class_;
    Site site{.node = node, .role = role};
    site.statement = is_statement(grammar, node);
    if (role == Role::expression_statement && node.named_child_count() == 1 && role_of(grammar, node.named_child(0)) == Role::string) return false;
    if (is_expression(role) && !(role == Role::function && node.child("name"))) {
      site.load = !is_target(grammar, node) && !(role == Role::parens && role_of(grammar, node.parent()) != Role::other && grammar.indented == false &&
                  (role_of(grammar, node.parent()) == Role::if_ || role_of(grammar, node.parent()) == Role::while_ || role_of(grammar, node.parent()) == Role::switch_));
      site.condition = site.load && is_condition(grammar, node);
      site.types = types_of(source, region, node);
    }
    if (site.load) {
      if (site.condition || role == Role::comparison || role == Role::negation) add_snippet(region.conditions, grammar, node, site.types);
      if (role != Role::string && role != Role::parens && role != Role::slice) add_snippet(region.expressions, grammar, node, site.types);
    }
    if (role == Role::return_ && node.named_child_count() == 1) {
      const SyntaxNode value = node.named_child(0);
      add_snippet(region.returns, grammar, value, types_of(source, region, value));
    }
    if (site.statement) add_snippet(region.statements, grammar, node, kAnyType);
    region.sites.push_back(site);
    return true;
  });
}

Result<Source> read_source(const std::string& name, std::string text, tools::Language language) {
  const Grammar* grammar = grammar_for(language);
  if (!grammar) return Error{ErrorKind::invalid, fmt::format("{}: patch search has no operators for this language", name), ""};
  WRIGHT_TRY(tools::SyntaxTree tree, tools::SyntaxTree::parse(language, std::move(text)));
  Source source{name, grammar, std::move(tree), {}, {}, {}, {}, {}, {}, {}};
  find_regions(source);
  collect_file_words(source);
  return source;
}

}  // namespace wright::agent::search
