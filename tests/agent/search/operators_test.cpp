// Operators: each row of the table below says what one operator must make of a text; everything around the edit stays.
#include <algorithm>
#include <catch2/catch.hpp>

#include "agent/search/propose.h"

using namespace wright;
using namespace wright::agent::search;
using tools::Language;

namespace {

Located located(Language language, const std::string& text, const SeenTypes& seen = {}) {
  auto source = read_source(language == Language::python ? "a.py" : "a.js", text, language);
  REQUIRE(source.ok());
  Located out;
  out.sources.push_back(std::move(*source));
  for (std::size_t i = 0; i < out.sources[0].regions.size(); ++i) {
    collect_sites(out.sources[0], out.sources[0].regions[i], seen);
    out.targets.push_back({0, static_cast<int>(i)});
  }
  return out;
}

struct Made {
  std::string_view op;
  std::string text;
};

std::vector<Made> made(Language language, const std::string& text, const SeenTypes& seen = {}) {
  const Located where = located(language, text, seen);
  auto candidates = propose(Context(), where);
  REQUIRE(candidates.ok());
  std::vector<Made> out;
  for (const Candidate& c : *candidates)
    if (parses(where.sources[0], c)) out.push_back({c.op, apply_edits(text, c.edits)});
  return out;
}

bool has(const std::vector<Made>& all, std::string_view op, const std::string& text) {
  return std::any_of(all.begin(), all.end(), [&](const Made& m) { return m.text == text && (op.empty() || m.op == op); });
}

struct Row {
  Language language;
  std::string_view op;
  std::string before, after;
};

const Row kRows[] = {
    {Language::python, "compare swap", "def f(a, b):\n    return a < b  # kept\n", "def f(a, b):\n    return a <= b  # kept\n"},
    {Language::python, "compare swap", "def f(a, b):\n    return a not in  b\n", "def f(a, b):\n    return a in  b\n"},
    {Language::python, "compare swap and number", "def f(a):\n    return a == 0\n", "def f(a):\n    return a <= 1\n"},
    {Language::python, "insert concatenation", "def f(a):\n    b = [a]\n    return [a]\n", "def f(a):\n    b = [a]\n    return b + [a]\n"},
    {Language::javascript, "insert concatenation", "function f(a) { const b = [a]; return [a]; }\n", "function f(a) { const b = [a]; return b.concat([a]); }\n"},
    {Language::python, "extend condition", "def f(a):\n    if a.b:\n        return 1\n", "def f(a):\n    if a is None or a.b:\n        return 1\n"},
    {Language::python, "operator swap", "def f(a, b):\n    return a * b\n", "def f(a, b):\n    return a ** b\n"},
    {Language::python, "assignment operator", "def f(a):\n    a += 2\n    return a\n", "def f(a):\n    a -= 2\n    return a\n"},
    {Language::python, "negate", "def f(a):\n    if not a:\n        return 1\n", "def f(a):\n    if a:\n        return 1\n"},
    {Language::python, "negate", "def f(a):\n    if a:\n        return 1\n", "def f(a):\n    if not a:\n        return 1\n"},
    {Language::python, "drop operand", "def f(a, b):\n    return a * b + 1\n", "def f(a, b):\n    return b + 1\n"},
    {Language::python, "swap operands", "def f(a, b):\n    return a in b\n", "def f(a, b):\n    return b in a\n"},
    {Language::python, "regroup", "def f(a, b):\n    return a - 1 // b\n", "def f(a, b):\n    return a // b - 1\n"},
    {Language::python, "regroup", "def f(a, b):\n    return a + 1 // b\n", "def f(a, b):\n    return (a + 1) // b\n"},
    {Language::python, "off by one", "def f(n):\n    return range(n)\n", "def f(n):\n    return range(n + 1)\n"},
    {Language::python, "off by one", "def f(a, n):\n    return a * n\n", "def f(a, n):\n    return a * (n - 1)\n"},
    {Language::python, "number", "def f(n):\n    return n % 24\n", "def f(n):\n    return n % 26\n"},
    {Language::python, "string", "def f():\n    return 'db' + 'd'\n", "def f():\n    return 'db' + 'db'\n"},
    {Language::python, "string", "def f():\n    return 'yes'\n", "def f():\n    return 'Yes'\n"},
    {Language::python, "constant", "def f():\n    return True\n", "def f():\n    return False\n"},
    {Language::python, "element", "def f(x):\n    return x in ['a', 'b', 'c']\n", "def f(x):\n    return x in ['a']\n"},
    {Language::python, "insert arithmetic", "def f(a, b):\n    return (a + b)\n", "def f(a, b):\n    return (a + b) / 2\n"},
    {Language::python, "other name", "def f(a, b):\n    c = a\n    return b\n", "def f(a, b):\n    c = b\n    return b\n"},
    {Language::python, "other attribute", "def f(a):\n    return a.x + a.y\n", "def f(a):\n    return a.y + a.y\n"},
    {Language::python, "sibling function", "def f(s):\n    return s.lower()\n", "def f(s):\n    return s.swapcase()\n"},
    {Language::python, "swap arguments", "def f(a, b):\n    return g(a, b=1) + g(a, b)\n", "def f(a, b):\n    return g(a, b=1) + g(b, a)\n"},
    {Language::python, "swap arguments", "def gcd(a, b):\n    return gcd(a % b, b)\n", "def gcd(a, b):\n    return gcd(b, a % b)\n"},
    {Language::python, "swap arguments", "def f(a, b):\n    return a.find(b)\n", "def f(a, b):\n    return b.find(a)\n"},
    {Language::python, "add argument", "def f(a):\n    return range(a)\n", "def f(a):\n    return range(1, a)\n"},
    {Language::python, "keyword argument", "def f(a):\n    return sorted(a)\n", "def f(a):\n    return sorted(a, reverse=True)\n"},
    {Language::python, "drop call", "def f(a):\n    return len(a)\n", "def f(a):\n    return a\n"},
    {Language::python, "wrap", "def f(a):\n    return a\n", "def f(a):\n    return sorted(a)\n"},
    {Language::python, "wrap with name", "def f(a, m):\n    m = a\n    return m\n", "def f(a, m):\n    m = max(m, a)\n    return m\n"},
    {Language::python, "add method", "def f(a):\n    return [a]\n", "def f(a):\n    return [a.swapcase()]\n"},
    {Language::python, "slice", "def f(a):\n    return g(a)\n", "def f(a):\n    return g(a[1:])\n"},
    {Language::python, "drop index", "def f(a, i):\n    return a[i]\n", "def f(a, i):\n    return a\n"},
    {Language::python, "delete statement", "def f(a):\n    a += 1\n    # kept\n    return a\n", "def f(a):\n    # kept\n    return a\n"},
    {Language::python, "swap statements", "def f(a):\n    b = a\n    a = 1\n    return a\n", "def f(a):\n    a = 1\n    b = a\n    return a\n"},
    {Language::python, "move statement", "def f(a):\n    for x in a:\n        y = x\n        return y\n", "def f(a):\n    for x in a:\n        y = x\n    return y\n"},
    {Language::python, "swap branches", "def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n", "def f(a):\n    if a:\n        return 2\n    else:\n        return 1\n"},
    {Language::python, "call to assignment", "def f(a, b):\n    a.update(b)\n", "def f(a, b):\n    a = b\n"},
    {Language::python, "insert guard", "def f(n):\n    return n\n", "def f(n):\n    if not n: return n\n    return n\n"},
    {Language::python, "extend condition", "def f(a, b):\n    if a > 0:\n        return b\n", "def f(a, b):\n    if a > 0 and b:\n        return b\n"},
    {Language::javascript, "compare swap", "function f(a, b) { return a < b; } // kept\n", "function f(a, b) { return a <= b; } // kept\n"},
    {Language::javascript, "same operator everywhere", "const f = (a, b, c) => a || b || c;\n", "const f = (a, b, c) => a && b && c;\n"},
    {Language::javascript, "off by one", "const f = (a) => a.length;\n", "const f = (a) => a.length - 1;\n"},
    {Language::javascript, "sibling function", "const f = (a, b) => Math.min(a, b);\n", "const f = (a, b) => Math.max(a, b);\n"},
    {Language::javascript, "number", "for (let i = 1; i < 3; i++) g(i);\n", "for (let i = 0; i < 3; i++) g(i);\n"},
    {Language::javascript, "delete statement", "function f(n) {\n  n *= 2;\n  return n;\n}\n", "function f(n) {\n  return n;\n}\n"},
    {Language::javascript, "swap branches", "function f(a) { if (a) { return 1 } else { return 2 } }\n", "function f(a) { if (a) { return 2 } else { return 1 } }\n"},
    {Language::javascript, "negate", "function f(a) { if (!a) return 1; }\n", "function f(a) { if (a) return 1; }\n"},
};

}  // namespace

