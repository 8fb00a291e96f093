#include "engine/text/json_values.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "engine/text/pattern.h"

namespace wright::engine {
namespace {

constexpr int kIndent = 40;     // blanks after a line break
constexpr int kDigits = 17;     // of a fraction, and of an integer without bounds
constexpr std::uint64_t kUnbounded = UINT64_MAX;

CharSet string_chars() { return CharSet::of({{0x20, 0x21}, {0x23, 0x5B}, {0x5D, 0x10FFFF}}); }

}  // namespace

template <class Build>
GrammarRule JsonValues::rule(GrammarRule& slot, Build build) {
  if (slot < 0) {
    slot = grammar_.add_rule();  // set first: a rule may call itself
    grammar_.mark_end(build(grammar_.start_of(slot)));
  }
  return slot;
}

GrammarState JsonValues::call(GrammarState from, GrammarRule rule) {
  const GrammarState to = grammar_.add_state();
  grammar_.add_call(from, rule, to);
  return to;
}

GrammarRule JsonValues::space_rule() {
  return rule(space_, [this](GrammarState from) {
    const GrammarState end = grammar_.add_state();
    grammar_.add_silent(from, end);
    grammar_.add_bytes(from, ' ', ' ', end);
    GrammarState at = grammar_.add_state();
    grammar_.add_bytes(from, '\n', '\n', at);
    for (int i = 0; i < kIndent; ++i) {
      const GrammarState next = grammar_.add_state();
      grammar_.add_silent(at, end);
      grammar_.add_bytes(at, ' ', ' ', next);
      grammar_.add_bytes(at, '\t', '\t', next);
      at = next;
    }
    grammar_.add_silent(at, end);
    return end;
  });
}

GrammarState JsonValues::space(GrammarState from) { return call(from, space_rule()); }

GrammarRule JsonValues::char_rule() {
  return rule(char_, [this](GrammarState from) {
    const GrammarState end = grammar_.add_state(), escape = grammar_.add_state();
    grammar_.add_chars(from, string_chars(), end);
    grammar_.add_bytes(from, '\\', '\\', escape);
    for (const char c : std::string_view("\"\\/bfnrt")) grammar_.add_bytes(escape, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), end);
    const auto hex = [this](GrammarState at, std::string_view digits, GrammarState to) {
      for (const char c : digits) grammar_.add_bytes(at, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), to);
    };
    constexpr std::string_view kAny = "0123456789abcdefABCDEF", kNotD = "0123456789abcefABCEF";
    const GrammarState u = grammar_.add_state(), two = grammar_.add_state(), three = grammar_.add_state(), four = grammar_.add_state();
    const GrammarState after_d = grammar_.add_state();
    grammar_.add_bytes(escape, 'u', 'u', u);
    hex(u, kNotD, two);
    hex(u, "dD", after_d);
    hex(after_d, "01234567", three);  // D800 to DFFF are no characters alone
    hex(two, kAny, three);
    hex(three, kAny, four);
    hex(four, kAny, end);
    GrammarState pair = after_d;  // \uD8xx\uDCxx to \uDBxx\uDFxx
    const auto step = [&](std::string_view digits) {
      const GrammarState next = grammar_.add_state();
      hex(pair, digits, next);
      pair = next;
    };
    step("89abAB");
    step(kAny);
    step(kAny);
    pair = grammar_.add_text(pair, "\\u");
    step("dD");
    step("cdefCDEF");
    step(kAny);
    hex(pair, kAny, end);
    return end;
  });
}

GrammarState JsonValues::string(GrammarState from) {
  return call(from, rule(string_, [this](GrammarState at) {
    const GrammarState loop = grammar_.add_text(at, "\"");
    grammar_.add_call(loop, char_rule(), loop);
    return grammar_.add_text(loop, "\"");
  }));
}

GrammarState JsonValues::string_of_length(GrammarState from, std::int64_t min, std::optional<std::int64_t> max) {
  GrammarState at = grammar_.add_text(from, "\"");
  for (std::int64_t i = 0; i < min && !grammar_.too_large(); ++i) at = call(at, char_rule());
  const GrammarState close = grammar_.add_state();
  grammar_.add_silent(at, close);
  if (!max) grammar_.add_call(at, char_rule(), at);
  for (std::int64_t i = min; max && i < *max && !grammar_.too_large(); ++i) {
    at = call(at, char_rule());
    grammar_.add_silent(at, close);
  }
  return grammar_.add_text(close, "\"");
}

