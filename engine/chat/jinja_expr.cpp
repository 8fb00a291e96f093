// Expressions: Python's semantics as far as templates use them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/limits.h"
#include "base/utf8.h"
#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

using Kind = Expr::Kind;

Value repeated(Evaluator& e, const Value& v, std::int64_t n) {
  n = std::max<std::int64_t>(n, 0);
  const std::size_t size = v.is(Type::string) ? v.text().size() : v.items().size();
  if (size && static_cast<std::uint64_t>(n) > limits::kTemplateOutputBytes / 16 / size) return e.fail("a repetition is too large");
  if (!e.step(static_cast<std::size_t>(n))) return {};
  if (v.is(Type::string)) {
    MarkedText out;
    for (std::int64_t i = 0; i < n; ++i) out.append(v.text());
    return e.make_string(std::move(out));
  }
  List out;
  for (std::int64_t i = 0; i < n; ++i) out.insert(out.end(), v.items().begin(), v.items().end());
  return Value::list(std::move(out));
}

}  // namespace

Value Evaluator::eval(const Expr& e) {
  if (!step()) return {};
  if (++depth_ > kDepth) {
    --depth_;
    return fail("nested too deep");
  }
  Value v = eval_inner(e);
  --depth_;
  return v;
}

Value Evaluator::eval_inner(const Expr& e) {
  const auto operand = [&](std::size_t i) { return eval(*e.args[i]); };
  switch (e.kind) {
    case Kind::literal: return e.value;
    case Kind::name: {
      const Value* v = scope_->find(e.name);
      return v ? *v : Value::missing(e.name);
    }
    case Kind::list:
    case Kind::tuple: {
      List items;
      for (const auto& arg : e.args) items.push_back(eval(*arg));
      return e.kind == Kind::list ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
    case Kind::dict: {
      const Value out = Value::dict({});
      for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) {
        const Value key = operand(i);
        out.put(key, operand(i + 1));
      }
      return out;
    }
    case Kind::attribute: return attribute(operand(0), e.name);
    case Kind::item: {
      const Value base = operand(0);
      if (e.args[1]->kind == Kind::slice) return slice(base, *e.args[1]);
      return item(base, operand(1));
    }
    case Kind::slice: return fail("a slice stands alone");
    case Kind::call: return eval_call(e);
    case Kind::filter: {
      const Value subject = operand(0);
      const Arguments args = arguments(e, 1);
      return failed() ? Value() : apply_filter(e.name, subject, args);
    }
    case Kind::test: {
      const Value subject = operand(0);
      const Arguments args = arguments(e, 1);
      return Value::boolean(!failed() && apply_test(e.name, subject, args));
    }
    case Kind::negate:
    case Kind::positive: {
      const Value v = operand(0);
      if (!v.is_number()) return fail(fmt::format("bad operand type for unary minus: {}", v.type_name()));
      const int sign = e.kind == Kind::negate ? -1 : 1;
      if (v.is(Type::real)) return Value::real(sign * v.as_real());
      return Value::integer(static_cast<std::int64_t>(sign < 0 ? 0 - static_cast<std::uint64_t>(v.as_int()) : static_cast<std::uint64_t>(v.as_int())));
    }
    case Kind::not_: return Value::boolean(!operand(0).truth());
    case Kind::and_: {
      const Value v = operand(0);
      return v.truth() ? operand(1) : v;
    }
    case Kind::or_: {
      const Value v = operand(0);
      return v.truth() ? v : operand(1);
    }
    case Kind::binary: {
      const Value a = operand(0);
      const Value b = operand(1);
      return failed() ? Value() : binary(e.ops[0], a, b);
    }
    case Kind::compare: return eval_compare(e);
    case Kind::ternary:
      if (operand(1).truth()) return operand(0);
      return e.args[2] ? operand(2) : Value::missing("the inline if-expression without else");
  }
  return {};
}

Arguments Evaluator::arguments(const Expr& e, std::size_t first) {
  Arguments out;
  for (std::size_t i = first; i < e.args.size(); ++i) out.positional.push_back(eval(*e.args[i]));
  for (const auto& [name, expr] : e.named) out.named.emplace_back(name, eval(*expr));
  if (e.star)
    for (Value& v : iterate(eval(*e.star))) out.positional.push_back(std::move(v));
  if (e.star2) {
    const Value named = eval(*e.star2);
    if (!named.is(Type::dict)) fail("** wants a mapping");
    else
      for (const auto& [key, value] : named.entries()) out.named.emplace_back(key.str().text(), value);
  }
  return out;
}

Value Evaluator::eval_call(const Expr& e) {
  const Expr& callee = *e.args[0];
  const Value f = eval(callee);
  if (failed()) return {};
  if (f.is(Type::undefined)) return fail(fmt::format("'{}' is undefined", callee.name.empty() ? "what is called" : callee.name));
  const Arguments args = arguments(e, 1);
  line_ = e.line;
  return call(f, args);
}

