// Filters (`x | name`). A text that a filter makes keeps the marks of the text it came from, or is untrusted.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

using A = const Arguments&;
using V = const Value&;
using Entry = std::pair<Value, Value>;

// The method of the same name, called on str(v).
template <const char* const& Name>
Value as_method(Evaluator& e, V v, A a) {
  return e.call(bound_method(Value::string(v.str()), Name), a);
}
constexpr const char *kUpper = "upper", *kLower = "lower", *kTitle = "title", *kCapitalize = "capitalize", *kReplace = "replace";

Value length(Evaluator& e, V v, A) {
  switch (v.type()) {
    case Type::string: return Value::integer(static_cast<std::int64_t>(code_points(v.raw())));
    case Type::list:
    case Type::tuple: return Value::integer(static_cast<std::int64_t>(v.items().size()));
    case Type::dict: return Value::integer(static_cast<std::int64_t>(v.entries().size()));
    case Type::undefined: return Value::integer(0);
    default: return e.fail(fmt::format("a {} has no length", v.type_name()));
  }
}

Value to_json_filter(Evaluator& e, V v, A a) {
  JsonStyle style;
  const Value* indent = a.get(99, "indent");
  if (indent && indent->is_number()) style.indent = static_cast<int>(std::clamp<std::int64_t>(indent->as_int(), 0, 16));
  if (!indent && !a.positional.empty() && a.positional[0].is(Type::integer)) style.indent = static_cast<int>(std::clamp<std::int64_t>(a.positional[0].as_int(), 0, 16));
  style.ascii = a.flag(99, "ensure_ascii", false);
  style.sort_keys = a.flag(99, "sort_keys", false);
  if (const Value* s = a.get(99, "separators"); s && s->is_list() && s->items().size() == 2)
    style.comma = s->items()[0].str().text(), style.colon = s->items()[1].str().text();
  std::string out;
  if (v.is(Type::undefined) || !to_json(v, style, out)) return e.fail(fmt::format("a {} has no JSON form", v.type_name()));
  return e.make_string(MarkedText(std::move(out), false));
}

Value from_json_filter(Evaluator& e, V v, A) {
  if (!v.is(Type::string)) return e.fail("from_json wants a string");
  int depth = 0, deepest = 0;
  for (const char c : v.raw()) deepest = std::max(deepest, depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0);
  if (deepest > static_cast<int>(limits::kJsonDepth)) return e.fail("from_json: nested too deep");
  const auto json = nlohmann::ordered_json::parse(v.raw(), nullptr, false);
  return json.is_discarded() ? e.fail("from_json: not valid JSON") : Value::from_json(json);
}

Value default_filter(Evaluator&, V v, A a) {
  const bool use = v.is(Type::undefined) || (a.flag(1, "boolean", false) && !v.truth());
  if (!use) return v;
  const Value* fallback = a.get(0, "default_value");
  return fallback ? *fallback : Value::string("", true);
}

// "a.b.0" from an item.
Value dotted(Evaluator& e, Value v, const std::string& path) {
  std::size_t at = 0;
  while (at <= path.size() && !e.failed()) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    const std::string part = path.substr(at, dot - at);
    const bool number = !part.empty() && part.size() < 9 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (v.is(Type::undefined)) return v;
    v = e.item(v, number ? Value::integer(std::stoi(part)) : Value::string(part, true));
    at = dot + 1;
  }
  return v;
}

Value key_of(Evaluator& e, V item, const Value* attribute) {
  if (!attribute || attribute->is(Type::none)) return item;
  return attribute->is(Type::string) ? dotted(e, item, attribute->raw()) : e.item(item, *attribute);
}

