// Methods of strings, lists and dicts, and the globals. Nothing changes its object: chat templates run in an immutable sandbox.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

using A = const Arguments&;
using V = const Value&;

bool unicode_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Value text_value(Evaluator& e, const MarkedText& t) { return e.make_string(t); }

const MarkedText* text_argument(Evaluator& e, A a, std::size_t i, std::string_view name) {
  const Value* v = a.get(i, name);
  if (v && v->is(Type::string)) return &v->text();
  e.fail(fmt::format("a string is expected as argument '{}'", name));
  return nullptr;
}

Value split(Evaluator& e, V s, A a, bool from_right) {
  const MarkedText& text = s.text();
  const std::string& raw = text.text();
  const Value* separator = a.get(0, "sep");
  std::int64_t most = a.number(1, "maxsplit", -1);
  if (!e.step(raw.size() / 64)) return {};
  std::vector<std::pair<std::size_t, std::size_t>> cuts;  // of the separators
  const bool blank = !separator || separator->is(Type::none);
  if (blank) {
    for (std::size_t i = 0; i < raw.size();) {
      const auto d = utf8::decode(raw, i);
      if (!unicode_space(d.code)) {
        i += d.length;
        continue;
      }
      const std::size_t begin = i;
      while (i < raw.size() && unicode_space(utf8::decode(raw, i).code)) i += utf8::decode(raw, i).length;
      cuts.emplace_back(begin, i);
    }
    if (most >= 0) {  // leading white space is no cut
      const std::int64_t lead = !cuts.empty() && !from_right && cuts.front().first == 0;
      const std::int64_t tail = !cuts.empty() && from_right && cuts.back().second == raw.size();
      most += lead + tail;
    }
  } else {
    if (!separator->is(Type::string) || separator->raw().empty()) return e.fail("split: empty separator");
    const std::string& sep = separator->raw();
    if (!from_right)
      for (std::size_t i = 0; (i = raw.find(sep, i)) != std::string::npos; i += sep.size()) cuts.emplace_back(i, i + sep.size());
    else
      for (std::size_t i = raw.size(); i >= sep.size() && (i = raw.rfind(sep, i - sep.size())) != std::string::npos;) cuts.insert(cuts.begin(), {i, i + sep.size()});
  }
  if (most >= 0 && cuts.size() > static_cast<std::size_t>(most)) {
    if (from_right) cuts.erase(cuts.begin(), cuts.end() - most);
    else cuts.resize(static_cast<std::size_t>(most));
  }
  List out;
  std::size_t at = 0;
  const auto put = [&](std::size_t begin, std::size_t end) {
    if (!blank || end > begin) out.push_back(Value::string(text.substr(begin, end - begin)));
  };
  for (const auto& [begin, end] : cuts) put(at, begin), at = end;
  put(at, raw.size());
  e.step(out.size());
  return Value::list(std::move(out));
}

// startswith / endswith take a string or a tuple of them.
Value affix(Evaluator& e, V s, A a, bool start) {
  if (a.positional.empty()) return e.fail("startswith wants an argument");
  for (const Value& v : a.positional[0].is_list() ? a.positional[0].items() : List{a.positional[0]}) {
    if (!v.is(Type::string)) return e.fail("startswith wants a string");
    if (start ? s.raw().starts_with(v.raw()) : s.raw().ends_with(v.raw())) return Value::boolean(true);
  }
  return Value::boolean(false);
}

template <Case Wanted>
Value cased(Evaluator& e, V s, A) {
  return text_value(e, s.text().with_text(with_case(s.raw(), Wanted)));
}

template <bool (*Fits)(char)>
Value all_of(Evaluator&, V s, A) {
  return Value::boolean(!s.raw().empty() && std::all_of(s.raw().begin(), s.raw().end(), Fits));
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }
bool letter_or_digit(char c) { return digit(c) || letter(c); }
bool white(char c) { return c == ' ' || (c >= 9 && c <= 13); }

Value find_in(Evaluator& e, V s, A a, bool last, bool must) {
  const MarkedText* what = text_argument(e, a, 0, "sub");
  if (!what) return {};
  const std::size_t from = byte_offset(s.raw(), static_cast<std::size_t>(std::max<std::int64_t>(0, a.number(1, "start", 0))));
  const std::size_t hit = last ? s.raw().rfind(what->text()) : s.raw().find(what->text(), from);
  if (hit == std::string::npos || hit < from) return must ? e.fail("substring not found") : Value::integer(-1);
  return Value::integer(static_cast<std::int64_t>(code_points(std::string_view(s.raw()).substr(0, hit))));
}

