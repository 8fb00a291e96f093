// Operators on literals and numeric values.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "agent/search/operators.h"

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

bool maybe(Types types, Types wanted) { return (types & wanted) != 0; }

// The values that may stand for a whole number, nearest first, with their log-weight.
std::vector<std::pair<std::string, double>> other_numbers(const Source& source, std::string_view text) {
  std::vector<std::pair<std::string, double>> out;
  std::set<std::string> have{std::string(text)};
  const auto add = [&](const std::string& value, double extra) {
    if (have.insert(value).second) out.emplace_back(value, extra);
  };
  char* end = nullptr;
  const std::string copy(text);
  const double number = std::strtod(copy.c_str(), &end);
  if (*end != '\0') return out;
  const bool whole = copy.find_first_of(".eE") == std::string::npos;
  if (whole && number < 1e9) {
    const long n = static_cast<long>(number);
    for (const long step : {1, -1}) add(fmt::format("{}", n + step), 0.7);
    for (const long value : {0L, 1L, 2L}) add(fmt::format("{}", value), 0.2);
    for (const long step : {2, -2}) add(fmt::format("{}", n + step), -0.4);
    add("-1", -0.2);
    for (const long value : {3L, 10L, n * 2, n / 2, n + 3, n - 3, n * 10, n / 10, n + 4, n - 4}) add(fmt::format("{}", value), -1.2);
    if (n != 0) add(fmt::format("-{}", n), -1.0);
    add(fmt::format("{}.0", n), -2.5);
  } else {
    for (const double value : {number + 1, number - 1, number * 2, number / 2, 1 / number, -number}) add(fmt::format("{}", value), -0.5);
    for (const char* value : {"0", "1", "2", "1.0", "2.0", "0.5", "0.0", "3", "10"}) add(value, -0.5);
  }
  for (const std::string& value : source.numbers) add(value, -0.5);
  return out;
}

std::string quoted(std::string_view literal, const std::string& content) {
  return std::string(1, literal.front()) + content + std::string(1, literal.back());
}

// Other contents for a string literal: ends cut, case, order, blanks, characters of the other literals.
std::vector<std::pair<std::string, double>> other_contents(const Source& source, std::string_view literal) {
  std::vector<std::pair<std::string, double>> out;
  if (literal.size() < 2 || (literal.front() != '"' && literal.front() != '\'') || literal.front() != literal.back() || literal.starts_with("\"\"\""))
    return out;
  const std::string content(literal.substr(1, literal.size() - 2));
  std::set<std::string> have{content};
  const auto add = [&](const std::string& text, double extra) {
    if (have.insert(text).second) out.emplace_back(quoted(literal, text), extra);
  };
  std::string upper = content, lower = content, title = content;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (!title.empty()) title[0] = upper[0];
  add(title, 0);
  if (!title.empty()) title[0] = lower[0];
  add(title, -0.5);
  add(upper, -0.3);
  add(lower, -0.3);
  if (!content.empty() && content.find('\\') == std::string::npos && content.size() <= 24) {
    add(content.substr(0, content.size() - 1), 0.2);
    add(content.substr(1), 0);
    add(std::string(content.rbegin(), content.rend()), -0.2);
    add(content + " ", -0.5);
    add(" " + content, -0.5);
    add(lower + upper, -0.5);
    for (std::size_t i = 0; i + 1 < content.size(); ++i) {
      std::string swapped = content;
      std::swap(swapped[i], swapped[i + 1]);
      add(swapped, -0.8);
      if (i > 0 && content.size() <= 10) add(content.substr(0, i) + content.substr(i + 1), -0.8);
    }
    std::set<char> letters;
    for (const std::string& other : source.strings)
      if (other.size() <= 12)
        for (const char c : other.substr(1, other.size() - 2))
          if (c != '\\' && c != literal.front()) letters.insert(c);
    for (const char c : letters) {
      add(content + c, -1);
      add(c + content, -1.3);
    }
  }
  for (const char* text : {"", " ", ",", "\\n", ".", "-", "_", "0", "1"}) add(text, -0.7);
  return out;
}

}  // namespace

void off_by_one(const Site& site, Emitter& emit) {
  if (!site.load || !maybe(site.types, kNumber)) return;
  const Grammar& grammar = emit.grammar();
  if (site.role != Role::identifier && site.role != Role::call && site.role != Role::subscript && site.role != Role::attribute &&
      site.role != Role::binary && site.role != Role::parens)
    return;
  const SyntaxNode parent = site.node.parent();
  const Role up = role_of(grammar, parent);
  if (up == Role::expression_statement || up == Role::attribute) return;
  if ((up == Role::call || up == Role::new_) && parent.child("arguments") != site.node) return;
  if (up == Role::subscript && parent.child(grammar.container_field) == site.node) return;
  if (up == Role::comparison && (operator_of(parent).text() == "in" || operator_of(parent).text() == "not in") && operands_of(grammar, parent).back() == site.node) return;
  const double extra = site.types == kAnyType ? -0.7 : 0;
  emit.replace(site.node, emit.operand(site.node, kAdd) + " + 1", kAdd, extra);
  emit.replace(site.node, emit.operand(site.node, kAdd) + " - 1", kAdd, extra);
}