GrammarState JsonValues::key_other_than(GrammarState from, const std::vector<std::string>& names) {
  struct Branch { std::map<char32_t, std::size_t> next; bool name = false; GrammarState state = -1; };
  std::vector<Branch> trie(1);
  for (const std::string& name : names) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < name.size();) {
      const auto decoded = utf8::decode(name, i);
      i += decoded.length;
      if (!trie[at].next.contains(decoded.code)) {
        trie[at].next[decoded.code] = trie.size();
        trie.emplace_back();
      }
      at = trie[at].next[decoded.code];
    }
    trie[at].name = true;
  }
  const GrammarState end = grammar_.add_state(), free = grammar_.add_state();
  grammar_.add_chars(free, string_chars(), free);
  grammar_.add_bytes(free, '"', '"', end);
  for (Branch& branch : trie) branch.state = grammar_.add_state();
  grammar_.add_silent(grammar_.add_text(from, "\""), trie[0].state);
  for (const Branch& branch : trie) {
    CharSet taken;
    for (const auto& [code, child] : branch.next) {
      taken.add(code, code);
      if (code >= 0x20 && code != '"' && code != '\\') grammar_.add_chars(branch.state, CharSet{{{code, code}}}, trie[child].state);
    }
    taken.add(0, 0x1F);
    taken.add('"', '"');
    taken.add('\\', '\\');
    taken.normalise();
    grammar_.add_chars(branch.state, taken.inverted(), free);
    if (!branch.name) grammar_.add_bytes(branch.state, '"', '"', end);
  }
  return end;
}

// Digit strings of one length between two others.
void JsonValues::digits_between(GrammarState from, const std::string& low, const std::string& high, GrammarState to) {
  if (low.empty()) return grammar_.add_silent(from, to);
  const auto byte = [](char c) { return static_cast<std::uint8_t>(c); };
  const std::string rest_low = low.substr(1), rest_high = high.substr(1);
  if (low[0] == high[0]) {
    const GrammarState next = grammar_.add_state();
    grammar_.add_bytes(from, byte(low[0]), byte(low[0]), next);
    return digits_between(next, rest_low, rest_high, to);
  }
  const std::string nines(rest_low.size(), '9'), zeros(rest_low.size(), '0');
  const auto branch = [&](char first, char last, const std::string& a, const std::string& b) {
    const GrammarState next = grammar_.add_state();
    grammar_.add_bytes(from, byte(first), byte(last), next);
    digits_between(next, a, b, to);
  };
  const bool whole_low = rest_low == zeros, whole_high = rest_high == nines;
  if (!whole_low) branch(low[0], low[0], rest_low, nines);
  if (!whole_high) branch(high[0], high[0], zeros, rest_high);
  const char first = whole_low ? low[0] : static_cast<char>(low[0] + 1), last = whole_high ? high[0] : static_cast<char>(high[0] - 1);
  if (first > last) return;
  GrammarState at = grammar_.add_state();
  grammar_.add_bytes(from, byte(first), byte(last), at);
  for (std::size_t i = 0; i < rest_low.size(); ++i) {
    const GrammarState next = i + 1 == rest_low.size() ? to : grammar_.add_state();
    grammar_.add_bytes(at, '0', '9', next);
    at = next;
  }
  if (rest_low.empty()) grammar_.add_silent(at, to);
}

// Decimal numbers from low to high without leading zeros.
void JsonValues::natural_range(GrammarState from, std::uint64_t low, std::uint64_t high, GrammarState to) {
  if (low == 0 && high == kUnbounded) {
    grammar_.add_bytes(from, '0', '0', to);
    GrammarState at = grammar_.add_state();
    grammar_.add_bytes(from, '1', '9', at);
    for (int i = 0; i < kDigits; ++i) {
      const GrammarState next = grammar_.add_state();
      grammar_.add_silent(at, to);
      grammar_.add_bytes(at, '0', '9', next);
      at = next;
    }
    return grammar_.add_silent(at, to);
  }
  const std::uint64_t top = high == kUnbounded ? 999'999'999'999'999'999ull : high;
  const std::string low_text = std::to_string(low), high_text = std::to_string(top);
  for (std::size_t length = low_text.size(); length <= high_text.size(); ++length) {
    const std::string a = length == low_text.size() ? low_text : "1" + std::string(length - 1, '0');
    const std::string b = length == high_text.size() ? high_text : std::string(length, '9');
    if (a <= b) digits_between(from, a, b, to);
  }
}

GrammarState JsonValues::fraction(GrammarState from, bool zeros_only) {
  const GrammarState end = grammar_.add_state();
  grammar_.add_silent(from, end);
  GrammarState at = grammar_.add_text(from, ".");
  for (int i = 0; i < kDigits; ++i) {
    const GrammarState next = grammar_.add_state();
    grammar_.add_bytes(at, '0', zeros_only ? '0' : '9', next);
    grammar_.add_silent(next, end);
    at = next;
  }
  return end;
}

