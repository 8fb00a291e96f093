// Operators on whole statements: deleted, moved, exchanged, inserted.
#include <algorithm>
#include <set>

#include "agent/search/operators.h"

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

std::string spaces_of_step(const Source& source) {
  const std::string& text = source.text();
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
    const std::size_t stop = text.find_first_not_of(' ', at + 1);
    if (stop != std::string::npos && stop > at + 1 && stop - at - 1 <= 8 && text[stop] != '\n' && text[stop] != '*') return std::string(stop - at - 1, ' ');
    if (at + 1 < text.size() && text[at + 1] == '\t') return "\t";
  }
  return "    ";
}

bool simple(Role role) {
  return role == Role::expression_statement || role == Role::return_ || role == Role::break_ || role == Role::continue_ || role == Role::assignment;
}

SyntaxNode next_statement(const SyntaxNode& node) {
  SyntaxNode next = node.next_named();
  while (next && next.is_extra()) next = next.next_named();
  return next;
}

// The lines of a statement that stands alone on them, moved by `from` -> `to` indentation.
std::string reindented(const Source& source, const Indent& indent, const std::string& to) {
  std::string out;
  std::string_view lines = std::string_view(source.text()).substr(indent.line_begin, indent.line_end - indent.line_begin);
  while (!lines.empty()) {
    const std::size_t stop = lines.find('\n');
    std::string_view line = lines.substr(0, stop == std::string_view::npos ? lines.size() : stop + 1);
    lines.remove_prefix(line.size());
    if (line.starts_with(indent.text)) out += to + std::string(line.substr(indent.text.size()));
    else out += line;
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

}  // namespace

void statement_delete(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  const Grammar& grammar = emit.grammar();
  if (site.role == Role::function || site.role == Role::class_ || site.role == Role::import || site.role == Role::pass) return;
  const SyntaxNode block = site.node.parent();
  std::size_t alive = 0;
  for (const SyntaxNode& child : block.named_children()) alive += child.is_extra() ? 0 : 1;
  const double extra = site.role == Role::expression_statement ? 0.5 : site.role == Role::if_ ? 0 : site.role == Role::return_ ? -0.5 : -1;
  const Indent indent = indent_of(emit.source(), site.node);
  if (grammar.indented && alive < 2) {
    emit.bytes(site.node.start(), site.node.end(), "pass", extra - 1);
  } else if (!grammar.indented && role_of(grammar, block) != Role::block) {
    emit.bytes(site.node.start(), site.node.end(), "{}", extra - 1);
  } else if (indent.alone) {
    emit.bytes(indent.line_begin, indent.line_end, "", extra);
  } else {
    emit.bytes(site.node.start(), site.node.end(), "", extra);
  }
  // A condition in front of the body goes, the body stays.
  if (site.role == Role::if_ && site.node.child("alternative").null()) {
    const SyntaxNode body = site.node.child("consequence");
    const auto parts = body.named_children();
    if (grammar.indented && indent.alone && !parts.empty()) {
      std::string text;
      for (const SyntaxNode& part : parts) {
        const Indent own = indent_of(emit.source(), part);
        if (!own.alone) return;
        text += reindented(emit.source(), own, indent.text);
      }
      emit.bytes(indent.line_begin, indent.line_end, text, -1);
    }
  }
}

void statement_swap(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  const SyntaxNode next = next_statement(site.node);
  if (!next || role_of(emit.grammar(), site.node.parent()) != Role::block) return;
  if (site.role == Role::import || site.role == Role::function || site.role == Role::class_) return;
  const Indent a = indent_of(emit.source(), site.node), b = indent_of(emit.source(), next);
  const std::string& text = emit.source().text();
  if (a.alone && b.alone && a.text == b.text && b.line_begin >= a.line_end) {
    std::string second = text.substr(b.line_begin, b.line_end - b.line_begin);
    if (second.empty() || second.back() != '\n') second += '\n';
    emit.bytes(a.line_begin, b.line_end, second + text.substr(a.line_end, b.line_begin - a.line_end) + text.substr(a.line_begin, a.line_end - a.line_begin));
  } else {
    emit.edits({{site.node.start(), site.node.end(), std::string(next.text())}, {next.start(), next.end(), std::string(site.node.text())}});
  }
}

// Out of the block that it ends (after it) or begins (before it); into the block before it.
void statement_move(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  const Grammar& grammar = emit.grammar();
  const Indent own = indent_of(emit.source(), site.node);
  if (!own.alone || site.role == Role::function || site.role == Role::class_ || site.role == Role::import) return;
  const SyntaxNode block = site.node.parent();
  // out of its block
  SyntaxNode holder = block.parent();
  while (holder && role_of(grammar, holder) != Role::block && role_of(grammar, holder.parent()) != Role::block) holder = holder.parent();
  if (holder && role_of(grammar, block) == Role::block && role_of(grammar, holder) != Role::function && role_of(grammar, holder) != Role::class_ &&
      block.named_child_count() > 1) {
    const Indent outer = indent_of(emit.source(), holder);
    const bool last = next_statement(site.node).null();
    if (outer.alone && last) {
      const std::string moved = reindented(emit.source(), own, outer.text);
      emit.edits({{own.line_begin, own.line_end, ""}, {outer.line_end, outer.line_end, moved}});
      // Python: the block's last lines are also the holder's: one edit
      if (own.line_end == outer.line_end) emit.bytes(own.line_begin, own.line_end, moved, 0.3);
    }
    if (outer.alone) emit.edits({{outer.line_begin, outer.line_begin, reindented(emit.source(), own, outer.text)}, {own.line_begin, own.line_end, ""}}, -0.5);
  }
  // into the block of the statement before it
  SyntaxNode before = site.node.previous_named();
  while (before && before.is_extra()) before = before.previous_named();
  if (!before) return;
  SyntaxNode inner = before.child("body") ? before.child("body") : before.child("consequence");
  for (const SyntaxNode& child : before.named_children())  // of an if with else: the last branch
    if (role_of(grammar, child) == Role::else_ || role_of(grammar, child) == Role::else_if) inner = child.child("body") ? child.child("body") : child.child("consequence");
  if (!inner || role_of(grammar, inner) != Role::block || inner.named_child_count() == 0) return;
  const SyntaxNode last = inner.named_child(inner.named_child_count() - 1);
  const Indent deep = indent_of(emit.source(), last);
  if (!deep.alone) return;
  const std::string moved = reindented(emit.source(), own, deep.text);
  if (deep.line_end == own.line_begin) emit.bytes(own.line_begin, own.line_end, moved);
  else emit.edits({{deep.line_end, deep.line_end, moved}, {own.line_begin, own.line_end, ""}});
}

void statement_copy(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  int taken = 0;
  for (const Site& other : emit.region().sites) {
    if (!other.statement || !simple(other.role) || other.node == site.node || other.node.text().size() > 60) continue;
    if (other.node.text().find('\n') != std::string_view::npos || ++taken > 12) continue;
    const std::string text(other.node.text());
    emit.insert_line(site.node, false, text);
    if (next_statement(site.node).null() && site.role != Role::return_ && site.role != Role::break_ && site.role != Role::continue_)
      emit.insert_line(site.node, true, text);
  }
}

void statement_insert(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  const Grammar& grammar = emit.grammar();
  const bool last = next_statement(site.node).null() && site.role != Role::return_ && site.role != Role::break_ && site.role != Role::continue_;
  const std::string end(grammar.end);
  const auto put = [&](const std::string& text, double extra) {
    emit.insert_line(site.node, false, text + end, extra);
    if (last) emit.insert_line(site.node, true, text + end, extra);
  };
  const Region& region = emit.region();
  const auto type = [&](const std::string& name) {
    const auto known = region.types.find(name);
    return known == region.types.end() ? kAnyType : known->second;
  };
  int taken = 0;
  for (const std::string& name : region.names) {
    if (++taken > 10) break;
    for (const auto pattern : grammar.inserted) {
      const bool method = pattern.find("{}.") != std::string_view::npos || pattern.find('[') != std::string_view::npos || pattern.find("sorted") != std::string_view::npos;
      if (!(type(name) & (method ? kList | kSet | kMap : kNumber | kString))) continue;
      put(fill(pattern, name), type(name) == kAnyType ? -1 : 0);
    }
    int pairs = 0;
    for (const std::string& other : region.names) {
      if (other == name || ++pairs > 8) continue;
      if (type(name) & type(other)) put(name + " = " + other, -1.5);
      if ((type(name) & kNumber) && (type(other) & kNumber)) put(name + " += " + other, -2);
      if (type(name) & kList) {
        put(name + (grammar.indented ? ".append(" : ".push(") + other + ")", type(name) == kList ? -0.5 : -2);
        if (type(other) & kSequence) put(name + (grammar.indented ? ".append(" : ".push(") + fill(grammar.index_last, other) + ")", type(name) == kList ? -1 : -3);
      }
    }
  }
}

void guard_insert(const Site& site, Emitter& emit) {
  if (!site.statement) return;
  const Grammar& grammar = emit.grammar();
  const Region& region = emit.region();
  if (region.name.empty() || site.role == Role::function || site.role == Role::import) return;
  // At the start of the function, of a loop's body, and before a return.
  const SyntaxNode block = site.node.parent();
  const bool first = site.node.previous_named().null();
  const Role holder = role_of(grammar, block.parent());
  const bool loop = holder == Role::for_ || holder == Role::for_each || holder == Role::while_;
  SyntaxNode previous = site.node.previous_named();
  const bool start = holder == Role::function && (first || (previous && role_of(grammar, previous) == Role::expression_statement && previous.previous_named().null()));
  if (!start && !(first && loop) && site.role != Role::return_) return;
  std::vector<std::pair<std::string, double>> conditions;
  for (const Snippet& snippet : region.conditions)
    if (conditions.size() < 12) conditions.emplace_back(snippet.text, 0);
  int taken = 0;
  for (const std::string& name : region.names) {
    if (++taken > 6) break;
    const auto known = region.types.find(name);
    const Types types = known == region.types.end() ? kAnyType : known->second;
    conditions.emplace_back(std::string(grammar.not_) + name, 0.3);
    if (types & kNumber) {
      for (const char* test : {" < 0", " == 0", " == 1", " < 2", " <= 0"}) conditions.emplace_back(name + test, types == kAnyType ? -1 : 0);
    }
    if (types & kSequence) {
      const std::string length = grammar.indented ? "len(" + name + ")" : name + ".length";
      for (const char* test : {" == 0", " == 1", " < 2"}) conditions.emplace_back(length + test, types == kAnyType ? -0.7 : 0);
    }
    if (types & kNull) conditions.emplace_back(name + (grammar.indented ? " is None" : " === null"), 0);
  }
  std::vector<std::pair<std::string, double>> actions;
  const std::string word = "return ", end(grammar.end);
  std::set<std::string> have;
  const auto result = [&](const std::string& value, double extra) {
    if (have.insert(value).second) actions.emplace_back(word + value + end, extra);
  };
  for (const Snippet& value : region.returns) result(value.text, 0);
  for (const auto value : {grammar.true_, grammar.false_, std::string_view("0"), std::string_view("[]"), grammar.null_, std::string_view("1"), std::string_view("-1"), std::string_view("''")}) result(std::string(value), -1);
  taken = 0;
  for (const std::string& name : region.names)
    if (++taken <= 3) result(name, -1);
  if (loop) {
    actions.clear();
    actions.emplace_back("continue" + end, 0);
    actions.emplace_back("break" + end, -0.3);
  }
  for (const auto& [condition, a] : conditions)
    for (const auto& [action, b] : actions) {
      std::string text(grammar.guard);
      text.replace(text.find("{c}"), 3, condition);
      text.replace(text.find("{s}"), 3, action);
      emit.insert_line(site.node, false, text, a + b);
    }
}

void branch_swap(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  // elif -> if, and the other way round
  if (site.role == Role::else_if) {
    const std::size_t at = site.node.start();
    if (emit.source().text().compare(at, 4, "elif") == 0) emit.bytes(at, at + 4, "if");
  }
  if (site.role == Role::if_ && grammar.indented) {
    const SyntaxNode previous = site.node.previous_named();
    if (previous && role_of(grammar, previous) == Role::if_) emit.bytes(site.node.start(), site.node.start() + 2, "elif");
    if (site.node.child("alternative").null()) emit.bytes(site.node.start(), site.node.start() + 2, "while", -1);
  }
  if (site.role == Role::while_ && emit.source().text().compare(site.node.start(), 5, "while") == 0)
    emit.bytes(site.node.start(), site.node.start() + 5, "if", -0.5);
  if (site.role != Role::if_ && site.role != Role::else_if) return;
  const SyntaxNode yes = site.node.child("consequence");
  const SyntaxNode otherwise = site.role == Role::if_ ? site.node.child("alternative") : site.node.next_named();
  if (!otherwise || role_of(grammar, otherwise) != Role::else_) return;
  SyntaxNode no = otherwise.child("body");
  if (no.null() && otherwise.named_child_count() > 0) no = otherwise.named_child(otherwise.named_child_count() - 1);
  if (yes.null() || no.null() || role_of(grammar, no) == Role::if_) return;
  emit.edits({{yes.start(), yes.end(), std::string(no.text())}, {no.start(), no.end(), std::string(yes.text())}}, 0.5);
}

void jump_swap(const Site& site, Emitter& emit) {
  const std::string end(emit.grammar().indented ? "" : ";");
  if (site.role == Role::break_) emit.bytes(site.node.start(), site.node.end(), "continue" + end);
  if (site.role == Role::continue_) emit.bytes(site.node.start(), site.node.end(), "break" + end);
  if (site.role == Role::return_ && emit.grammar().indented && site.node.named_child_count() == 1)
    emit.bytes(site.node.start(), site.node.start() + 6, "yield");
  if (site.role == Role::expression_statement && site.node.named_child_count() == 1) {
    const Role inner = role_of(emit.grammar(), site.node.named_child(0));
    if (inner == Role::call || inner == Role::comparison || inner == Role::identifier) emit.bytes(site.node.start(), site.node.start(), "return ");
    if (inner == Role::other && site.node.text().starts_with("yield ")) emit.bytes(site.node.start(), site.node.start() + 5, "return");
  }
}

// x.m(y) -> x = y, and f(x) as a statement -> x = f(x)
void call_to_assignment(const Site& site, Emitter& emit) {
  if (site.role != Role::expression_statement || site.node.named_child_count() != 1) return;
  const Grammar& grammar = emit.grammar();
  const SyntaxNode call = site.node.named_child(0);
  if (role_of(grammar, call) != Role::call) return;
  const SyntaxNode callee = call.child("function"), list = call.child("arguments");
  const SyntaxNode object = role_of(grammar, callee) == Role::attribute ? callee.child(grammar.object_field) : SyntaxNode();
  if (object) {
    emit.bytes(call.start(), call.start(), std::string(object.text()) + " = ");
    if (list.named_child_count() == 1)
      for (const char* op : {" = ", " += "}) emit.bytes(call.start(), call.end(), std::string(object.text()) + op + std::string(list.named_child(0).text()));
  }
  if (list.named_child_count() > 0 && role_of(grammar, list.named_child(0)) == Role::identifier)
    emit.bytes(call.start(), call.start(), std::string(list.named_child(0).text()) + " = ");
  if (list.named_child_count() == 1)  // f(x) -> f(x[i]) is the business of others; f(x) -> name = f(x):
    for (const std::string& name : emit.region().names) emit.bytes(call.start(), call.start(), name + " = ", -1.5);
}

void return_insert(const Site& site, Emitter& emit) {
  if (!site.statement || emit.region().name.empty() || site.role == Role::return_) return;
  const Grammar& grammar = emit.grammar();
  if (!next_statement(site.node).null() || role_of(grammar, site.node.parent()) != Role::block) return;
  for (const std::string& name : emit.region().names) emit.insert_line(site.node, true, "return " + name + std::string(grammar.end));
  for (const auto value : {grammar.true_, grammar.false_}) emit.insert_line(site.node, true, "return " + std::string(value) + std::string(grammar.end), -0.5);
}

// if c: x += 1   ->   … else: y += 1, with the statement of the branch and other names.
void else_add(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  if (site.role != Role::if_ || !site.statement || site.node.child("alternative")) return;
  const SyntaxNode body = site.node.child("consequence");
  if (body.null() || role_of(grammar, body) != Role::block || body.named_child_count() != 1) return;
  const SyntaxNode statement = body.named_child(0);
  const Indent indent = indent_of(emit.source(), site.node);
  if (!indent.alone || statement.text().find('\n') != std::string_view::npos) return;
  std::vector<std::string> texts;
  tools::SyntaxTree::walk_from(statement, [&](const SyntaxNode& node) {
    if (role_of(grammar, node) == Role::identifier)
      for (const std::string& name : emit.region().names)
        if (name != node.text()) {
          std::string text(statement.text());
          text.replace(node.start() - statement.start(), node.end() - node.start(), name);
          texts.push_back(std::move(text));
        }
    return true;
  });
  const std::string step = spaces_of_step(emit.source());
  for (const std::string& text : texts) {
    if (grammar.indented) emit.bytes(indent.line_end, indent.line_end, indent.text + "else:\n" + indent.text + step + text + "\n");
    else emit.bytes(site.node.end(), site.node.end(), " else { " + text + " }");
  }
}

}  // namespace wright::agent::search