void number_change(const Site& site, Emitter& emit) {
  if (site.role != Role::integer && site.role != Role::real) return;
  const SyntaxNode parent = site.node.parent();
  const bool negative = role_of(emit.grammar(), parent) == Role::minus;
  if (negative) emit.replace(parent, std::string(site.node.text()), kAtom, 0.5);
  for (auto& [value, extra] : other_numbers(emit.source(), site.node.text())) {
    if (negative && value.starts_with("-")) continue;
    emit.replace(site.node, value, value.starts_with("-") ? kUnary : kAtom, extra);
  }
  for (const std::string& name : emit.region().names) {
    const auto known = emit.region().types.find(name);
    if (known == emit.region().types.end() || (known->second & kNumber)) emit.replace(site.node, name, kAtom, -1.5);
  }
}

void string_change(const Site& site, Emitter& emit) {
  if (site.role != Role::string) return;
  const auto literal = site.node.text();
  for (auto& [text, extra] : other_contents(emit.source(), literal)) emit.bytes(site.node.start(), site.node.end(), text, extra);
  for (const std::string& other : emit.source().strings) emit.bytes(site.node.start(), site.node.end(), other, 0.3);
}

void constant_change(const Site& site, Emitter& emit) {
  const Grammar& grammar = emit.grammar();
  const auto put = [&](std::string_view text, double extra) { emit.replace(site.node, std::string(text), kAtom, extra); };
  switch (site.role) {
    case Role::true_: put(grammar.false_, 1); put(grammar.null_, -1); break;
    case Role::false_: put(grammar.true_, 1); put(grammar.null_, -1); break;
    case Role::null: put(grammar.true_, 0); put(grammar.false_, 0); put("0", 0); put("[]", 0); put("''", -0.5); break;
    case Role::list:
    case Role::dictionary:
      if (site.node.named_child_count() == 0) {
        const std::string_view text = site.node.text();
        for (const std::string_view other : {"[]", "[[]]", "[0]", "[1]", "{}", "0", "''"})
          if (other != text) put(other, other == "[[]]" ? 0.5 : 0);
        put(grammar.null_, 0);
        for (const std::string& name : emit.region().names) put("[" + name + "]", -0.5);
      } else if (site.node.named_child_count() == 1 && site.role == Role::list) {
        put("[]", 0);
        put(site.node.named_child(0).text(), -0.5);
      }
      break;
    case Role::integer:
      if (role_of(grammar, site.node.parent()) == Role::return_ || role_of(grammar, site.node.parent()) == Role::assignment) {
        put(grammar.null_, -1);
        put("[]", -1.5);
        put("''", -1.5);
        put(grammar.true_, -1.5);
        put(grammar.false_, -1.5);
      }
      break;
    default: break;
  }
}

// One literal that stands at several places of the region changes at all of them.
void literal_everywhere(const Site& site, Emitter& emit) {
  if (site.role != Role::integer && site.role != Role::string && site.role != Role::true_) return;
  std::vector<SyntaxNode> places;
  const std::string text(site.node.text());
  for (const Site& other : emit.region().sites)
    if (other.role == site.role && other.node.text() == text) places.push_back(other.node);
  if (site.role == Role::true_) {  // True and False change places
    std::vector<Edit> edits;
    bool first = true;
    for (const Site& other : emit.region().sites) {
      if (other.role != Role::true_ && other.role != Role::false_) continue;
      if (first && other.node != site.node && other.role == Role::true_) return;
      if (other.role == Role::true_) first = false;
      edits.push_back({other.node.start(), other.node.end(), std::string(other.role == Role::true_ ? emit.grammar().false_ : emit.grammar().true_)});
    }
    if (edits.size() > 1) emit.edits(std::move(edits));
    return;
  }
  if (places.size() < 2 || places.front() != site.node) return;
  const auto values = site.role == Role::integer ? other_numbers(emit.source(), text) : other_contents(emit.source(), text);
  for (const auto& [value, extra] : values) {
    if (value.starts_with("-")) continue;
    std::vector<Edit> edits;
    for (const SyntaxNode& place : places) edits.push_back({place.start(), place.end(), value});
    emit.edits(std::move(edits), extra);
  }
}

// Elements of a list, tuple or map literal: one left out (and all from it on), two neighbours exchanged.
void element_change(const Site& site, Emitter& emit) {
  if (site.role != Role::list && site.role != Role::tuple && site.role != Role::dictionary) return;
  std::vector<SyntaxNode> parts = site.node.named_children();
  std::erase_if(parts, [](const SyntaxNode& n) { return n.is_extra(); });
  if (parts.size() < 2 || parts.size() > 40) return;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 0) emit.bytes(parts[0].start(), parts[1].start(), "", -0.5);
    else emit.bytes(parts[i - 1].end(), parts[i].end(), "", 0);
    if (i > 0 && i + 1 < parts.size()) emit.bytes(parts[i - 1].end(), parts.back().end(), "", -0.3);
    if (i + 1 < parts.size() && site.role != Role::dictionary && parts.size() <= 8)
      emit.edits({{parts[i].start(), parts[i].end(), std::string(parts[i + 1].text())}, {parts[i + 1].start(), parts[i + 1].end(), std::string(parts[i].text())}}, 0.5);
  }
}