Value folded(V v, bool case_sensitive) {
  if (case_sensitive || !v.is(Type::string)) return v;
  std::string t = v.raw();
  std::transform(t.begin(), t.end(), t.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return Value::string(std::move(t), true);
}

// Items with their sort keys, sorted; fails when two have no order.
List sorted(Evaluator& e, const List& items, const std::function<Value(V)>& key, bool reverse) {
  std::vector<Entry> keyed;
  for (V item : items) keyed.emplace_back(key(item), item);
  bool ordered = true;
  if (!e.step(items.size() * 4)) return {};
  for (std::size_t i = 1; i < keyed.size(); ++i) ordered = ordered && compare(keyed[0].first, keyed[i].first) != 2;
  if (!ordered) return e.fail("the values have no common order"), List();
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Entry& a, const Entry& b) {
    const int c = reverse ? compare(b.first, a.first) : compare(a.first, b.first);
    return c == -1;
  });
  List out;
  for (Entry& k : keyed) out.push_back(std::move(k.second));
  return out;
}

Value sort(Evaluator& e, V v, A a) {
  const Value* attribute = a.get(2, "attribute");
  const bool exact = a.flag(1, "case_sensitive", false);
  return Value::list(sorted(e, e.iterate(v), [&](V item) { return folded(key_of(e, item, attribute), exact); }, a.flag(0, "reverse", false)));
}

Value dictsort(Evaluator& e, V v, A a) {
  if (!v.is(Type::dict)) return e.fail("dictsort wants a mapping");
  List items;
  for (const auto& [key, value] : v.entries()) items.push_back(Value::tuple({key, value}));
  const Value* by = a.get(1, "by");
  const std::size_t part = by && by->is(Type::string) && by->raw() == "value";
  const bool exact = a.flag(0, "case_sensitive", false);
  return Value::list(sorted(e, items, [&](V item) { return folded(item.items()[part], exact); }, a.flag(2, "reverse", false)));
}

Value join(Evaluator& e, V v, A a) {
  const Value* separator = a.get(0, "d");
  const Value* attribute = a.get(1, "attribute");
  MarkedText out;
  bool first = true;
  for (V item : e.iterate(v)) {
    if (!first && separator) out.append(separator->str());
    first = false;
    out.append(key_of(e, item, attribute).str());
    if (out.size() > limits::kTemplateOutputBytes) break;
  }
  return e.make_string(std::move(out));
}

// map("filter", …), map(attribute="a", default=…)
Value map(Evaluator& e, V v, A a) {
  List out;
  const Value* attribute = a.get(99, "attribute");
  const Value* fallback = a.get(99, "default");
  for (V item : e.iterate(v)) {
    if (e.failed()) break;
    if (attribute) {
      Value got = key_of(e, item, attribute);
      out.push_back(got.is(Type::undefined) && fallback ? *fallback : std::move(got));
    } else if (!a.positional.empty() && a.positional[0].is(Type::string)) {
      out.push_back(e.apply_filter(a.positional[0].raw(), item, a.rest(1)));
    } else {
      return e.fail("map wants a filter or an attribute");
    }
  }
  return Value::list(std::move(out));
}

// select, reject, selectattr, rejectattr
Value chosen(Evaluator& e, V v, A a, bool by_attribute, bool keep) {
  List out;
  const std::size_t at = by_attribute ? 1 : 0;
  if (by_attribute && a.positional.empty()) return e.fail("an attribute is expected");
  for (V item : e.iterate(v)) {
    if (e.failed()) break;
    const Value subject = by_attribute ? key_of(e, item, &a.positional[0]) : item;
    const bool holds = a.positional.size() > at ? e.apply_test(a.positional[at].str().text(), subject, a.rest(at + 1)) : subject.truth();
    if (holds == keep) out.push_back(item);
  }
  return Value::list(std::move(out));
}

Value number(Evaluator& e, V v, A a, bool real) {
  const Value* given = a.get(0, "default");
  const Value fallback = given ? *given : real ? Value::real(0) : Value::integer(0);
  if (v.is_number()) return real ? Value::real(v.as_real()) : std::isfinite(v.as_real()) ? Value::integer(v.as_int()) : fallback;
  if (!v.is(Type::string)) return fallback;
  const std::string text = trimmed(v.text(), nullptr, true, true).text();
  const char *begin = text.data() + (text.starts_with("+") ? 1 : 0), *end = text.data() + text.size();
  std::int64_t i = 0;
  if (const auto r = std::from_chars(begin, end, i); !real && r.ec == std::errc() && r.ptr == end) return Value::integer(i);
  double d = 0;
  if (const auto r = std::from_chars(begin, end, d); r.ec == std::errc() && r.ptr == end) {
    if (real) return Value::real(d);
    if (std::fabs(d) < 9e18) return Value::integer(static_cast<std::int64_t>(d));
  }
  (void)e;
  return fallback;
}