Value format(Evaluator& e, V s, A a) {
  MarkedText out;
  const std::string& f = s.raw();
  std::size_t automatic = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if ((f[i] == '{' || f[i] == '}') && i + 1 < f.size() && f[i + 1] == f[i]) {
      out.append(s.text(), i++, 1);
    } else if (f[i] == '{') {
      const std::size_t close = f.find('}', i);
      if (close == std::string::npos) return e.fail("format: '{' without '}'");
      const std::string name = f.substr(i + 1, close - i - 1);
      const Value* v = nullptr;
      if (name.empty()) v = a.get(automatic++, "");
      else if (std::all_of(name.begin(), name.end(), digit) && name.size() < 4) v = a.get(static_cast<std::size_t>(std::stoi(name)), "");
      else v = a.get(SIZE_MAX, name);
      if (!v) return e.fail(fmt::format("format: no argument for '{{{}}}'", name));
      out.append(v->str());
      i = close;
    } else {
      out.append(s.text(), i, 1);
    }
  }
  return text_value(e, out);
}

Value parted(Evaluator& e, V s, A a, bool last) {
  const MarkedText* sep = text_argument(e, a, 0, "sep");
  if (!sep || sep->empty()) return e.fail("partition wants a separator");
  const std::size_t hit = last ? s.raw().rfind(sep->text()) : s.raw().find(sep->text());
  const Value nothing = Value::string("", true);
  if (hit == std::string::npos) return last ? Value::tuple({nothing, nothing, s}) : Value::tuple({s, nothing, nothing});
  return Value::tuple({Value::string(s.text().substr(0, hit)), Value::string(s.text().substr(hit, sep->size())), Value::string(s.text().substr(hit + sep->size()))});
}

Value lines(Evaluator& e, V s, A a) {
  const bool keep = a.flag(0, "keepends", false);
  List out;
  const std::string& raw = s.raw();
  for (std::size_t i = 0; i < raw.size();) {
    std::size_t end = raw.find_first_of("\r\n", i), next = raw.size();
    if (end == std::string::npos) end = raw.size();
    else next = end + (raw.compare(end, 2, "\r\n") == 0 ? 2 : 1);
    out.push_back(Value::string(s.text().substr(i, (keep ? next : end) - i)));
    i = next;
  }
  e.step(out.size());
  return Value::list(std::move(out));
}

Value stripped(Evaluator& e, V s, A a, bool left, bool right) {
  return text_value(e, trimmed(s.text(), a.get(0, "chars"), left, right));
}

struct Method {
  std::string_view name;
  Value (*call)(Evaluator&, V, A);
};
constexpr Method kStrings[] = {
    {"strip", [](Evaluator& e, V s, A a) { return stripped(e, s, a, true, true); }},
    {"lstrip", [](Evaluator& e, V s, A a) { return stripped(e, s, a, true, false); }},
    {"rstrip", [](Evaluator& e, V s, A a) { return stripped(e, s, a, false, true); }},
    {"split", [](Evaluator& e, V s, A a) { return split(e, s, a, false); }},
    {"rsplit", [](Evaluator& e, V s, A a) { return split(e, s, a, true); }},
    {"splitlines", lines},
    {"startswith", [](Evaluator& e, V s, A a) { return affix(e, s, a, true); }},
    {"endswith", [](Evaluator& e, V s, A a) { return affix(e, s, a, false); }},
    {"upper", cased<Case::upper>},
    {"lower", cased<Case::lower>},
    {"capitalize", cased<Case::capital>},
    {"title", cased<Case::title>},
    {"replace",
     [](Evaluator& e, V s, A a) {
       const MarkedText *from = text_argument(e, a, 0, "old"), *to = text_argument(e, a, 1, "new");
       return from && to ? text_value(e, replaced(s.text(), *from, *to, a.number(2, "count", -1))) : Value();
     }},
    {"find", [](Evaluator& e, V s, A a) { return find_in(e, s, a, false, false); }},
    {"rfind", [](Evaluator& e, V s, A a) { return find_in(e, s, a, true, false); }},
    {"index", [](Evaluator& e, V s, A a) { return find_in(e, s, a, false, true); }},
    {"count",
     [](Evaluator& e, V s, A a) {
       const MarkedText* what = text_argument(e, a, 0, "sub");
       if (!what) return Value();
       if (what->empty()) return Value::integer(static_cast<std::int64_t>(code_points(s.raw())) + 1);
       std::int64_t n = 0;
       for (std::size_t i = 0; (i = s.raw().find(what->text(), i)) != std::string::npos; i += what->size()) ++n;
       return Value::integer(n);
     }},
    {"join", [](Evaluator& e, V s, A a) { return a.positional.empty() ? e.fail("join wants a list") : e.apply_filter("join", a.positional[0], {{s}, {}}); }},
    {"format", format},
    {"partition", [](Evaluator& e, V s, A a) { return parted(e, s, a, false); }},
    {"rpartition", [](Evaluator& e, V s, A a) { return parted(e, s, a, true); }},
    {"removeprefix",
     [](Evaluator& e, V s, A a) {
       const MarkedText* p = text_argument(e, a, 0, "prefix");
       return !p ? Value() : s.raw().starts_with(p->text()) ? Value::string(s.text().substr(p->size())) : s;
     }},
    {"removesuffix",
     [](Evaluator& e, V s, A a) {
       const MarkedText* p = text_argument(e, a, 0, "suffix");
       return !p ? Value() : s.raw().ends_with(p->text()) ? Value::string(s.text().substr(0, s.text().size() - p->size())) : s;
     }},
    {"isdigit", all_of<digit>},
    {"isnumeric", all_of<digit>},
    {"isalpha", all_of<letter>},
    {"isalnum", all_of<letter_or_digit>},
    {"isspace", all_of<white>},
    {"isupper", [](Evaluator& e, V s, A) { return Value::boolean(e.apply_test("upper", s, {})); }},
    {"islower", [](Evaluator& e, V s, A) { return Value::boolean(e.apply_test("lower", s, {})); }},
};

