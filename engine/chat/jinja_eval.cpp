#include "engine/chat/jinja_eval.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "engine/chat/jinja.h"

namespace wright::engine::jinja {

const Value* Arguments::get(std::size_t i, std::string_view name) const {
  if (i < positional.size()) return &positional[i];
  for (const auto& [n, v] : named)
    if (n == name) return &v;
  return nullptr;
}
bool Arguments::flag(std::size_t i, std::string_view name, bool fallback) const {
  const Value* v = get(i, name);
  return v ? v->truth() : fallback;
}
std::int64_t Arguments::number(std::size_t i, std::string_view name, std::int64_t fallback) const {
  const Value* v = get(i, name);
  return v && v->is_number() ? v->as_int() : fallback;
}
Arguments Arguments::rest(std::size_t n) const {
  Arguments out{{}, named};
  if (n < positional.size()) out.positional.assign(positional.begin() + static_cast<std::ptrdiff_t>(n), positional.end());
  return out;
}

const Value* Scope::find(std::string_view name) const {
  for (const Scope* s = this; s; s = s->parent.get())
    for (auto it = s->names.rbegin(); it != s->names.rend(); ++it)
      if (it->first == name) return &it->second;
  return nullptr;
}
void Scope::set(std::string_view name, Value value) {
  for (auto& [n, v] : names)
    if (n == name) {
      v = std::move(value);
      return;
    }
  names.emplace_back(std::string(name), std::move(value));
}

Evaluator::Evaluator(std::string name, std::tm now) : name_(std::move(name)), now_(now), scope_(std::make_shared<Scope>()) {}

Value Evaluator::fail(std::string message) {
  if (!error_) error_ = Error{ErrorKind::invalid, fmt::format("template {} line {}: {}", name_, line_, message), ""};
  return {};
}

bool Evaluator::step(std::size_t n) {
  steps_ += n;
  if (steps_ <= limits::kTemplateSteps) return !failed();
  if (!error_) error_ = Error{ErrorKind::limit, fmt::format("template {} takes more than {} steps", name_, limits::kTemplateSteps), ""};
  return false;
}

Value Evaluator::make_string(MarkedText text) {
  if (text.size() > limits::kTemplateOutputBytes) {
    if (!error_) error_ = Error{ErrorKind::limit, fmt::format("template {} makes more than {} bytes", name_, limits::kTemplateOutputBytes), ""};
    return {};
  }
  step(text.size() / 4096);
  return Value::string(std::move(text));
}

// Runs `body` in a new scope below `parent`.
template <class Body>
auto Evaluator::in_scope(std::shared_ptr<Scope> parent, Body body) {
  auto saved = std::move(scope_);
  scope_ = std::make_shared<Scope>();
  scope_->parent = std::move(parent);
  auto result = body();
  scope_ = std::move(saved);
  return result;
}

Result<MarkedText> Evaluator::run(const Syntax& syntax, const Value& variables) {
  add_globals(*scope_);
  auto top = std::make_shared<Scope>();
  top->parent = scope_;
  scope_ = top;
  for (const auto& [key, value] : variables.entries()) scope_->set(key.raw(), value);
  MarkedText out;
  block(syntax.body, out);
  // Macros hold the scope that they stand in, which holds them: cut the ring.
  top->names.clear();
  if (error_) return *error_;
  return out;
}

Evaluator::Flow Evaluator::block(const Block& statements, MarkedText& out) {
  for (const auto& s : statements) {
    line_ = s->line;
    if (!step()) return Flow::break_;
    if (++depth_ > kDepth) fail("nested too deep");
    const Flow flow = failed() ? Flow::break_ : statement(*s, out);
    --depth_;
    if (failed()) return Flow::break_;
    if (out.size() > limits::kTemplateOutputBytes) return make_string(out), Flow::break_;
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::statement(const Stmt& s, MarkedText& out) {
  using Kind = Stmt::Kind;
  switch (s.kind) {
    case Kind::text: out.append(s.text, true); break;
    case Kind::output: {
      const Value v = eval(*s.expr);
      if (!failed()) out.append(v.str());
      break;
    }
    case Kind::if_: return block(eval(*s.expr).truth() ? s.body : s.otherwise, out);
    case Kind::for_: return for_loop(s, out);
    case Kind::set: assign(*s.target, eval(*s.expr)); break;
    case Kind::set_block:
    case Kind::filter_block: {
      MarkedText text;
      in_scope(scope_, [&] { return block(s.body, text); });
      Value value = make_string(std::move(text));
      if (s.expr)
        value = in_scope(scope_, [&] {
          scope_->set(" text", value);
          return eval(*s.expr);
        });
      if (s.kind == Kind::set_block) assign(*s.target, value);
      else if (!failed()) out.append(value.str());
      break;
    }
    case Kind::macro: scope_->set(s.text, make_macro(s, s.text)); break;
    case Kind::call_block: {
      const Value caller = make_macro(s, "caller");
      const Expr& e = *s.expr;
      if (e.kind != Expr::Kind::call) return fail("{% call %} wants a call"), Flow::break_;
      Arguments args = arguments(e, 1);
      args.named.emplace_back("caller", caller);
      const Value v = call(eval(*e.args[0]), args);
      if (!failed()) out.append(v.str());
      break;
    }
    case Kind::with:
      return in_scope(scope_, [&] {
        for (const auto& [name, expr] : s.params) scope_->set(name, eval(*expr));
        return block(s.body, out);
      });
    case Kind::scope: return block(s.body, out);
    case Kind::do_: eval(*s.expr); break;
    case Kind::break_: return Flow::break_;
    case Kind::continue_: return Flow::continue_;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::for_loop(const Stmt& s, MarkedText& out) {
  const Value iterable = eval(*s.expr);
  if (failed()) return Flow::break_;
  return loop_over(s, iterate(iterable), out, 0);
}

Evaluator::Flow Evaluator::loop_over(const Stmt& s, const List& all, MarkedText& out, int depth) {
  List kept;
  if (s.condition) {
    for (const Value& item : all) {
      if (!step()) return Flow::break_;
      const bool keep = in_scope(scope_, [&] {
        assign(*s.target, item);
        return eval(*s.condition).truth();
      });
      if (keep) kept.push_back(item);
    }
  }
  const List& items = s.condition ? kept : all;
  if (failed()) return Flow::break_;
  if (items.empty()) return block(s.otherwise, out);
  const auto n = static_cast<std::int64_t>(items.size());
  const auto parent = scope_;
  const Value changed = Value::list({});
  for (std::int64_t i = 0; i < n && step(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    Dict loop;
    const auto put = [&](const char* name, Value v) { loop.emplace_back(Value::string(name, true), std::move(v)); };
    put("index0", Value::integer(i));
    put("index", Value::integer(i + 1));
    put("first", Value::boolean(i == 0));
    put("last", Value::boolean(i + 1 == n));
    put("length", Value::integer(n));
    put("revindex", Value::integer(n - i));
    put("revindex0", Value::integer(n - i - 1));
    put("depth", Value::integer(depth + 1));
    put("depth0", Value::integer(depth));
    if (i > 0) put("previtem", items[at - 1]);
    if (i + 1 < n) put("nextitem", items[at + 1]);
    put("cycle", Value::callable(std::make_shared<Callable>(Callable{"cycle", [i](Evaluator& e, const Arguments& a) {
          if (a.positional.empty()) return e.fail("loop.cycle wants arguments");
          return a.positional[static_cast<std::size_t>(i) % a.positional.size()];
        }})));
    put("changed", Value::callable(std::make_shared<Callable>(Callable{"changed", [changed](Evaluator&, const Arguments& a) {
          const Value now = Value::list(a.positional);
          if (!changed.items().empty() && equal(changed.items()[0], now)) return Value::boolean(false);
          changed.items().assign(1, now);
          return Value::boolean(true);
        }})));
    if (s.recursive)
      put(" self", Value::callable(std::make_shared<Callable>(Callable{"loop", [&s, depth, parent](Evaluator& e, const Arguments& a) {
            MarkedText text;
            if (a.positional.empty()) return e.fail("loop() wants an argument");
            const List inner = e.iterate(a.positional[0]);
            e.in_scope(parent, [&] { return e.loop_over(s, inner, text, depth + 1); });
            return e.make_string(std::move(text));
          }})));
    const Flow flow = in_scope(parent, [&] {
      assign(*s.target, items[at]);
      scope_->set("loop", Value::space(std::move(loop)));
      const Flow f = block(s.body, out);
      return f;
    });
    if (failed()) return Flow::break_;
    if (flow == Flow::break_) break;
  }
  return Flow::next;
}

void Evaluator::assign(const Expr& target, Value value) {
  if (failed()) return;
  switch (target.kind) {
    case Expr::Kind::name: scope_->set(target.name, std::move(value)); break;
    case Expr::Kind::attribute: {
      const Value object = eval(*target.args[0]);
      if (!object.is(Type::space)) fail(fmt::format("cannot set an attribute of {}; only of a namespace", object.type_name()));
      else object.put(Value::string(target.name, true), std::move(value));
      break;
    }
    default: {
      const List items = iterate(value);
      if (failed()) return;
      if (items.size() != target.args.size()) {
        fail(fmt::format("cannot unpack {} values into {} names", items.size(), target.args.size()));
        return;
      }
      for (std::size_t i = 0; i < items.size(); ++i) assign(*target.args[i], items[i]);
    }
  }
}

Value Evaluator::make_macro(const Stmt& s, const std::string& name) {
  const std::weak_ptr<Scope> weak = scope_;
  const auto invoke = [&s, weak, name](Evaluator& e, const Arguments& a) -> Value {
    auto home = weak.lock();
    if (!home) home = e.scope_;
    if (++e.depth_ > kDepth) e.fail("macros nested too deep");
    MarkedText text;
    e.in_scope(home, [&] {
      Arguments left = a;
      for (std::size_t i = 0; i < s.params.size(); ++i) {
        const auto& [param, fallback] = s.params[i];
        const Value* given = a.get(i, param);
        if (given) e.scope_->set(param, *given);
        else e.scope_->set(param, fallback ? e.eval(*fallback) : Value::missing(param));
      }
      List extra;
      for (std::size_t i = s.params.size(); i < a.positional.size(); ++i) extra.push_back(a.positional[i]);
      e.scope_->set("varargs", Value::tuple(std::move(extra)));
      Dict named;
      for (const auto& [key, value] : a.named) {
        bool is_param = false;
        for (const auto& [param, fallback] : s.params) is_param = is_param || param == key;
        if (key == "caller") e.scope_->set("caller", value);
        else if (!is_param) named.emplace_back(Value::string(key, true), value);
      }
      e.scope_->set("kwargs", Value::dict(std::move(named)));
      if (!e.failed()) e.block(s.body, text);
      return 0;
    });
    --e.depth_;
    return e.make_string(std::move(text));
  };
  return Value::callable(std::make_shared<Callable>(Callable{name, invoke}));
}

Value Evaluator::call(const Value& callee, const Arguments& args) {
  if (failed() || !step()) return {};
  if (callee.is(Type::callable)) return callee.function().call(*this, args);
  if (callee.is(Type::space))
    if (const Value* self = callee.find(" self")) return self->function().call(*this, args);
  if (callee.is(Type::undefined))
    return fail("what is called is undefined");
  return fail(fmt::format("a {} cannot be called", callee.type_name()));
}

Result<Template> Template::parse(std::string_view source, std::string_view name) {
  Template out;
  out.name_ = std::string(name);
  WRIGHT_TRY(out.syntax_, jinja::parse(source, name));
  return out;
}

Result<MarkedText> Template::render(const Value& variables, std::string_view now) const {
  std::tm local{};
  if (now.empty()) {
    const std::time_t t = std::time(nullptr);
    localtime_r(&t, &local);
  } else {
    const std::string text(now);
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
    if (!rest) rest = strptime(text.c_str(), "%Y-%m-%d", &local);
    if (!rest) return Error{ErrorKind::usage, fmt::format("'{}' is not a local ISO time", text), "write it as 2025-08-05T12:00:00"};
    local.tm_isdst = -1;
  }
  return Evaluator(name_, local).run(*syntax_, variables);
}

}  // namespace wright::engine::jinja