Value extreme(Evaluator& e, V v, A a, bool most) {
  const Value* attribute = a.get(1, "attribute");
  const bool exact = a.flag(0, "case_sensitive", false);
  const List items = sorted(e, e.iterate(v), [&](V item) { return folded(key_of(e, item, attribute), exact); }, most);
  return items.empty() ? Value::missing("the largest of nothing") : items.front();
}

Value indent(Evaluator& e, V v, A a) {
  const Value* width = a.get(0, "width");
  const std::string blank = width && width->is(Type::string) ? width->raw() : std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(a.number(0, "width", 4), 0, 1000)), ' ');
  const bool first = a.flag(1, "first", false), blanks = a.flag(2, "blank", false);
  const MarkedText text = v.str();
  MarkedText out;
  if (first) out.append(blank, true);
  const std::string& raw = text.text();
  for (std::size_t i = 0; i < raw.size();) {
    const std::size_t end = std::min(raw.find('\n', i), raw.size());
    if (i > 0 && (end > i || blanks)) out.append(blank, true);
    out.append(text, i, end + 1 - i);
    i = end + 1;
  }
  return e.make_string(std::move(out));
}

Value reverse(Evaluator& e, V v, A) {
  List items = e.iterate(v);
  std::reverse(items.begin(), items.end());
  if (!v.is(Type::string)) return Value::list(std::move(items));
  MarkedText out;
  for (V item : items) out.append(item.text());
  return e.make_string(std::move(out));
}

Value unique(Evaluator& e, V v, A a) {
  const bool exact = a.flag(0, "case_sensitive", false);
  const Value* attribute = a.get(1, "attribute");
  List keys, out;
  for (V item : e.iterate(v)) {
    const Value key = folded(key_of(e, item, attribute), exact);
    if (!e.step(keys.size() / 8) || e.contains(Value::list(keys), key)) continue;
    keys.push_back(key);
    out.push_back(item);
  }
  return Value::list(std::move(out));
}

Value round_filter(Evaluator& e, V v, A a) {
  if (!v.is_number()) return e.fail("round wants a number");
  const double scale = std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(a.number(0, "precision", 0), -15, 15)));
  const Value* method = a.get(1, "method");
  const std::string how = method && method->is(Type::string) ? method->raw() : "common";
  const double x = v.as_real() * scale;
  return Value::real((how == "ceil" ? std::ceil(x) : how == "floor" ? std::floor(x) : std::nearbyint(x)) / scale);
}

Value batch(Evaluator& e, V v, A a) {
  const std::int64_t n = a.number(0, "linecount", 0);
  if (n <= 0 || n > 100'000) return e.fail("batch wants a number of items");
  const Value* fill = a.get(1, "fill_with");
  List out, row;
  for (V item : e.iterate(v)) {
    row.push_back(item);
    if (row.size() == static_cast<std::size_t>(n)) out.push_back(Value::list(std::move(row))), row = List();
  }
  while (fill && !row.empty() && row.size() < static_cast<std::size_t>(n)) row.push_back(*fill);
  if (!row.empty()) out.push_back(Value::list(std::move(row)));
  return Value::list(std::move(out));
}

Value groupby(Evaluator& e, V v, A a) {
  const Value* attribute = a.get(0, "attribute");
  if (!attribute) return e.fail("groupby wants an attribute");
  List out;
  const List items = sorted(e, e.iterate(v), [&](V item) { return key_of(e, item, attribute); }, false);
  for (V item : items) {
    const Value key = key_of(e, item, attribute);
    if (out.empty() || !equal(out.back().items()[0], key)) out.push_back(Value::tuple({key, Value::list({})}));
    out.back().items()[1].items().push_back(item);
  }
  return Value::list(std::move(out));
}

Value escape(Evaluator& e, V v, A) {
  const MarkedText text = v.str();
  MarkedText out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text.text()[i];
    const char* as = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&#34;" : c == '\'' ? "&#39;" : nullptr;
    if (as) out.append(as, false);
    else out.append(text, i, 1);
  }
  return e.make_string(std::move(out));
}

