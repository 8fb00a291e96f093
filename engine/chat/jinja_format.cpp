// Python's % for text: %[(name)][flags][width][.precision]conversion. Text that %s puts in keeps its marks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

struct Spec {
  bool left = false, zero = false, plus = false, blank = false, alternate = false;
  std::size_t width = 0, precision = std::string::npos;
  char conversion = 0;
};

constexpr std::size_t kWidest = 10'000;

// Digits from f[k] on; npos when there are too many.
std::size_t number_at(const std::string& f, std::size_t& k) {
  std::size_t n = 0;
  for (; k < f.size() && f[k] >= '0' && f[k] <= '9'; ++k) n = std::min(n * 10 + static_cast<std::size_t>(f[k] - '0'), kWidest + 1);
  return n > kWidest ? std::string::npos : n;
}

// Reads a spec from f[k] on and leaves k at its conversion; false when it is not one.
bool read_spec(const std::string& f, std::size_t& k, Spec& s) {
  for (; k < f.size(); ++k) {
    if (f[k] == '-') s.left = true;
    else if (f[k] == '0') s.zero = true;
    else if (f[k] == '+') s.plus = true;
    else if (f[k] == ' ') s.blank = true;
    else if (f[k] == '#') s.alternate = true;
    else break;
  }
  if ((s.width = number_at(f, k)) == std::string::npos) return false;
  if (k < f.size() && f[k] == '.' && (s.precision = number_at(f, ++k)) == std::string::npos) return false;
  if (k >= f.size()) return false;
  s.conversion = f[k];
  return true;
}

// A number's digits with its sign, padded by zeros where asked; "" when the conversion is none of a number.
std::string number_text(const Spec& s, const Value& v) {
  std::string digits, prefix;
  bool negative = false;
  const char c = s.conversion;
  if (c == 'd' || c == 'i' || c == 'u' || ((c == 'x' || c == 'X' || c == 'o') && !v.is(Type::real))) {
    if (v.is(Type::real) && !(std::fabs(v.as_real()) < 9e18)) return "";
    const std::int64_t n = v.as_int();
    negative = n < 0;
    const auto size = negative ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
    digits = c == 'x' ? fmt::format("{:x}", size) : c == 'X' ? fmt::format("{:X}", size) : c == 'o' ? fmt::format("{:o}", size) : std::to_string(size);
    if (s.alternate && (c == 'x' || c == 'X' || c == 'o')) prefix = std::string("0") + c;
    if (s.precision != std::string::npos && digits.size() < s.precision) digits.insert(0, s.precision - digits.size(), '0');
  } else if (std::string_view("fFeEgG").find(c) != std::string_view::npos) {
    const double x = v.as_real();
    negative = std::signbit(x);
    const int precision = static_cast<int>(s.precision == std::string::npos ? 6 : std::min<std::size_t>(s.precision, 300));
    const double size = negative ? -x : x;
    digits = c == 'f' ? fmt::format("{:.{}f}", size, precision) : c == 'F' ? fmt::format("{:.{}F}", size, precision) : c == 'e' ? fmt::format("{:.{}e}", size, precision)
             : c == 'E' ? fmt::format("{:.{}E}", size, precision) : c == 'g' ? fmt::format("{:.{}g}", size, precision) : fmt::format("{:.{}G}", size, precision);
  } else {
    return "";
  }
  const std::string sign = negative ? "-" : s.plus ? "+" : s.blank ? " " : "";
  const std::size_t used = sign.size() + prefix.size() + digits.size();
  if (s.zero && !s.left && used < s.width) digits.insert(0, s.width - used, '0');
  return sign + prefix + digits;
}

void put(MarkedText& out, const Spec& s, const MarkedText& text) {
  const std::size_t n = code_points(text.text());
  const std::string pad(n < s.width ? s.width - n : 0, ' ');
  if (!s.left) out.append(pad, true);
  out.append(text);
  if (s.left) out.append(pad, true);
}

// The first `n` code points.
MarkedText shortened(const MarkedText& text, std::size_t n) {
  std::size_t end = 0;
  for (const std::string& raw = text.text(); end < raw.size(); ++end)
    if ((static_cast<unsigned char>(raw[end]) & 0xC0) != 0x80 && n-- == 0) break;
  return text.substr(0, end);
}

}  // namespace

Value format_percent(Evaluator& e, const MarkedText& format, const Value& right) {
  const List arguments = right.is(Type::tuple) ? right.items() : List{right};
  MarkedText out;
  std::size_t used = 0;
  const std::string& f = format.text();
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f[i] != '%') {
      out.append(format, i, 1);
      continue;
    }
    std::size_t k = i + 1;
    Value named;
    const bool by_name = k < f.size() && f[k] == '(';
    if (by_name) {
      const std::size_t close = f.find(')', k);
      if (close == std::string::npos || !right.is(Type::dict)) return e.fail("format requires a mapping");
      named = e.item(right, Value::string(f.substr(k + 1, close - k - 1), true));
      if (named.is(Type::undefined)) return e.fail(fmt::format("format: no argument for '{}'", f.substr(k + 1, close - k - 1)));
      k = close + 1;
      used = arguments.size();
    }
    Spec s;
    if (!read_spec(f, k, s)) return e.fail("incomplete format");
    i = k;
    if (s.conversion == '%') {
      out.append(format, k, 1);
      continue;
    }
    if (!by_name && used >= arguments.size()) return e.fail("not enough arguments for format string");
    const Value v = by_name ? named : arguments[used++];
    if (s.conversion == 's' || s.conversion == 'r') {
      const MarkedText whole = s.conversion == 's' ? v.str() : MarkedText(v.repr(), false);
      put(out, s, s.precision == std::string::npos ? whole : shortened(whole, s.precision));
      continue;
    }
    const std::string number = v.is_number() ? number_text(s, v) : "";
    if (number.empty()) return e.fail(fmt::format("format %{} does not fit a {}", s.conversion, v.type_name()));
    put(out, s, MarkedText(number, true));
  }
  if (used < arguments.size() && !right.is(Type::dict)) return e.fail("not all arguments converted during string formatting");
  return e.make_string(std::move(out));
}

}  // namespace wright::engine::jinja