Value Evaluator::eval_compare(const Expr& e) {
  Value left = eval(*e.args[0]);
  for (std::size_t i = 0; i < e.ops.size(); ++i) {
    Value right = eval(*e.args[i + 1]);
    if (failed()) return {};
    bool holds = false;
    switch (e.ops[i]) {
      case Op::eq: holds = equal(left, right); break;
      case Op::ne: holds = !equal(left, right); break;
      case Op::in: holds = contains(right, left); break;
      case Op::not_in: holds = !contains(right, left); break;
      default: {
        const int c = compare(left, right);
        if (c == 2) return fail(fmt::format("{} and {} have no order", left.type_name(), right.type_name()));
        const Op op = e.ops[i];
        holds = op == Op::lt ? c < 0 : op == Op::le ? c <= 0 : op == Op::gt ? c > 0 : c >= 0;
      }
    }
    if (!holds) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

bool Evaluator::contains(const Value& container, const Value& element) {
  switch (container.type()) {
    case Type::string:
      if (!element.is(Type::string)) return fail("'in <string>' wants a string"), false;
      step(container.text().size() / 256);
      return container.raw().find(element.raw()) != std::string::npos;
    case Type::list:
    case Type::tuple:
      step(container.items().size() / 16);
      return std::any_of(container.items().begin(), container.items().end(), [&](const Value& v) { return equal(v, element); });
    case Type::dict: step(container.entries().size() / 16); return container.find(element) != nullptr;
    case Type::undefined: return false;
    default: return fail(fmt::format("a {} is not iterable", container.type_name())), false;
  }
}

List Evaluator::iterate(const Value& value) {
  switch (value.type()) {
    case Type::list:
    case Type::tuple: step(value.items().size() / 4); return value.items();
    case Type::dict: {
      List out;
      for (const auto& entry : value.entries()) out.push_back(entry.first);
      step(out.size() / 4);
      return out;
    }
    case Type::string: {
      List out;
      const std::string& text = value.raw();
      if (!step(text.size())) return {};
      for (std::size_t i = 0; i < text.size();) {
        const std::size_t n = utf8::decode(text, i).length;
        out.push_back(Value::string(value.text().substr(i, n)));
        i += n;
      }
      return out;
    }
    case Type::undefined: return {};
    default: fail(fmt::format("a {} is not iterable", value.type_name())); return {};
  }
}

Value Evaluator::binary(Op op, const Value& a, const Value& b) {
  if (op == Op::concat) {
    MarkedText out = a.str();
    out.append(b.str());
    return make_string(std::move(out));
  }
  if (a.is_number() && b.is_number()) {
    const bool real = a.is(Type::real) || b.is(Type::real) || op == Op::div || (op == Op::pow && b.as_int() < 0);
    const double x = a.as_real(), y = b.as_real();
    if ((op == Op::div || op == Op::floor_div || op == Op::mod) && y == 0) return fail("division by zero");
    if (real) {
      switch (op) {
        case Op::add: return Value::real(x + y);
        case Op::sub: return Value::real(x - y);
        case Op::mul: return Value::real(x * y);
        case Op::div: return Value::real(x / y);
        case Op::floor_div: return Value::real(std::floor(x / y));
        case Op::mod: return Value::real(x - y * std::floor(x / y));
        default: return Value::real(std::pow(x, y));
      }
    }
    const std::int64_t i = a.as_int(), j = b.as_int();
    std::int64_t r = 0;
    bool over = false;
    switch (op) {
      case Op::add: over = __builtin_add_overflow(i, j, &r); break;
      case Op::sub: over = __builtin_sub_overflow(i, j, &r); break;
      case Op::mul: over = __builtin_mul_overflow(i, j, &r); break;
      case Op::floor_div:
      case Op::mod: {
        if (j == -1) {
          over = op == Op::floor_div && __builtin_sub_overflow(std::int64_t{0}, i, &r);
          break;
        }
        std::int64_t q = i / j, m = i % j;
        if (m != 0 && (m < 0) != (j < 0)) --q, m += j;
        r = op == Op::mod ? m : q;
        break;
      }
      default: {
        r = 1;
        if (j > 1'000'000) return fail("a power is too large");
        for (std::int64_t k = 0; k < j && !over; ++k) over = __builtin_mul_overflow(r, i, &r);
      }
    }
    return over ? fail("an integer is too large") : Value::integer(r);
  }
  if (op == Op::add) {
    if (a.is(Type::string) && b.is(Type::string)) {
      MarkedText out = a.text();
      out.append(b.text());
      return make_string(std::move(out));
    }
    if (a.is_list() && a.type() == b.type()) {
      List out = a.items();
      out.insert(out.end(), b.items().begin(), b.items().end());
      step(out.size() / 4);
      return a.is(Type::list) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
    }
  }
  if (op == Op::mul && (a.is(Type::string) || a.is_list()) && b.is_number()) return repeated(*this, a, b.as_int());
  if (op == Op::mul && (b.is(Type::string) || b.is_list()) && a.is_number()) return repeated(*this, b, a.as_int());
  if (op == Op::mod && a.is(Type::string)) return format_percent(*this, a.text(), b);
  for (const Value* v : {&a, &b})
    if (v->is(Type::undefined)) return fail(fmt::format("'{}' is undefined", v->text().empty() ? "a value" : v->raw()));
  return fail(fmt::format("unsupported operand types: {} and {}", a.type_name(), b.type_name()));
}

Value Evaluator::attribute(const Value& value, const std::string& name) {
  if (failed()) return {};
  if (name.size() > 1 && name[0] == '_' && name[1] == '_') return fail(fmt::format("attribute '{}' is not reachable", name));
  if (value.is(Type::undefined)) return fail(fmt::format("'{}' is undefined", value.raw()));
  if (Value method = bound_method(value, name); !method.is(Type::undefined)) return method;
  if (value.is(Type::dict) || value.is(Type::space))
    if (const Value* v = value.find(name)) return *v;
  return Value::missing(fmt::format("{} object has no attribute '{}'", value.type_name(), name));
}

Value Evaluator::item(const Value& value, const Value& index) {
  if (failed()) return {};
  if (value.is(Type::undefined)) return fail(fmt::format("'{}' is undefined", value.raw()));
  if (value.is(Type::dict)) {
    if (const Value* v = value.find(index)) return *v;
  } else if ((value.is_list() || value.is(Type::string)) && index.is_number() && !index.is(Type::real)) {
    const std::size_t n = value.is_list() ? value.items().size() : code_points(value.raw());
    std::int64_t i = index.as_int();
    if (i < 0) i += static_cast<std::int64_t>(n);
    if (i < 0 || static_cast<std::size_t>(i) >= n) return Value::missing("index out of range");
    if (value.is_list()) return value.items()[static_cast<std::size_t>(i)];
    const std::size_t begin = byte_offset(value.raw(), static_cast<std::size_t>(i));
    return Value::string(value.text().substr(begin, utf8::decode(value.raw(), begin).length));
  }
  if (index.is(Type::string)) {
    Value v = attribute(value, index.raw());
    if (!v.is(Type::undefined)) return v;
  }
  return Value::missing(fmt::format("{} object has no element {}", value.type_name(), index.repr()));
}

Value Evaluator::slice(const Value& value, const Expr& e) {
  std::int64_t step_by = 1;
  std::optional<std::int64_t> parts[2];
  for (std::size_t i = 0; i < 3; ++i) {
    if (!e.args[i]) continue;
    const Value v = eval(*e.args[i]);
    if (failed() || v.is(Type::none)) continue;
    if (!v.is_number() || v.is(Type::real)) return fail("slice indices must be integers");
    if (i < 2) parts[i] = v.as_int();
    else step_by = v.as_int();
  }
  if (failed()) return {};
  if (value.is(Type::undefined)) return fail(fmt::format("'{}' is undefined", value.raw()));
  if (!value.is_list() && !value.is(Type::string)) return fail(fmt::format("a {} cannot be sliced", value.type_name()));
  if (step_by == 0) return fail("slice step cannot be zero");
  const List items = value.is_list() ? List() : iterate(value);
  const List& all = value.is_list() ? value.items() : items;
  const auto n = static_cast<std::int64_t>(all.size());
  const auto bound = [&](std::optional<std::int64_t> p, std::int64_t fallback) {
    if (!p) return fallback;
    const std::int64_t low = step_by < 0 ? -1 : 0, high = step_by < 0 ? n - 1 : n;
    return std::clamp(*p < 0 ? *p + n : *p, low, high);
  };
  const std::int64_t begin = bound(parts[0], step_by < 0 ? n - 1 : 0), end = bound(parts[1], step_by < 0 ? -1 : n);
  List out;
  for (std::int64_t i = begin; step_by > 0 ? i < end : i > end;) {
    out.push_back(all[static_cast<std::size_t>(i)]);
    if (__builtin_add_overflow(i, step_by, &i)) break;
  }
  step(out.size() / 4);
  if (value.is(Type::tuple)) return Value::tuple(std::move(out));
  if (value.is(Type::list)) return Value::list(std::move(out));
  MarkedText text;
  for (const Value& v : out) text.append(v.text());
  return make_string(std::move(text));
}

Value Evaluator::apply_filter(const std::string& name, const Value& subject, const Arguments& args) {
  const Filter filter = find_filter(name);
  if (!filter) return fail(fmt::format("no filter named '{}'", name));
  return filter(*this, subject, args);
}

bool Evaluator::apply_test(const std::string& name, const Value& subject, const Arguments& args) {
  const Test test = find_test(name);
  if (!test) return fail(fmt::format("no test named '{}'", name)), false;
  return test(*this, subject, args);
}

}  // namespace wright::engine::jinja
