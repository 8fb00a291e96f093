#include "engine/chat/jinja_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace wright::engine::jinja {
namespace {

constexpr int kReprDepth = 64;

std::string real_repr(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  std::string s = fmt::format("{}", d);
  if (s.find_first_of(".e") == std::string::npos) s += ".0";
  return s;
}

std::string string_repr(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos, with_double = text.find('"') != std::string_view::npos;
  const char quote = single && !with_double ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    if (d.code == static_cast<unsigned char>(quote) || d.code == '\\') out += '\\', out += static_cast<char>(d.code);
    else if (d.code == '\n') out += "\\n";
    else if (d.code == '\r') out += "\\r";
    else if (d.code == '\t') out += "\\t";
    else if (d.code < 0x20 || (d.code >= 0x7F && d.code < 0xA1) || d.code == 0xAD) out += fmt::format("\\x{:02x}", static_cast<unsigned>(d.code));
    else out += text.substr(i, d.length);
    i += d.length;
  }
  return out += quote;
}

void repr_into(const Value& v, std::string& out, int depth) {
  if (depth > kReprDepth) {
    out += "...";
    return;
  }
  switch (v.type()) {
    case Type::string: out += string_repr(v.raw()); break;
    case Type::list:
    case Type::tuple: {
      const bool tuple = v.is(Type::tuple);
      out += tuple ? '(' : '[';
      for (std::size_t i = 0; i < v.items().size(); ++i) {
        if (i) out += ", ";
        repr_into(v.items()[i], out, depth + 1);
      }
      if (tuple && v.items().size() == 1) out += ',';
      out += tuple ? ')' : ']';
      break;
    }
    case Type::dict: {
      out += '{';
      bool first = true;
      for (const auto& [key, value] : v.entries()) {
        if (!first) out += ", ";
        first = false;
        repr_into(key, out, depth + 1);
        out += ": ";
        repr_into(value, out, depth + 1);
      }
      out += '}';
      break;
    }
    default: out += v.str().text();
  }
}

void json_string(std::string_view text, bool ascii, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    const auto c = static_cast<unsigned>(d.code);
    if (c == '"') out += "\\\"";
    else if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (c == '\b') out += "\\b";
    else if (c == '\f') out += "\\f";
    else if (c < 0x20 || (ascii && c >= 0x7F && c < 0x10000)) out += fmt::format("\\u{:04x}", c);
    else if (ascii && c >= 0x10000)
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
    else if (d.valid) out += text.substr(i, d.length);
    else utf8::append(out, utf8::kReplacement);
    i += d.length;
  }
  out += '"';
}

}  // namespace

Value Value::none() {
  Value v;
  v.type_ = Type::none;
  return v;
}
Value Value::boolean(bool b) {
  Value v;
  v.type_ = Type::boolean;
  v.int_ = b;
  return v;
}
Value Value::integer(std::int64_t i) {
  Value v;
  v.type_ = Type::integer;
  v.int_ = i;
  return v;
}
Value Value::real(double d) {
  Value v;
  v.type_ = Type::real;
  v.real_ = d;
  return v;
}
Value Value::string(MarkedText text) {
  Value v;
  v.type_ = Type::string;
  v.text_ = std::make_shared<const MarkedText>(std::move(text));
  return v;
}
Value Value::missing(std::string name) {
  Value v;
  v.text_ = std::make_shared<const MarkedText>(std::move(name), true);
  return v;
}
Value Value::list(List items) {
  Value v;
  v.type_ = Type::list;
  v.list_ = std::make_shared<List>(std::move(items));
  return v;
}
Value Value::tuple(List items) {
  Value v = list(std::move(items));
  v.type_ = Type::tuple;
  return v;
}
Value Value::dict(Dict entries) {
  Value v;
  v.type_ = Type::dict;
  v.dict_ = std::make_shared<Dict>(std::move(entries));
  return v;
}
Value Value::space(Dict entries) {
  Value v = dict(std::move(entries));
  v.type_ = Type::space;
  return v;
}
Value Value::callable(std::shared_ptr<const Callable> callable) {
  Value v;
  v.type_ = Type::callable;
  v.callable_ = std::move(callable);
  return v;
}

Value Value::from_json(const nlohmann::ordered_json& json) {
  using T = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case T::boolean: return boolean(json.get<bool>());
    case T::number_integer: return integer(json.get<std::int64_t>());
    case T::number_unsigned: {
      const auto u = json.get<std::uint64_t>();
      return u <= static_cast<std::uint64_t>(INT64_MAX) ? integer(static_cast<std::int64_t>(u)) : real(static_cast<double>(u));
    }
    case T::number_float: return real(json.get<double>());
    case T::string: return string(json.get<std::string>(), false);
    case T::array: {
      List items;
      for (const auto& item : json) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case T::object: {
      Dict entries;
      for (const auto& [key, value] : json.items()) {
        Value v = from_json(value);
        if (key == "role" && v.is(Type::string))
          for (const char* role : {"system", "user", "assistant", "tool", "developer"})
            if (v.raw() == role) v = string(role, true);
        entries.emplace_back(string(key, false), std::move(v));
      }
      return dict(std::move(entries));
    }
    default: return none();
  }
}

