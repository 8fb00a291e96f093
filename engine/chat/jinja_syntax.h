// Syntax tree of a template, and the parser that makes it. A tree is immutable once parsed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/chat/jinja_value.h"

namespace wright::engine::jinja {

enum class Op : std::uint8_t { add, sub, mul, div, floor_div, mod, pow, concat, eq, ne, lt, le, gt, ge, in, not_in };

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Expr {
  enum class Kind : std::uint8_t {
    literal, name, list, tuple, dict, attribute, item, slice, call, filter, test, negate, positive, not_, and_, or_,
    binary, compare, ternary
  } kind = Kind::literal;
  int line = 0;
  std::string name;                     // name, attribute, filter, test
  Value value;                          // literal
  std::vector<ExprPtr> args;            // operands; call: callee first; filter, test: subject first; slice: 3, may be null
  std::vector<std::pair<std::string, ExprPtr>> named;  // keyword arguments
  std::vector<Op> ops;                  // binary: one; compare: one fewer than args
  ExprPtr star, star2;                  // *args, **kwargs of a call
};

struct Stmt;
using Block = std::vector<std::unique_ptr<Stmt>>;

struct Stmt {
  enum class Kind : std::uint8_t {
    text, output, if_, for_, set, set_block, macro, call_block, filter_block, with, scope, do_, break_, continue_
  } kind = Kind::text;
  int line = 0;
  std::string text;                     // text; macro: its name
  ExprPtr expr;                         // output, for: iterable, set: value, call_block: the call, filter_block: chain, if
  ExprPtr target;                       // for, set, set_block
  ExprPtr condition;                    // for … if
  bool recursive = false;
  Block body, otherwise;                // if: else (elif is an if in it); for: else
  std::vector<std::pair<std::string, ExprPtr>> params;  // macro, call_block: name and default (may be null); with
};

struct Syntax {
  Block body;
};

Result<std::shared_ptr<const Syntax>> parse(std::string_view source, std::string_view name);

// The lexer's output. Text tokens have white-space control already applied.
struct Token {
  enum class Kind : std::uint8_t { text, block_begin, block_end, variable_begin, variable_end, name, string, integer, real, op, end } kind;
  std::string text;
  int line = 0;
};
Result<std::vector<Token>> lex(std::string_view source, std::string_view name);

}  // namespace wright::engine::jinja