Value pairs(Evaluator& e, V d, A) {
  List out;
  for (const auto& [key, value] : d.entries()) out.push_back(Value::tuple({key, value}));
  e.step(out.size());
  return Value::list(std::move(out));
}

constexpr Method kDicts[] = {
    {"items", pairs},
    {"keys", [](Evaluator& e, V d, A) { return Value::list(e.iterate(d)); }},
    {"values",
     [](Evaluator&, V d, A) {
       List out;
       for (const auto& entry : d.entries()) out.push_back(entry.second);
       return Value::list(std::move(out));
     }},
    {"get",
     [](Evaluator& e, V d, A a) {
       if (a.positional.empty()) return e.fail("get wants a key");
       if (const Value* v = d.find(a.positional[0])) return *v;
       return a.positional.size() > 1 ? a.positional[1] : Value::none();
     }},
    {"copy", [](Evaluator&, V d, A) { return Value::dict(d.entries()); }},
};

constexpr Method kLists[] = {
    {"index",
     [](Evaluator& e, V l, A a) {
       for (std::size_t i = 0; !a.positional.empty() && i < l.items().size(); ++i)
         if (equal(l.items()[i], a.positional[0])) return Value::integer(static_cast<std::int64_t>(i));
       return e.fail("the value is not in the list");
     }},
    {"count",
     [](Evaluator&, V l, A a) {
       if (a.positional.empty()) return Value::integer(0);
       return Value::integer(std::count_if(l.items().begin(), l.items().end(), [&](V v) { return equal(v, a.positional[0]); }));
     }},
    {"copy", [](Evaluator&, V l, A) { return Value::list(l.items()); }},
};
constexpr std::string_view kChanging[] = {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "popitem", "setdefault"};

template <std::size_t N>
const Method* look_up(const Method (&table)[N], std::string_view name) {
  for (const Method& m : table)
    if (m.name == name) return &m;
  return nullptr;
}

Value range(Evaluator& e, A a) {
  std::int64_t begin = 0, end = 0, by = 1;
  for (const Value& v : a.positional)
    if (!v.is_number() || v.is(Type::real)) return e.fail("range wants integers");
  if (a.positional.empty()) return e.fail("range wants an argument");
  end = a.number(0, "", 0);
  if (a.positional.size() > 1) begin = end, end = a.number(1, "", 0);
  if (a.positional.size() > 2) by = a.number(2, "", 1);
  if (by == 0) return e.fail("range: the step must not be zero");
  List out;
  for (std::int64_t i = begin; by > 0 ? i < end : i > end;) {
    if (out.size() >= 100'000 || !e.step()) return e.fail("range is too large; 100000 is the most");
    out.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, by, &i)) break;
  }
  return Value::list(std::move(out));
}

