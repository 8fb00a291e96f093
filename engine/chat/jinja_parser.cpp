#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "engine/chat/jinja_syntax.h"

namespace wright::engine::jinja {
namespace {

using Kind = Expr::Kind;
constexpr int kDepth = 200, kChain = 300;

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::string_view name) : tokens_(std::move(tokens)), name_(name) {}

  Result<std::shared_ptr<const Syntax>> run() {
    auto out = std::make_shared<Syntax>();
    out->body = block({});
    if (error_) return *error_;
    return std::shared_ptr<const Syntax>(std::move(out));
  }

 private:
  struct Deeper {
    explicit Deeper(Parser& p) : p(p) {
      if (++p.depth_ > kDepth) p.fail("nested too deep");
    }
    ~Deeper() { --p.depth_; }
    Parser& p;
  };

  // The first error stays; afterwards the parser sees the end of the input, so that every loop ends.
  void fail(std::string_view what) {
    if (!error_) error_ = Error{ErrorKind::invalid, fmt::format("template {} line {}: {}", name_, peek().line, what), ""};
    at_ = tokens_.size() - 1;
  }
  // Long chains make deep trees.
  bool shorter(int& n) {
    if (++n > kChain) fail("an expression is too long");
    return !error_;
  }
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(Token::Kind kind) const { return peek().kind == kind; }
  bool op(std::string_view text) const { return is(Token::Kind::op) && peek().text == text; }
  bool word(std::string_view text) const { return is(Token::Kind::name) && peek().text == text; }
  Token next() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool take_op(std::string_view text) { return op(text) ? (next(), true) : false; }
  bool take_word(std::string_view text) { return word(text) ? (next(), true) : false; }
  void expect_op(std::string_view text) {
    if (!take_op(text)) fail(fmt::format("expected '{}' before '{}'", text, peek().text));
  }
  std::string expect_name() {
    if (!is(Token::Kind::name)) return fail("expected a name"), std::string();
    return next().text;
  }
  void end_block() {
    if (!is(Token::Kind::block_end)) return fail(fmt::format("unexpected '{}' in a statement", peek().text));
    next();
  }

  ExprPtr make(Kind kind, ExprPtr a = nullptr, ExprPtr b = nullptr) {
    auto e = std::make_unique<Expr>();
    e->kind = kind;
    e->line = peek().line;
    if (a) e->args.push_back(std::move(a));
    if (b) e->args.push_back(std::move(b));
    return e;
  }
  ExprPtr literal(Value v) {
    auto e = make(Kind::literal);
    e->value = std::move(v);
    return e;
  }

  // ---- statements

  // Statements up to a block whose first word is one of `ends` (which is then current, after its block_begin).
  Block block(const std::vector<std::string_view>& ends) {
    Deeper deeper(*this);
    Block out;
    while (!error_) {
      if (is(Token::Kind::end)) {
        if (!ends.empty()) fail(fmt::format("'{}' is missing", ends.back()));
        break;
      }
      if (is(Token::Kind::text)) {
        auto s = std::make_unique<Stmt>();
        s->line = peek().line;
        s->text = next().text;
        out.push_back(std::move(s));
      } else if (is(Token::Kind::variable_begin)) {
        next();
        auto s = make_stmt(Stmt::Kind::output);
        s->expr = tuple_or_expression();
        if (!is(Token::Kind::variable_end)) fail(fmt::format("unexpected '{}'", peek().text));
        next();
        out.push_back(std::move(s));
      } else {
        next();  // block_begin
        for (const auto end : ends)
          if (word(end)) return out;
        if (auto s = statement()) out.push_back(std::move(s));
      }
    }
    return out;
  }

  std::unique_ptr<Stmt> make_stmt(Stmt::Kind kind) {
    auto s = std::make_unique<Stmt>();
    s->kind = kind;
    s->line = peek().line;
    return s;
  }

  void close(std::string_view end) {
    if (!take_word(end)) fail(fmt::format("expected '{}'", end));
    if (is(Token::Kind::name)) next();  // {% endmacro name %}
    end_block();
  }

