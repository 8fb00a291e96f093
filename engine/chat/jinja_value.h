// Values of the template interpreter: Python's as far as templates see them. Containers are shared by reference.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chat/marked_text.h"

namespace wright::engine::jinja {

class Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<Value, Value>>;  // in order of insertion; keys are unique
struct Callable;                                    // jinja_eval.h

enum class Type : std::uint8_t { undefined, none, boolean, integer, real, string, list, tuple, dict, space, callable };

class Value {
 public:
  Value() = default;  // undefined
  static Value none();
  static Value boolean(bool b);
  static Value integer(std::int64_t i);
  static Value real(double d);
  static Value string(MarkedText text);
  static Value string(std::string text, bool trusted) { return string(MarkedText(std::move(text), trusted)); }
  static Value list(List items);
  static Value tuple(List items);
  static Value dict(Dict entries);
  static Value space(Dict entries);  // namespace(): the one thing that `set a.b =` may change
  static Value callable(std::shared_ptr<const Callable> callable);
  static Value missing(std::string name);  // undefined that knows its name
  // JSON data; every string is untrusted, but for what the key "role" holds when it is one of the roles that we know.
  static Value from_json(const nlohmann::ordered_json& json);

  Type type() const { return type_; }
  bool is(Type t) const { return type_ == t; }
  bool is_list() const { return type_ == Type::list || type_ == Type::tuple; }
  bool is_number() const { return type_ == Type::boolean || type_ == Type::integer || type_ == Type::real; }
  bool truth() const;
  std::int64_t as_int() const { return type_ == Type::real ? static_cast<std::int64_t>(real_) : int_; }
  double as_real() const { return type_ == Type::real ? real_ : static_cast<double>(int_); }
  const MarkedText& text() const { return *text_; }  // strings (and the name of something undefined)
  const std::string& raw() const { return text_->text(); }
  List& items() const { return *list_; }
  Dict& entries() const { return *dict_; }
  const Callable& function() const { return *callable_; }
  // Null when absent.
  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
  void put(const Value& key, Value value) const;

  MarkedText str() const;      // str(x)
  std::string repr() const;    // repr(x)
  std::string_view type_name() const;

 private:
  Type type_ = Type::undefined;
  std::int64_t int_ = 0;
  double real_ = 0;
  std::shared_ptr<const MarkedText> text_;
  std::shared_ptr<List> list_;
  std::shared_ptr<Dict> dict_;
  std::shared_ptr<const Callable> callable_;
};

bool equal(const Value& a, const Value& b);
// -1, 0, 1; 2 when the two have no order.
int compare(const Value& a, const Value& b);

struct JsonStyle {
  int indent = -1;
  bool ascii = false, sort_keys = false;
  std::string comma = ", ", colon = ": ";
};
// As Python's json.dumps. False when the value has no JSON form.
bool to_json(const Value& value, const JsonStyle& style, std::string& out, int depth = 0);

// Code points and byte offsets of a string; an offset past the end for `index` = their number.
std::size_t code_points(std::string_view text);
std::size_t byte_offset(std::string_view text, std::size_t index);

}  // namespace wright::engine::jinja