Value entries(Evaluator& e, A a, bool space) {
  Value out = space ? Value::space({}) : Value::dict({});
  for (const Value& v : a.positional)
    if (v.is(Type::dict))
      for (const auto& [key, value] : v.entries()) out.put(key, value);
    else
      for (const Value& pair : e.iterate(v)) {
        const List kv = e.iterate(pair);
        if (kv.size() != 2) return e.fail("dict wants pairs");
        out.put(kv[0], kv[1]);
      }
  for (const auto& [name, value] : a.named) out.put(Value::string(name, true), value);
  return out;
}

Value clock(Evaluator& e, A a) {
  const MarkedText* f = text_argument(e, a, 0, "format");
  if (!f) return {};
  std::tm now = e.now();
  std::tm normal = now;
  normal.tm_isdst = -1;
  mktime(&normal);  // week day and day of the year
  now.tm_wday = normal.tm_wday;
  now.tm_yday = normal.tm_yday;
  if (f->size() > 1000) return e.fail("strftime_now: the format is too long");
  char text[8192];
  const std::size_t n = f->empty() ? 0 : std::strftime(text, sizeof text, f->text().c_str(), &now);
  return Value::string(std::string(text, n), true);
}

}  // namespace

MarkedText trimmed(const MarkedText& text, const Value* characters, bool left, bool right) {
  const std::string& raw = text.text();
  const bool white_space = !characters || !characters->is(Type::string);
  const auto drop = [&](std::size_t at, std::size_t n) {
    if (white_space) return unicode_space(utf8::decode(raw, at).code);
    return characters->raw().find(raw.substr(at, n)) != std::string::npos;
  };
  std::size_t begin = 0, end = raw.size();
  while (left && begin < end) {
    const std::size_t n = utf8::decode(raw, begin).length;
    if (!drop(begin, n)) break;
    begin += n;
  }
  while (right && end > begin) {
    std::size_t k = end - 1;
    while (k > begin && (static_cast<unsigned char>(raw[k]) & 0xC0) == 0x80) --k;
    if (!drop(k, end - k)) break;
    end = k;
  }
  return text.substr(begin, end - begin);
}

MarkedText replaced(const MarkedText& text, const MarkedText& from, const MarkedText& to, std::int64_t count) {
  if (from.empty()) return text;
  MarkedText out;
  std::size_t at = 0;
  for (std::size_t hit; count != 0 && (hit = text.text().find(from.text(), at)) != std::string::npos; --count) {
    out.append(text, at, hit - at);
    out.append(to);
    at = hit + from.size();
  }
  out.append(text, at, text.size() - at);
  return out;
}

Value bound_method(const Value& value, const std::string& name) {
  const Method* m = nullptr;
  if (value.is(Type::string)) m = look_up(kStrings, name);
  if (value.is(Type::dict)) m = look_up(kDicts, name);
  if (value.is_list()) m = look_up(kLists, name);
  const bool changing = (value.is_list() || (value.is(Type::dict) && !value.find(name))) &&
                        std::find(std::begin(kChanging), std::end(kChanging), name) != std::end(kChanging);
  if (m) return Value::callable(std::make_shared<Callable>(Callable{name, [m, value](Evaluator& e, A a) { return m->call(e, value, a); }}));
  if (changing)
    return Value::callable(std::make_shared<Callable>(Callable{name, [name](Evaluator& e, A) { return e.fail(fmt::format("'{}' would change its object", name)); }}));
  return {};
}

void add_globals(Scope& scope) {
  const auto add = [&](const char* name, std::function<Value(Evaluator&, A)> f) {
    scope.set(name, Value::callable(std::make_shared<Callable>(Callable{name, std::move(f)})));
  };
  add("range", range);
  add("namespace", [](Evaluator& e, A a) { return entries(e, a, true); });
  add("dict", [](Evaluator& e, A a) { return entries(e, a, false); });
  add("strftime_now", clock);
  add("raise_exception", [](Evaluator& e, A a) { return e.fail(a.positional.empty() ? "raise_exception" : a.positional[0].str().text()); });
  add("joiner", [](Evaluator&, A a) {
    const Value separator = a.positional.empty() ? Value::string(", ", true) : a.positional[0];
    auto used = std::make_shared<bool>(false);
    return Value::callable(std::make_shared<Callable>(Callable{"joiner", [separator, used](Evaluator&, A) {
      const bool first = !*used;
      *used = true;
      return first ? Value::string("", true) : separator;
    }}));
  });
}

}  // namespace wright::engine::jinja