TEST_CASE("search operators: what each makes of a text") {
  for (const Row& row : kRows) {
    const auto all = made(row.language, row.before);
    INFO(row.op << ": " << row.before << " -> " << row.after);
    CHECK(has(all, "", row.after));
    std::string near;
    for (const Made& m : all)
      if (m.text == row.after && m.op != row.op) near = m.op;
    if (!near.empty()) INFO("made by " << near);
    CHECK(has(all, row.op, row.after));
  }
}

TEST_CASE("search operators: every candidate parses, differs, and none comes twice") {
  const std::string text = "def f(a, b):\n    \"\"\"Doc.\"\"\"\n    total = 0\n    for x in a:\n        if x > b and x:\n            total += x\n    return total\n";
  const Located where = located(Language::python, text);
  const auto candidates = propose(Context(), where);
  REQUIRE(candidates.ok());
  CHECK(candidates->size() > 200);
  std::set<std::uint64_t> keys;
  std::set<std::string_view> ops;
  for (const Candidate& c : *candidates) {
    CHECK(keys.insert(c.key).second);
    const std::string after = apply_edits(text, c.edits);
    CHECK(after != text);
    CHECK(after.find("\"\"\"Doc.\"\"\"") != std::string::npos);
    ops.insert(c.op);
  }
  CHECK(ops.size() > 20);
  CHECK(keys.count(text_key(text)) == 0);
}

