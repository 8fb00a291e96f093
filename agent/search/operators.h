// The operator table: each row makes candidate edits at one site of a region. Operators ask for roles and words of the language row
// (grammar.h), so they serve every language. `prior` is the log of the share of fixes that such an edit makes, shared out over the
// candidates of the row: fitted on the development cases (tests/bench/fix.py --fit), never on names. Pure functions, any thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/search/candidate.h"
#include "agent/search/source.h"

namespace wright::agent::search {

struct OperatorRow;

// Takes what an operator makes; checks nothing but that something changes.
class Emitter {
 public:
  Emitter(const Source& source, const Region& region, const OperatorRow& row, std::vector<Candidate>& out)
      : source_(source), region_(region), row_(row), out_(out) {}
  const Source& source() const { return source_; }
  const Region& region() const { return region_; }
  const Grammar& grammar() const { return *source_.grammar; }

  // `text` (that binds with `strength`) in the place of the expression `node`, in parentheses where they are needed.
  void replace(const tools::SyntaxNode& node, std::string text, int strength = kAtom, double extra = 0);
  void bytes(std::size_t begin, std::size_t end, std::string text, double extra = 0);
  void edits(std::vector<Edit> edits, double extra = 0);
  // Whole lines before or after a statement that stands alone on its lines; `text` one statement without indentation.
  void insert_line(const tools::SyntaxNode& statement, bool after, const std::string& text, double extra = 0);
  // The text of an expression, in parentheses when it binds weaker than `strength`.
  std::string operand(const tools::SyntaxNode& node, int strength) const;

 private:
  const Source& source_;
  const Region& region_;
  const OperatorRow& row_;
  std::vector<Candidate>& out_;
};

struct OperatorRow {
  std::string_view name;
  double prior;
  Risk risk;
  void (*make)(const Site& site, Emitter& emit);
};

// All rows: operators.cpp.
std::span<const OperatorRow> operator_rows();

// The statement's own indentation; nothing when other code stands before it on its line.
struct Indent { bool alone = false; std::string text; std::size_t line_begin = 0, line_end = 0; };
Indent indent_of(const Source& source, const tools::SyntaxNode& statement);

// Operators, by file.
// operators_symbol.cpp: tokens and conditions
void compare_swap(const Site&, Emitter&);
void compare_both(const Site&, Emitter&);
void operator_swap(const Site&, Emitter&);
void assign_operator(const Site&, Emitter&);
void negate(const Site&, Emitter&);
void drop_operand(const Site&, Emitter&);
void swap_operands(const Site&, Emitter&);
void regroup(const Site&, Emitter&);
void same_operator_everywhere(const Site&, Emitter&);
void condition_constant(const Site&, Emitter&);
void extend_condition(const Site&, Emitter&);
void condition_reuse(const Site&, Emitter&);
// operators_value.cpp: literals and numbers
void off_by_one(const Site&, Emitter&);
void number_change(const Site&, Emitter&);
void string_change(const Site&, Emitter&);
void constant_change(const Site&, Emitter&);
void literal_everywhere(const Site&, Emitter&);
void element_change(const Site&, Emitter&);
void insert_arithmetic(const Site&, Emitter&);
void insert_concat(const Site&, Emitter&);
// operators_name.cpp: names, attributes, calls
void name_swap(const Site&, Emitter&);
void name_to_element(const Site&, Emitter&);
void target_swap(const Site&, Emitter&);
void attribute_swap(const Site&, Emitter&);
void sibling_swap(const Site&, Emitter&);
void callee_swap(const Site&, Emitter&);
void argument_swap(const Site&, Emitter&);
void argument_drop(const Site&, Emitter&);
void argument_add(const Site&, Emitter&);
void keyword_add(const Site&, Emitter&);
void call_drop(const Site&, Emitter&);
// operators_wrap.cpp: around and behind expressions
void wrap(const Site&, Emitter&);
void wrap_with_name(const Site&, Emitter&);
void method_add(const Site&, Emitter&);
void attribute_add(const Site&, Emitter&);
void slice_add(const Site&, Emitter&);
void slice_change(const Site&, Emitter&);
void index_drop(const Site&, Emitter&);
void expression_reuse(const Site&, Emitter&);
void ternary_swap(const Site&, Emitter&);
void filter_change(const Site&, Emitter&);
// operators_statement.cpp
void statement_delete(const Site&, Emitter&);
void statement_swap(const Site&, Emitter&);
void statement_move(const Site&, Emitter&);
void statement_copy(const Site&, Emitter&);
void statement_insert(const Site&, Emitter&);
void guard_insert(const Site&, Emitter&);
void branch_swap(const Site&, Emitter&);
void jump_swap(const Site&, Emitter&);
void call_to_assignment(const Site&, Emitter&);
void return_insert(const Site&, Emitter&);
void else_add(const Site&, Emitter&);

}  // namespace wright::agent::search