  std::unique_ptr<Stmt> statement() {
    const std::string tag = expect_name();
    if (tag == "if") return if_statement();
    if (tag == "for") return for_statement();
    if (tag == "set") return set_statement();
    if (tag == "macro") return macro_statement();
    if (tag == "call") {
      auto s = make_stmt(Stmt::Kind::call_block);
      if (op("(")) parameters(*s);
      s->expr = expression();
      end_block();
      s->body = block({"endcall"});
      close("endcall");
      return s;
    }
    if (tag == "filter") {
      auto s = make_stmt(Stmt::Kind::filter_block);
      s->expr = filters_over_nothing();
      end_block();
      s->body = block({"endfilter"});
      close("endfilter");
      return s;
    }
    if (tag == "with") {
      auto s = make_stmt(Stmt::Kind::with);
      while (!is(Token::Kind::block_end) && !error_) {
        std::string name = expect_name();
        expect_op("=");
        s->params.emplace_back(std::move(name), expression());
        if (!take_op(",")) break;
      }
      end_block();
      s->body = block({"endwith"});
      close("endwith");
      return s;
    }
    if (tag == "generation") {  // marks what the assistant wrote, for training
      auto s = make_stmt(Stmt::Kind::scope);
      end_block();
      s->body = block({"endgeneration"});
      close("endgeneration");
      return s;
    }
    if (tag == "do") {
      auto s = make_stmt(Stmt::Kind::do_);
      s->expr = tuple_or_expression();
      end_block();
      return s;
    }
    if (tag == "break" || tag == "continue") {
      auto s = make_stmt(tag == "break" ? Stmt::Kind::break_ : Stmt::Kind::continue_);
      end_block();
      return s;
    }
    fail(fmt::format("statement '{}' is not supported", tag));
    return nullptr;
  }

  std::unique_ptr<Stmt> if_statement() {
    auto s = make_stmt(Stmt::Kind::if_);
    s->expr = tuple_or_expression();
    end_block();
    s->body = block({"elif", "else", "endif"});
    if (take_word("elif")) {
      Deeper deeper(*this);
      s->otherwise.push_back(if_statement());
    } else if (take_word("else")) {
      end_block();
      s->otherwise = block({"endif"});
      close("endif");
    } else {
      close("endif");
    }
    return s;
  }

  std::unique_ptr<Stmt> for_statement() {
    auto s = make_stmt(Stmt::Kind::for_);
    s->target = target();
    if (!take_word("in")) fail("expected 'in'");
    s->expr = or_expression();
    if (op(",")) s->expr = tuple_after(std::move(s->expr));
    if (take_word("if")) s->condition = expression();
    if (take_word("recursive")) s->recursive = true;
    end_block();
    s->body = block({"else", "endfor"});
    if (take_word("else")) {
      end_block();
      s->otherwise = block({"endfor"});
    }
    close("endfor");
    return s;
  }

  // a | a, b | a.b
  ExprPtr target() {
    const auto one = [&]() -> ExprPtr {
      if (take_op("(")) {
        auto inner = target();
        expect_op(")");
        return inner;
      }
      auto e = make(Kind::name);
      e->name = expect_name();
      while (take_op(".")) {
        auto a = make(Kind::attribute, std::move(e));
        a->name = expect_name();
        e = std::move(a);
      }
      return e;
    };
    Deeper deeper(*this);
    auto first = one();
    if (!op(",")) return first;
    auto tuple = make(Kind::tuple, std::move(first));
    while (take_op(",") && !word("in") && !op("=") && !error_) tuple->args.push_back(one());
    return tuple;
  }

  std::unique_ptr<Stmt> set_statement() {
    auto s = make_stmt(Stmt::Kind::set);
    s->target = target();
    if (take_op("=")) {
      s->expr = tuple_or_expression();
      end_block();
      return s;
    }
    s->kind = Stmt::Kind::set_block;
    if (op("|")) s->expr = filters_over_nothing(true);
    end_block();
    s->body = block({"endset"});
    close("endset");
    return s;
  }

  // A chain of filters whose innermost subject is null: the block's text.
  ExprPtr filters_over_nothing(bool bar = false) {
    ExprPtr subject = make(Kind::name);
    subject->name = " text";  // no template can spell this name
    if (!bar) subject = filter(std::move(subject));
    return postfix(std::move(subject), true);
  }

  void parameters(Stmt& s) {
    expect_op("(");
    while (!op(")") && !error_) {
      std::string name = expect_name();
      ExprPtr fallback;
      if (take_op("=")) fallback = expression();
      s.params.emplace_back(std::move(name), std::move(fallback));
      if (!take_op(",")) break;
    }
    expect_op(")");
  }

  std::unique_ptr<Stmt> macro_statement() {
    auto s = make_stmt(Stmt::Kind::macro);
    s->text = expect_name();
    parameters(*s);
    end_block();
    s->body = block({"endmacro"});
    close("endmacro");
    return s;
  }