TEST_CASE("search operators: seen types leave out what cannot be") {
  const std::string text = "def f(a):\n    return a\n";
  const auto number = made(Language::python, text, {{"f", {{"a", kNumber}}}});
  CHECK(has(number, "off by one", "def f(a):\n    return a + 1\n"));
  CHECK_FALSE(has(number, "wrap", "def f(a):\n    return sorted(a)\n"));
  const auto list = made(Language::python, text, {{"f", {{"a", kList}}}});
  CHECK_FALSE(has(list, "off by one", "def f(a):\n    return a + 1\n"));
  CHECK(has(list, "wrap", "def f(a):\n    return sorted(a)\n"));
}

TEST_CASE("search candidates: keys ignore layout, edits merge, changes are described") {
  CHECK(text_key("a = 1\n\nb = 2\n") == text_key("a  =  1\nb = 2\n"));
  CHECK(text_key("a = ' I'\n") != text_key("a = 'I '\n"));
  CHECK(short_change("return max(a)\n", {{7, 10, "min"}}) == "max -> min");
  CHECK(short_change("a\nb\n", {{2, 2, "x = 1\n"}}) == "+ x = 1");
  CHECK(text_key("if a:\n  b\n") != text_key("if a:\nb\n"));
  CHECK(merge_edits({{0, 2, "x"}}, {{1, 3, "y"}}).empty());
  const auto both = merge_edits({{4, 5, "y"}}, {{0, 1, "x"}});
  REQUIRE(both.size() == 2);
  CHECK(apply_edits("abcdef", both) == "xbcdyf");
  CHECK(describe_change("a\nb = 1\nc\n", {{6, 7, "2"}}) == "- b = 1\n+ b = 2");
}
