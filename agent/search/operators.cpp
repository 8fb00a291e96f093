#include "agent/search/operators.h"

#include <algorithm>

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

// Priors: log of the share of fixes of each kind, smoothed. See the header.
constexpr OperatorRow kRows[] = {
    {"compare swap", -2.8, Risk::plain, compare_swap},
    {"compare swap and number", -4.8, Risk::plain, compare_both},
    {"operator swap", -3.5, Risk::plain, operator_swap},
    {"assignment operator", -4.8, Risk::plain, assign_operator},
    {"negate", -5.9, Risk::plain, negate},
    {"drop operand", -2.7, Risk::plain, drop_operand},
    {"swap operands", -3.7, Risk::plain, swap_operands},
    {"regroup", -4.3, Risk::plain, regroup},
    {"same operator everywhere", -4.8, Risk::plain, same_operator_everywhere},
    {"constant condition", -4.3, Risk::plain, condition_constant},
    {"extend condition", -4.0, Risk::guard, extend_condition},
    {"other condition", -5.9, Risk::plain, condition_reuse},
    {"off by one", -2.7, Risk::plain, off_by_one},
    {"number", -1.9, Risk::plain, number_change},
    {"string", -3.2, Risk::plain, string_change},
    {"constant", -3.7, Risk::plain, constant_change},
    {"literal everywhere", -4.8, Risk::plain, literal_everywhere},
    {"element", -3.7, Risk::plain, element_change},
    {"insert arithmetic", -3.2, Risk::plain, insert_arithmetic},
    {"insert concatenation", -4.8, Risk::plain, insert_concat},
    {"other name", -2.9, Risk::plain, name_swap},
    {"name to element", -4.8, Risk::plain, name_to_element},
    {"other target", -5.9, Risk::plain, target_swap},
    {"other attribute", -4.3, Risk::plain, attribute_swap},
    {"sibling function", -3.5, Risk::plain, sibling_swap},
    {"other function", -4.8, Risk::plain, callee_swap},
    {"swap arguments", -3.7, Risk::plain, argument_swap},
    {"drop argument", -5.9, Risk::plain, argument_drop},
    {"add argument", -4.3, Risk::plain, argument_add},
    {"keyword argument", -4.8, Risk::plain, keyword_add},
    {"drop call", -3.7, Risk::plain, call_drop},
    {"wrap", -4.8, Risk::plain, wrap},
    {"wrap with name", -4.3, Risk::plain, wrap_with_name},
    {"add method", -4.3, Risk::plain, method_add},
    {"add attribute", -4.3, Risk::plain, attribute_add},
    {"slice", -4.8, Risk::plain, slice_add},
    {"slice bound", -5.9, Risk::plain, slice_change},
    {"drop index", -5.9, Risk::plain, index_drop},
    {"expression reuse", -4.0, Risk::plain, expression_reuse},
    {"swap branches of a conditional", -5.9, Risk::plain, ternary_swap},
    {"filter", -5.9, Risk::plain, filter_change},
    {"delete statement", -3.7, Risk::deletion, statement_delete},
    {"swap statements", -5.9, Risk::plain, statement_swap},
    {"move statement", -5.9, Risk::plain, statement_move},
    {"copy statement", -5.9, Risk::plain, statement_copy},
    {"insert statement", -4.0, Risk::plain, statement_insert},
    {"insert guard", -4.8, Risk::guard, guard_insert},
    {"swap branches", -4.8, Risk::plain, branch_swap},
    {"other jump", -5.9, Risk::plain, jump_swap},
    {"call to assignment", -4.8, Risk::plain, call_to_assignment},
    {"insert return", -5.9, Risk::plain, return_insert},
    {"add else", -4.8, Risk::plain, else_add},
};

}  // namespace

std::span<const OperatorRow> operator_rows() { return kRows; }

Indent indent_of(const Source& source, const SyntaxNode& statement) {
  const std::string& text = source.text();
  Indent out;
  out.line_begin = statement.start() == 0 ? 0 : text.rfind('\n', statement.start() - 1);
  out.line_begin = out.line_begin == std::string::npos ? 0 : statement.start() == 0 ? 0 : out.line_begin + 1;
  out.text = text.substr(out.line_begin, statement.start() - out.line_begin);
  std::size_t end = statement.end();
  if (end > 0 && text[end - 1] == '\n') --end;
  const std::size_t stop = text.find('\n', end);
  out.line_end = stop == std::string::npos ? text.size() : stop + 1;
  std::string_view tail = std::string_view(text).substr(end, out.line_end - end);
  while (!tail.empty() && (tail.front() == ' ' || tail.front() == ';' || tail.front() == '\t')) tail.remove_prefix(1);
  const std::string_view comment = source.grammar->indented ? "#" : "//";
  out.alone = out.text.find_first_not_of(" \t") == std::string::npos &&
              (tail.empty() || tail.front() == '\n' || tail.front() == '\r' || tail.starts_with(comment));
  return out;
}

void Emitter::edits(std::vector<Edit> edits, double extra) {
  std::erase_if(edits, [&](const Edit& e) { return source_.text().compare(e.begin, e.end - e.begin, e.text) == 0; });
  if (edits.empty()) return;
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  Candidate c;
  c.op = row_.name;
  c.prior = row_.prior + extra;
  c.risk = row_.risk;
  c.suspicion = region_.suspicion;
  c.line = line_of(source_.text(), edits.front().begin);
  c.edits = std::move(edits);
  out_.push_back(std::move(c));
}

void Emitter::bytes(std::size_t begin, std::size_t end, std::string text, double extra) { edits({{begin, end, std::move(text)}}, extra); }

void Emitter::replace(const SyntaxNode& node, std::string text, int strength, double extra) {
  if (strength < strength_needed(grammar(), node)) text = "(" + text + ")";
  bytes(node.start(), node.end(), std::move(text), extra);
}

std::string Emitter::operand(const SyntaxNode& node, int strength) const {
  const std::string text(node.text());
  return strength_of(grammar(), node) < strength ? "(" + text + ")" : text;
}

void Emitter::insert_line(const SyntaxNode& statement, bool after, const std::string& text, double extra) {
  const Indent indent = indent_of(source_, statement);
  if (indent.alone) {
    if (!after) return bytes(indent.line_begin, indent.line_begin, indent.text + text + "\n", extra);
    const bool newline = indent.line_end > 0 && source_.text()[indent.line_end - 1] == '\n';
    return bytes(indent.line_end, indent.line_end, (newline ? "" : "\n") + indent.text + text + "\n", extra);
  }
  if (grammar().indented || role_of(grammar(), statement.parent()) != Role::block) return;
  if (after) bytes(statement.end(), statement.end(), " " + text, extra);
  else bytes(statement.start(), statement.start(), text + " ", extra);
}

}  // namespace wright::agent::search
