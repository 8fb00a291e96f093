// Tests (`x is name`).
#include "base/utf8.h"
#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

using A = const Arguments&;
using V = const Value&;

bool ordered(Evaluator& e, V v, A a, Op op) {
  if (a.positional.empty()) return e.fail("a comparison test wants an argument"), false;
  V b = a.positional[0];
  if (op == Op::eq) return equal(v, b);
  if (op == Op::ne) return !equal(v, b);
  const int c = compare(v, b);
  if (c == 2) return e.fail("the two values have no order"), false;
  return op == Op::lt ? c < 0 : op == Op::le ? c <= 0 : op == Op::gt ? c > 0 : c >= 0;
}

bool cased(V v, bool upper) {
  bool any = false;
  const MarkedText text = v.str();
  for (const char c : text.text()) {
    if (upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z')) return false;
    any = any || (upper ? (c >= 'A' && c <= 'Z') : (c >= 'a' && c <= 'z'));
  }
  return any;
}

std::int64_t argument(Evaluator& e, A a) {
  if (a.positional.empty() || !a.positional[0].is_number()) return e.fail("the test wants a number"), 1;
  return a.positional[0].as_int();
}

struct Row {
  std::string_view name;
  Test test;
};
constexpr Row kTests[] = {
    {"defined", [](Evaluator&, V v, A) { return !v.is(Type::undefined); }},
    {"undefined", [](Evaluator&, V v, A) { return v.is(Type::undefined); }},
    {"none", [](Evaluator&, V v, A) { return v.is(Type::none); }},
    {"boolean", [](Evaluator&, V v, A) { return v.is(Type::boolean); }},
    {"true", [](Evaluator&, V v, A) { return v.is(Type::boolean) && v.truth(); }},
    {"false", [](Evaluator&, V v, A) { return v.is(Type::boolean) && !v.truth(); }},
    {"integer", [](Evaluator&, V v, A) { return v.is(Type::integer); }},
    {"float", [](Evaluator&, V v, A) { return v.is(Type::real); }},
    {"number", [](Evaluator&, V v, A) { return v.is_number(); }},
    {"string", [](Evaluator&, V v, A) { return v.is(Type::string); }},
    {"mapping", [](Evaluator&, V v, A) { return v.is(Type::dict); }},
    {"sequence", [](Evaluator&, V v, A) { return v.is_list() || v.is(Type::dict) || v.is(Type::string) || v.is(Type::undefined); }},
    {"iterable", [](Evaluator&, V v, A) { return v.is_list() || v.is(Type::dict) || v.is(Type::string) || v.is(Type::undefined); }},
    {"callable", [](Evaluator&, V v, A) { return v.is(Type::callable); }},
    {"sameas",
     [](Evaluator& e, V v, A a) {
       if (a.positional.empty()) return e.fail("sameas wants an argument"), false;
       V b = a.positional[0];
       if (v.type() != b.type()) return false;
       if (v.is_list()) return &v.items() == &b.items();
       if (v.is(Type::dict)) return &v.entries() == &b.entries();
       return equal(v, b);
     }},
    {"eq", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::eq); }},
    {"equalto", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::eq); }},
    {"==", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::eq); }},
    {"ne", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::ne); }},
    {"!=", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::ne); }},
    {"lt", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::lt); }},
    {"lessthan", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::lt); }},
    {"<", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::lt); }},
    {"le", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::le); }},
    {"<=", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::le); }},
    {"gt", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::gt); }},
    {"greaterthan", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::gt); }},
    {">", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::gt); }},
    {"ge", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::ge); }},
    {">=", [](Evaluator& e, V v, A a) { return ordered(e, v, a, Op::ge); }},
    {"in", [](Evaluator& e, V v, A a) { return a.positional.empty() ? (e.fail("in wants an argument"), false) : e.contains(a.positional[0], v); }},
    {"even", [](Evaluator&, V v, A) { return v.is_number() && v.as_int() % 2 == 0; }},
    {"odd", [](Evaluator&, V v, A) { return v.is_number() && v.as_int() % 2 != 0; }},
    {"divisibleby",
     [](Evaluator& e, V v, A a) {
       const std::int64_t n = argument(e, a);
       return n == 0 ? (e.fail("division by zero"), false) : n == -1 || v.as_int() % n == 0;
     }},
    {"lower", [](Evaluator&, V v, A) { return cased(v, false); }},
    {"upper", [](Evaluator&, V v, A) { return cased(v, true); }},
    {"escaped", [](Evaluator&, V, A) { return false; }},
    {"filter", [](Evaluator&, V v, A) { return v.is(Type::string) && find_filter(v.raw()) != nullptr; }},
    {"test", [](Evaluator&, V v, A) { return v.is(Type::string) && find_test(v.raw()) != nullptr; }},
};

}  // namespace

Test find_test(std::string_view name) {
  for (const Row& row : kTests)
    if (row.name == name) return row.test;
  return nullptr;
}

}  // namespace wright::engine::jinja
