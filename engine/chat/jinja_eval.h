// The template interpreter at work: scopes, statements, expressions. One object a rendering.
#pragma once

#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/chat/jinja_syntax.h"

namespace wright::engine::jinja {

class Evaluator;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
  // Positional argument `i` or the named one; null when neither is given.
  const Value* get(std::size_t i, std::string_view name) const;
  bool flag(std::size_t i, std::string_view name, bool fallback) const;
  std::int64_t number(std::size_t i, std::string_view name, std::int64_t fallback) const;
  Arguments rest(std::size_t n) const;  // without the first n positional ones
};

struct Callable {
  std::string name;
  std::function<Value(Evaluator&, const Arguments&)> call;
};

struct Scope {
  std::vector<std::pair<std::string, Value>> names;
  std::shared_ptr<Scope> parent;
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};

class Evaluator {
 public:
  Evaluator(std::string name, std::tm now);
  Result<MarkedText> run(const Syntax& syntax, const Value& variables);

  // The first failure stays; evaluation then unwinds with undefined values.
  Value fail(std::string message);
  bool failed() const { return error_.has_value(); }
  // Counts work; false (and failed) when over the limit.
  bool step(std::size_t n = 1);
  const std::tm& now() const { return now_; }

  Value call(const Value& callee, const Arguments& arguments);
  Value attribute(const Value& value, const std::string& name);  // value.name
  Value item(const Value& value, const Value& index);            // value[index]
  Value apply_filter(const std::string& name, const Value& subject, const Arguments& arguments);
  bool apply_test(const std::string& name, const Value& subject, const Arguments& arguments);
  // Elements as `for` sees them; nothing (and failed) when the value can't be iterated.
  List iterate(const Value& value);
  bool contains(const Value& container, const Value& element);
  Value binary(Op op, const Value& a, const Value& b);
  // A string of the value within the limit on sizes.
  Value make_string(MarkedText text);

 private:
  enum class Flow { next, break_, continue_ };
  Flow block(const Block& statements, MarkedText& out);
  Flow statement(const Stmt& s, MarkedText& out);
  Flow for_loop(const Stmt& s, MarkedText& out);
  Flow loop_over(const Stmt& s, const List& items, MarkedText& out, int depth);
  void assign(const Expr& target, Value value);
  Value make_macro(const Stmt& s, const std::string& name);
  Value eval(const Expr& e);
  Value eval_inner(const Expr& e);
  Value eval_call(const Expr& e);
  Value eval_compare(const Expr& e);
  Value slice(const Value& value, const Expr& e);
  Arguments arguments(const Expr& e, std::size_t first);
  template <class Body>
  auto in_scope(std::shared_ptr<Scope> parent, Body body);

  static constexpr int kDepth = 600;  // nested statements, expressions and macro calls
  const std::string name_;
  const std::tm now_;
  std::shared_ptr<Scope> scope_;
  std::optional<Error> error_;
  std::size_t steps_ = 0;
  int depth_ = 0, line_ = 0;
};

// jinja_globals.cpp, jinja_methods.cpp, jinja_filters.cpp, jinja_tests.cpp
void add_globals(Scope& scope);
// A method of a string, list or dict, bound to it; undefined when there is none of that name.
Value bound_method(const Value& value, const std::string& name);
using Filter = Value (*)(Evaluator&, const Value&, const Arguments&);
Filter find_filter(std::string_view name);
using Test = bool (*)(Evaluator&, const Value&, const Arguments&);
Test find_test(std::string_view name);
// Python's % for text (jinja_format.cpp).
Value format_percent(Evaluator& e, const MarkedText& format, const Value& right);
enum class Case { upper, lower, capital, title };
std::string with_case(std::string_view text, Case wanted);  // jinja_case.cpp
// Shared by methods and filters.
MarkedText trimmed(const MarkedText& text, const Value* characters, bool left, bool right);
MarkedText replaced(const MarkedText& text, const MarkedText& from, const MarkedText& to, std::int64_t count);

}  // namespace wright::engine::jinja