// |x| from low to high; with a fraction unless integral.
void JsonValues::bounded_magnitude(GrammarState from, std::uint64_t low, std::uint64_t high, bool integral, GrammarState to) {
  if (low > high) return;
  if (integral) return natural_range(from, low, high, to);
  if (high == kUnbounded || low < high) {
    const GrammarState whole = grammar_.add_state();
    natural_range(from, low, high == kUnbounded ? high : high - 1, whole);
    grammar_.add_silent(fraction(whole, false), to);
  }
  if (high == kUnbounded) return;
  const GrammarState last = grammar_.add_state();
  natural_range(from, high, high, last);
  grammar_.add_silent(fraction(last, true), to);
}

GrammarState JsonValues::integer(GrammarState from, std::optional<std::int64_t> low, std::optional<std::int64_t> high) {
  const GrammarState to = grammar_.add_state();
  const auto magnitude = [](std::int64_t v) { return v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v); };
  if (!high || *high >= 0) bounded_magnitude(from, low && *low > 0 ? magnitude(*low) : 0, high ? magnitude(*high) : kUnbounded, true, to);
  if (!low || *low < 0)
    bounded_magnitude(grammar_.add_text(from, "-"), high && *high < 0 ? magnitude(*high) : 1, low ? magnitude(*low) : kUnbounded, true, to);
  return to;
}

GrammarState JsonValues::number(GrammarState from, std::optional<std::int64_t> low, std::optional<std::int64_t> high) {
  const GrammarState to = grammar_.add_state();
  const auto magnitude = [](std::int64_t v) { return v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v); };
  if (low || high) {
    if (!high || *high >= 0) bounded_magnitude(from, low && *low > 0 ? magnitude(*low) : 0, high ? magnitude(*high) : kUnbounded, false, to);
    if (!low || *low < 0)
      bounded_magnitude(grammar_.add_text(from, "-"), high && *high < 0 ? magnitude(*high) : 0, low ? magnitude(*low) : kUnbounded, false, to);
    return to;
  }
  const GrammarState sign = grammar_.add_state(), whole = grammar_.add_state();
  grammar_.add_silent(from, sign);
  grammar_.add_bytes(from, '-', '-', sign);
  natural_range(sign, 0, kUnbounded, whole);
  const GrammarState after = fraction(whole, false), exponent = grammar_.add_state(), digits = grammar_.add_state();
  grammar_.add_silent(after, to);
  for (const std::uint8_t e : {std::uint8_t{'e'}, std::uint8_t{'E'}}) grammar_.add_bytes(after, e, e, exponent);
  for (const std::uint8_t s : {std::uint8_t{'+'}, std::uint8_t{'-'}}) grammar_.add_bytes(exponent, s, s, digits);
  const GrammarState first = grammar_.add_state();
  grammar_.add_bytes(exponent, '0', '9', first);
  grammar_.add_bytes(digits, '0', '9', first);
  grammar_.add_silent(first, to);
  grammar_.add_bytes(first, '0', '9', to);
  return to;
}

GrammarState JsonValues::any_object(GrammarState from) {
  return call(from, rule(object_, [this](GrammarState start) {
    const GrammarState open = space(grammar_.add_text(start, "{")), close = grammar_.add_state(), key = grammar_.add_state();
    grammar_.add_silent(open, key);
    grammar_.add_silent(open, close);
    const GrammarState value_end = any(space(grammar_.add_text(string(key), ":")));
    grammar_.add_silent(space(value_end), close);
    grammar_.add_silent(space(grammar_.add_text(value_end, ",")), key);
    return grammar_.add_text(close, "}");
  }));
}

GrammarState JsonValues::any_array(GrammarState from) {
  return call(from, rule(array_, [this](GrammarState start) {
    const GrammarState open = space(grammar_.add_text(start, "[")), close = grammar_.add_state(), item = grammar_.add_state();
    grammar_.add_silent(open, item);
    grammar_.add_silent(open, close);
    const GrammarState value_end = any(item);
    grammar_.add_silent(space(value_end), close);
    grammar_.add_silent(space(grammar_.add_text(value_end, ",")), item);
    return grammar_.add_text(close, "]");
  }));
}

GrammarRule JsonValues::any_rule() {
  return rule(any_, [this](GrammarState from) {
    const GrammarState end = grammar_.add_state();
    for (const char* word : {"null", "true", "false"}) grammar_.add_silent(grammar_.add_text(from, word), end);
    grammar_.add_silent(string(from), end);
    grammar_.add_silent(number(from, {}, {}), end);
    grammar_.add_silent(any_object(from), end);
    grammar_.add_silent(any_array(from), end);
    return end;
  });
}

GrammarState JsonValues::any(GrammarState from) { return call(from, any_rule()); }

}  // namespace wright::engine