bool Value::truth() const {
  switch (type_) {
    case Type::undefined:
    case Type::none: return false;
    case Type::boolean:
    case Type::integer: return int_ != 0;
    case Type::real: return real_ != 0;
    case Type::string: return !text_->empty();
    case Type::list:
    case Type::tuple: return !list_->empty();
    case Type::dict: return !dict_->empty();
    default: return true;
  }
}

const Value* Value::find(std::string_view key) const {
  for (const auto& [k, v] : *dict_)
    if (k.is(Type::string) && k.raw() == key) return &v;
  return nullptr;
}
const Value* Value::find(const Value& key) const {
  if (key.is(Type::string)) return find(key.raw());
  for (const auto& [k, v] : *dict_)
    if (equal(k, key)) return &v;
  return nullptr;
}
void Value::put(const Value& key, Value value) const {
  for (auto& [k, v] : *dict_)
    if (equal(k, key)) {
      v = std::move(value);
      return;
    }
  dict_->emplace_back(key, std::move(value));
}

MarkedText Value::str() const {
  switch (type_) {
    case Type::undefined: return {};
    case Type::none: return {"None", true};
    case Type::boolean: return {int_ ? "True" : "False", true};
    case Type::integer: return {std::to_string(int_), true};
    case Type::real: return {real_repr(real_), true};
    case Type::string: return *text_;
    case Type::callable: return {"<function>", true};
    case Type::space: return {"<namespace>", true};
    default: return {repr(), false};
  }
}

std::string Value::repr() const {
  std::string out;
  repr_into(*this, out, 0);
  return out;
}

std::string_view Value::type_name() const {
  constexpr std::string_view kNames[] = {"undefined", "None", "bool", "int", "float", "str", "list", "tuple", "dict", "namespace", "function"};
  return kNames[static_cast<std::size_t>(type_)];
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is(Type::real) || b.is(Type::real)) return a.as_real() == b.as_real();
    return a.as_int() == b.as_int();
  }
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::undefined:
    case Type::none: return true;
    case Type::string: return a.raw() == b.raw();
    case Type::list:
    case Type::tuple:
      return &a.items() == &b.items() || std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equal);
    case Type::dict:
      if (&a.entries() == &b.entries()) return true;
      if (a.entries().size() != b.entries().size()) return false;
      for (const auto& [key, value] : a.entries()) {
        const Value* other = b.find(key);
        if (!other || !equal(value, *other)) return false;
      }
      return true;
    case Type::space: return &a.entries() == &b.entries();
    default: return &a.function() == &b.function();
  }
}

int compare(const Value& a, const Value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (a.is_number() && b.is_number()) {
    if (a.is(Type::real) || b.is(Type::real)) return sign(a.as_real(), b.as_real());
    return sign(a.as_int(), b.as_int());
  }
  if (a.is(Type::string) && b.is(Type::string)) return sign(a.raw().compare(b.raw()), 0);
  if (a.is_list() && a.type() == b.type()) {
    for (std::size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i)
      if (const int c = compare(a.items()[i], b.items()[i])) return c;
    return sign(a.items().size(), b.items().size());
  }
  return 2;
}

bool to_json(const Value& value, const JsonStyle& style, std::string& out, int depth) {
  if (depth > kReprDepth) return false;
  const auto line = [&](int d) {
    if (style.indent >= 0) out += '\n', out.append(static_cast<std::size_t>(style.indent * d), ' ');
  };
  // Python leaves the blank after the comma away when it breaks lines.
  const std::string comma = style.indent >= 0 && style.comma == ", " ? "," : style.comma;
  switch (value.type()) {
    case Type::none: out += "null"; return true;
    case Type::boolean: out += value.truth() ? "true" : "false"; return true;
    case Type::integer: out += std::to_string(value.as_int()); return true;
    case Type::real: {
      const std::string s = real_repr(value.as_real());
      out += s == "nan" ? "NaN" : s == "inf" ? "Infinity" : s == "-inf" ? "-Infinity" : s;
      return true;
    }
    case Type::string: json_string(value.raw(), style.ascii, out); return true;
    case Type::list:
    case Type::tuple: {
      if (value.items().empty()) return out += "[]", true;
      out += '[';
      bool first = true;
      for (const Value& item : value.items()) {
        if (!first) out += comma;
        first = false;
        line(depth + 1);
        if (!to_json(item, style, out, depth + 1)) return false;
      }
      line(depth);
      out += ']';
      return true;
    }
    case Type::dict: {
      if (value.entries().empty()) return out += "{}", true;
      out += '{';
      std::vector<const std::pair<Value, Value>*> order;
      for (const auto& entry : value.entries()) order.push_back(&entry);
      if (style.sort_keys)
        std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return compare(a->first, b->first) == -1; });
      bool first = true;
      for (const auto* entry : order) {
        if (!first) out += comma;
        first = false;
        line(depth + 1);
        const Value& key = entry->first;
        if (key.is(Type::string)) json_string(key.raw(), style.ascii, out);
        else {
          std::string text;
          if (key.is_list() || key.is(Type::dict) || !to_json(key, style, text, depth + 1)) return false;
          json_string(text, style.ascii, out);
        }
        out += style.colon;
        if (!to_json(entry->second, style, out, depth + 1)) return false;
      }
      line(depth);
      out += '}';
      return true;
    }
    default: return false;
  }
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t byte_offset(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  while (at < text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) {
      if (index == 0) return at;
      --index;
    }
    ++at;
  }
  return text.size();
}

}  // namespace wright::engine::jinja