void insert_arithmetic(const Site& site, Emitter& emit) {
  if (!site.load || !maybe(site.types, kNumber)) return;
  const Grammar& grammar = emit.grammar();
  if (site.role != Role::identifier && site.role != Role::call && site.role != Role::subscript && site.role != Role::attribute &&
      site.role != Role::binary && site.role != Role::parens && site.role != Role::integer)
    return;
  const SyntaxNode parent = site.node.parent();
  const Role up = role_of(grammar, parent);
  if (up == Role::expression_statement || up == Role::attribute || (up == Role::call && parent.child("function") == site.node) ||
      (up == Role::subscript && parent.child(grammar.container_field) == site.node))
    return;
  const double unsure = site.types == kAnyType ? -1 : 0;
  if (site.role != Role::integer)
    for (const Wrap& half : grammar.halves) {
      const bool call = half.text.find('(') != std::string_view::npos;
      const int strength = half.text.find("**") != std::string_view::npos ? kPower : kMultiply;
      emit.replace(site.node, fill(half.text, emit.operand(site.node, strength == kPower ? kPostfix : kMultiply)), call ? kPostfix : strength, half.prior + unsure);
    }
  int taken = 0;
  for (const std::string& name : emit.region().names) {
    const auto known = emit.region().types.find(name);
    const bool sure = known != emit.region().types.end();
    if ((sure && !(known->second & kNumber)) || ++taken > 10) continue;
    const double extra = unsure - 1 - (sure ? 0 : 0.7);
    emit.replace(site.node, emit.operand(site.node, kAdd) + " + " + name, kAdd, extra);
    emit.replace(site.node, emit.operand(site.node, kAdd) + " - " + name, kAdd, extra);
    emit.replace(site.node, emit.operand(site.node, kMultiply) + " * " + name, kMultiply, extra - 0.5);
    emit.replace(site.node, name + " - " + emit.operand(site.node, kMultiply), kAdd, extra - 0.5);
  }
}

namespace {

// Lists: name + x and x + name, of names that are lists.
void insert_list_concat(const Site& site, Emitter& emit) {
  if (!site.load || !maybe(site.types, kList) || site.role == Role::parens || role_of(emit.grammar(), site.node.parent()) == Role::attribute) return;
  const bool literal = site.role == Role::list || site.role == Role::comprehension;
  if (!literal && site.types != kList) return;
  const SyntaxNode parent = site.node.parent();
  const Role up = role_of(emit.grammar(), parent);
  if (up != Role::return_ && up != Role::assignment && up != Role::arguments && up != Role::augmented && up != Role::binary && up != Role::declarator) return;
  for (const std::string& name : emit.region().names) {
    const auto known = emit.region().types.find(name);
    if (known == emit.region().types.end() || !(known->second & kList) || name == site.node.text()) continue;
    if (emit.grammar().concat.empty()) {
      emit.replace(site.node, name + " + " + emit.operand(site.node, kAdd), kAdd);
      emit.replace(site.node, emit.operand(site.node, kAdd) + " + " + name, kAdd);
    } else {
      const std::string own(emit.operand(site.node, kPostfix));
      emit.replace(site.node, name + std::string(emit.grammar().concat) + own + ")", kPostfix);
      emit.replace(site.node, own + std::string(emit.grammar().concat) + name + ")", kPostfix);
    }
  }
}

}  // namespace

void insert_concat(const Site& site, Emitter& emit) {
  insert_list_concat(site, emit);
  if (!site.load || !maybe(site.types, kString) || site.types == kAnyType) return;
  if (site.role == Role::parens || role_of(emit.grammar(), site.node.parent()) == Role::attribute) return;
  for (const std::string& name : emit.region().names) {
    const auto known = emit.region().types.find(name);
    if (known == emit.region().types.end() || known->second != kString || name == site.node.text()) continue;
    emit.replace(site.node, emit.operand(site.node, kAdd) + " + " + name, kAdd);
    emit.replace(site.node, name + " + " + emit.operand(site.node, kAdd), kAdd, -0.5);
  }
  std::set<std::string> literals{"'.'", "' '", "','", "'-'", "'0'"};
  for (const std::string& text : emit.source().strings)
    if (text.size() <= 5) literals.insert(text);
  if (site.role == Role::string) return;
  for (const std::string& text : literals) {
    if (text.size() <= 2) continue;
    emit.replace(site.node, emit.operand(site.node, kAdd) + " + " + text, kAdd, -0.5);
    emit.replace(site.node, text + " + " + emit.operand(site.node, kAdd), kAdd, -1);
  }
}

}  // namespace wright::agent::search
