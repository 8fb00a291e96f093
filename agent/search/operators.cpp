#include "agent/search/operators.h"

#include <algorithm>

namespace wright::agent::search {

using tools::SyntaxNode;

namespace {

// Priors: log of the share of fixes of each kind, smoothed. See the header.
constexpr OperatorRow kRows[] = {
    {"compare swap", -2.0, Risk::plain, compare_swap},
    {"operator swap", -2.5, Risk::plain, operator_swap},
    {"assignment operator", -3.5, Risk::plain, assign_operator},
    {"negate", -3.0, Risk::plain, negate},
    {"drop operand", -2.5, Risk::plain, drop_operand},
    {"swap operands", -3.5, Risk::plain, swap_operands},
    {"regroup", -4.5, Risk::plain, regroup},
    {"same operator everywhere", -5.0, Risk::plain, same_operator_everywhere},
    {"constant condition", -5.0, Risk::plain, condition_constant},
    {"extend condition", -4.5, Risk::guard, extend_condition},
    {"other condition", -4.0, Risk::plain, condition_reuse},
    {"off by one", -1.8, Risk::plain, off_by_one},
    {"number", -1.8, Risk::plain, number_change},
    {"string", -2.8, Risk::plain, string_change},
    {"constant", -3.5, Risk::plain, constant_change},
    {"literal everywhere", -4.5, Risk::plain, literal_everywhere},
    {"element", -3.5, Risk::plain, element_change},
    {"insert arithmetic", -3.0, Risk::plain, insert_arithmetic},
    {"insert concatenation", -4.0, Risk::plain, insert_concat},
    {"other name", -2.0, Risk::plain, name_swap},
    {"other target", -3.5, Risk::plain, target_swap},
    {"other attribute", -3.5, Risk::plain, attribute_swap},
    {"sibling function", -2.5, Risk::plain, sibling_swap},
    {"other function", -4.0, Risk::plain, callee_swap},
    {"swap arguments", -3.0, Risk::plain, argument_swap},
    {"drop argument", -4.0, Risk::plain, argument_drop},
    {"add argument", -3.5, Risk::plain, argument_add},
    {"keyword argument", -3.5, Risk::plain, keyword_add},
    {"drop call", -3.5, Risk::plain, call_drop},
    {"wrap", -3.0, Risk::plain, wrap},
    {"wrap with name", -3.5, Risk::plain, wrap_with_name},
    {"add method", -3.5, Risk::plain, method_add},
    {"add attribute", -4.0, Risk::plain, attribute_add},
    {"slice", -3.5, Risk::plain, slice_add},
    {"slice bound", -3.5, Risk::plain, slice_change},
    {"drop index", -4.5, Risk::plain, index_drop},
    {"expression reuse", -2.8, Risk::plain, expression_reuse},
    {"swap branches of a conditional", -4.5, Risk::plain, ternary_swap},
    {"filter", -4.0, Risk::plain, filter_change},
    {"delete statement", -3.0, Risk::deletion, statement_delete},
    {"swap statements", -4.0, Risk::plain, statement_swap},
    {"move statement", -4.0, Risk::plain, statement_move},
    {"copy statement", -4.5, Risk::plain, statement_copy},
    {"insert statement", -4.0, Risk::plain, statement_insert},
    {"insert guard", -4.0, Risk::guard, guard_insert},
    {"swap branches", -4.0, Risk::plain, branch_swap},
    {"other jump", -4.5, Risk::plain, jump_swap},
    {"call to assignment", -4.5, Risk::plain, call_to_assignment},
    {"insert return", -4.5, Risk::plain, return_insert},
    {"add else", -4.5, Risk::plain, else_add},
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