  // ---- expressions, loosest first

  ExprPtr tuple_after(ExprPtr first) {
    auto tuple = make(Kind::tuple, std::move(first));
    while (take_op(",") && !error_) {
      if (is(Token::Kind::block_end) || is(Token::Kind::variable_end) || op(")")) break;
      tuple->args.push_back(expression());
    }
    return tuple;
  }
  ExprPtr tuple_or_expression() {
    auto e = expression();
    return op(",") ? tuple_after(std::move(e)) : std::move(e);
  }

  ExprPtr expression() {
    Deeper deeper(*this);
    auto e = or_expression();
    for (int n = 0; take_word("if") && shorter(n);) {
      auto ternary = make(Kind::ternary, std::move(e), or_expression());
      ternary->args.push_back(take_word("else") ? expression() : nullptr);
      e = std::move(ternary);
    }
    return e;
  }
  ExprPtr or_expression() {
    auto e = and_expression();
    for (int n = 0; take_word("or") && shorter(n);) {
      auto right = and_expression();
      e = make(Kind::or_, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr and_expression() {
    auto e = not_expression();
    for (int n = 0; take_word("and") && shorter(n);) {
      auto right = not_expression();
      e = make(Kind::and_, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr not_expression() {
    Deeper deeper(*this);
    if (take_word("not")) return make(Kind::not_, not_expression());
    return comparison();
  }
  ExprPtr comparison() {
    static constexpr std::pair<std::string_view, Op> kOps[] = {{"==", Op::eq}, {"!=", Op::ne}, {"<=", Op::le},
                                                               {">=", Op::ge}, {"<", Op::lt},  {">", Op::gt}};
    auto first = sum();
    ExprPtr chain;
    for (;;) {
      std::optional<Op> found;
      for (const auto& [text, o] : kOps)
        if (!found && take_op(text)) found = o;
      if (!found && take_word("in")) found = Op::in;
      if (!found && word("not") && peek(1).kind == Token::Kind::name && peek(1).text == "in") {
        next();
        next();
        found = Op::not_in;
      }
      if (!found || error_) break;
      if (!chain) chain = make(Kind::compare, std::move(first));
      chain->ops.push_back(*found);
      chain->args.push_back(sum());
    }
    return chain ? std::move(chain) : std::move(first);
  }
  ExprPtr binary(Op o, ExprPtr a, ExprPtr b) {
    auto e = make(Kind::binary, std::move(a), std::move(b));
    e->ops.push_back(o);
    return e;
  }
  ExprPtr sum() {
    auto e = concatenation();
    for (int n = 0; (op("+") || op("-")) && shorter(n);) {
      const Op o = next().text == "+" ? Op::add : Op::sub;
      auto right = concatenation();
      e = binary(o, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr concatenation() {
    auto e = product();
    for (int n = 0; take_op("~") && shorter(n);) {
      auto right = product();
      e = binary(Op::concat, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr product() {
    auto e = power();
    for (int n = 0; (op("*") || op("/") || op("//") || op("%")) && shorter(n);) {
      const std::string text = next().text;
      auto right = power();
      e = binary(text == "*" ? Op::mul : text == "/" ? Op::div : text == "//" ? Op::floor_div : Op::mod, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr power() {
    auto e = unary(true);
    for (int n = 0; take_op("**") && shorter(n);) {
      auto right = unary(true);
      e = binary(Op::pow, std::move(e), std::move(right));
    }
    return e;
  }
  ExprPtr unary(bool with_filters) {
    Deeper deeper(*this);
    ExprPtr e;
    if (take_op("-")) e = make(Kind::negate, unary(false));
    else if (take_op("+")) e = make(Kind::positive, unary(false));
    else e = primary();
    return postfix(std::move(e), with_filters);
  }

  ExprPtr primary() {
    Deeper deeper(*this);
    const Token t = peek();
    switch (t.kind) {
      case Token::Kind::string: {
        std::string text;
        while (is(Token::Kind::string) && !error_) text += next().text;
        return literal(Value::string(std::move(text), true));
      }
      case Token::Kind::integer: {
        next();
        std::int64_t i = 0;
        const auto r = std::from_chars(t.text.data(), t.text.data() + t.text.size(), i);
        if (r.ec != std::errc()) return literal(Value::real(std::strtod(t.text.c_str(), nullptr)));
        return literal(Value::integer(i));
      }
      case Token::Kind::real: next(); return literal(Value::real(std::strtod(t.text.c_str(), nullptr)));
      case Token::Kind::name: {
        next();
        if (t.text == "true" || t.text == "True") return literal(Value::boolean(true));
        if (t.text == "false" || t.text == "False") return literal(Value::boolean(false));
        if (t.text == "none" || t.text == "None") return literal(Value::none());
        auto e = make(Kind::name);
        e->name = t.text;
        return e;
      }
      default: break;
    }
    if (take_op("(")) {
      if (take_op(")")) return make(Kind::tuple);
      auto e = tuple_or_expression();
      expect_op(")");
      return e;
    }
    if (take_op("[")) {
      auto e = make(Kind::list);
      while (!op("]") && !error_) {
        e->args.push_back(expression());
        if (!take_op(",")) break;
      }
      expect_op("]");
      return e;
    }
    if (take_op("{")) {
      auto e = make(Kind::dict);
      while (!op("}") && !error_) {
        e->args.push_back(expression());
        expect_op(":");
        e->args.push_back(expression());
        if (!take_op(",")) break;
      }
      expect_op("}");
      return e;
    }
    fail(fmt::format("unexpected '{}'", t.text));
    return literal(Value());
  }

  void arguments(Expr& e) {  // after "("
    while (!op(")") && !error_) {
      if (take_op("**")) e.star2 = expression();
      else if (take_op("*")) e.star = expression();
      else if (is(Token::Kind::name) && peek(1).kind == Token::Kind::op && peek(1).text == "=") {
        std::string name = next().text;
        next();
        e.named.emplace_back(std::move(name), expression());
      } else {
        e.args.push_back(expression());
      }
      if (!take_op(",")) break;
    }
    expect_op(")");
  }

  ExprPtr filter(ExprPtr subject) {
    auto e = make(Kind::filter, std::move(subject));
    e->name = expect_name();
    while (take_op(".")) e->name += "." + expect_name();
    if (take_op("(")) arguments(*e);
    return e;
  }

  ExprPtr test(ExprPtr subject) {
    const bool negated = take_word("not");
    auto e = make(Kind::test, std::move(subject));
    e->name = expect_name();
    if (take_op("(")) {
      arguments(*e);
    } else {
      const bool value = is(Token::Kind::string) || is(Token::Kind::integer) || is(Token::Kind::real) || op("[") || op("{") ||
                         (is(Token::Kind::name) && !word("else") && !word("or") && !word("and") && !word("is") && !word("if") &&
                          !word("in") && !word("not") && !word("recursive"));
      if (value) e->args.push_back(postfix(primary(), false));
    }
    return negated ? make(Kind::not_, std::move(e)) : std::move(e);
  }

  ExprPtr postfix(ExprPtr e, bool with_filters) {
    for (int n = 0; !error_ && shorter(n);) {
      if (take_op(".")) {
        if (is(Token::Kind::integer)) {
          e = make(Kind::item, std::move(e), literal(Value::integer(std::atoi(next().text.c_str()))));
        } else {
          auto a = make(Kind::attribute, std::move(e));
          a->name = expect_name();
          e = std::move(a);
        }
      } else if (take_op("[")) {
        auto index = subscript();
        e = make(Kind::item, std::move(e), std::move(index));
        expect_op("]");
      } else if (take_op("(")) {
        auto c = make(Kind::call, std::move(e));
        arguments(*c);
        e = std::move(c);
      } else if (with_filters && take_op("|")) {
        e = filter(std::move(e));
      } else if (with_filters && take_word("is")) {
        e = test(std::move(e));
      } else {
        break;
      }
    }
    return e;
  }

  ExprPtr subscript() {
    ExprPtr parts[3];
    int n = 0;
    bool slice = false;
    if (!op(":")) parts[0] = expression();
    while (take_op(":") && n < 2) {
      slice = true;
      ++n;
      if (!op(":") && !op("]")) parts[n] = expression();
    }
    if (!slice) return std::move(parts[0]);
    auto e = make(Kind::slice);
    for (auto& part : parts) e->args.push_back(std::move(part));
    return e;
  }

  std::vector<Token> tokens_;
  const std::string name_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::shared_ptr<const Syntax>> parse(std::string_view source, std::string_view name) {
  WRIGHT_TRY(auto tokens, lex(source, name));
  return Parser(std::move(tokens), name).run();
}

}  // namespace wright::engine::jinja