Value sum(Evaluator& e, V v, A a) {
  const Value* start = a.get(1, "start");
  Value out = start ? *start : Value::integer(0);
  for (V item : e.iterate(v)) out = e.binary(Op::add, out, key_of(e, item, a.get(0, "attribute")));
  return out;
}

struct Row {
  std::string_view name;
  Filter filter;
};
constexpr Row kFilters[] = {
    {"trim", [](Evaluator& e, V v, A a) { return e.make_string(trimmed(v.str(), a.get(0, "chars"), true, true)); }},
    {"length", length},
    {"count", length},
    {"tojson", to_json_filter},
    {"from_json", from_json_filter},
    {"fromjson", from_json_filter},
    {"default", default_filter},
    {"d", default_filter},
    {"join", join},
    {"map", map},
    {"select", [](Evaluator& e, V v, A a) { return chosen(e, v, a, false, true); }},
    {"reject", [](Evaluator& e, V v, A a) { return chosen(e, v, a, false, false); }},
    {"selectattr", [](Evaluator& e, V v, A a) { return chosen(e, v, a, true, true); }},
    {"rejectattr", [](Evaluator& e, V v, A a) { return chosen(e, v, a, true, false); }},
    {"upper", as_method<kUpper>},
    {"lower", as_method<kLower>},
    {"title", as_method<kTitle>},
    {"capitalize", as_method<kCapitalize>},
    {"replace", as_method<kReplace>},
    {"list", [](Evaluator& e, V v, A) { return Value::list(e.iterate(v)); }},
    {"string", [](Evaluator& e, V v, A) { return e.make_string(v.str()); }},
    {"int", [](Evaluator& e, V v, A a) { return number(e, v, a, false); }},
    {"float", [](Evaluator& e, V v, A a) { return number(e, v, a, true); }},
    {"first",
     [](Evaluator& e, V v, A) {
       const List items = e.iterate(v);
       return items.empty() ? Value::missing("the first of nothing") : items.front();
     }},
    {"last",
     [](Evaluator& e, V v, A) {
       const List items = e.iterate(v);
       return items.empty() ? Value::missing("the last of nothing") : items.back();
     }},
    {"sort", sort},
    {"dictsort", dictsort},
    {"items", [](Evaluator& e, V v, A a) { return v.is(Type::undefined) ? Value::list({}) : v.is(Type::dict) ? e.call(bound_method(v, "items"), a) : e.fail("items wants a mapping"); }},
    {"unique", unique},
    {"reverse", reverse},
    {"min", [](Evaluator& e, V v, A a) { return extreme(e, v, a, false); }},
    {"max", [](Evaluator& e, V v, A a) { return extreme(e, v, a, true); }},
    {"sum", sum},
    {"abs", [](Evaluator& e, V v, A) { return !v.is_number() ? e.fail("abs wants a number") : v.as_real() < 0 ? e.binary(Op::mul, v, Value::integer(-1)) : v; }},
    {"round", round_filter},
    {"indent", indent},
    {"batch", batch},
    {"groupby", groupby},
    {"escape", escape},
    {"e", escape},
    {"safe", [](Evaluator& e, V v, A) { return e.make_string(v.str()); }},
    {"attr", [](Evaluator& e, V v, A a) { return a.positional.empty() ? e.fail("attr wants a name") : e.attribute(v, a.positional[0].str().text()); }},
    {"format", [](Evaluator& e, V v, A a) { return e.binary(Op::mod, v, Value::tuple(a.positional)); }},
    {"wordcount", [](Evaluator& e, V v, A) { return length(e, e.call(bound_method(Value::string(v.str()), "split"), {}), {}); }},
};

}  // namespace

Filter find_filter(std::string_view name) {
  for (const Row& row : kFilters)
    if (row.name == name) return row.filter;
  return nullptr;
}

}  // namespace wright::engine::jinja
