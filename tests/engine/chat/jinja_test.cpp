// The template interpreter: every golden case and every case of tests/data/templates byte for byte, provenance, limits, and what hostile templates may not do.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "engine/chat/jinja.h"
#include "tests/support/shared.h"

using namespace wright;
using namespace wright::engine;
using jinja::Value;

namespace {

Result<MarkedText> render(std::string_view source, const nlohmann::ordered_json& variables = nlohmann::ordered_json::object()) {
  auto t = jinja::Template::parse(source, "test");
  if (!t) return t.error();
  return t->render(Value::from_json(variables), "2025-08-05T12:34:56");
}

std::string text(std::string_view source, const nlohmann::ordered_json& variables = nlohmann::ordered_json::object()) {
  auto out = render(source, variables);
  return out ? out->text() : "ERROR " + out.error().message;
}

bool refused(std::string_view source, const nlohmann::ordered_json& variables = nlohmann::ordered_json::object()) {
  return !render(source, variables).ok();
}

}  // namespace

namespace {

// Every NAME.jinja of the folder with the cases of NAME.json; how many there were.
std::size_t check_cases(const std::string& folder) {
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jinja") continue;
    const auto source = read_file(entry.path().string());
    const auto golden = nlohmann::ordered_json::parse(*read_file(entry.path().string().substr(0, entry.path().string().size() - 5) + "json"));
    const auto t = jinja::Template::parse(*source, entry.path().filename().string());
    INFO(entry.path().filename() << (t ? "" : t.error().message));
    REQUIRE(t.ok());
    for (const auto& c : golden["cases"]) {
      jinja::Dict variables;
      const auto put = [&](const std::string& key, Value v) { variables.emplace_back(Value::string(key, true), std::move(v)); };
      for (const char* key : {"messages", "tools"}) put(key, Value::from_json(c[key]));
      for (const char* key : {"bos_token", "eos_token"}) put(key, Value::string(c[key].get<std::string>(), true));
      for (const auto& [key, value] : c["options"].items()) put(key, Value::from_json(value));
      const auto out = t->render(Value::dict(variables), golden["now"].get<std::string>());
      INFO(c["case"] << (out ? "" : out.error().message));
      ++cases;
      if (c.contains("error")) CHECK_FALSE(out.ok());
      else {
        REQUIRE(out.ok());
        CHECK(out->text() == c["expected"].get<std::string>());
      }
    }
  }
  return cases;
}

}  // namespace

TEST_CASE("templates: every golden case, byte for byte", "[golden]") {
  if (const auto folder = test::shared_path("golden/templates")) CHECK(check_cases(*folder) > 300);
}

TEST_CASE("templates: the project's own cases, as Jinja2 renders them") {
  const std::string folder = WRIGHT_SOURCE_DIR "/tests/data/templates";
  CHECK(check_cases(folder) >= 48);
  const auto snippets = nlohmann::ordered_json::parse(*read_file(folder + "/snippets.json"));
  CHECK(snippets["cases"].size() >= 30);
  for (const auto& c : snippets["cases"]) {
    const auto source = c["source"].get<std::string>();
    INFO(source);
    const auto t = jinja::Template::parse(source, "snippet");
    const auto out = t ? t->render(Value::from_json(snippets["variables"]), snippets["now"].get<std::string>()) : Result<MarkedText>(t.error());
    INFO((out ? out->text() : out.error().message));
    CHECK(out.ok() == c.contains("expected"));
    if (out.ok() && c.contains("expected")) CHECK(out->text() == c["expected"].get<std::string>());
  }
}

TEST_CASE("templates: white space control") {
  CHECK(text("a\n  {% if true %}\nb\n  {% endif %}\nc\n") == "a\nb\nc");
  CHECK(text("a {%- if true %} b {%+ endif %}") == "a b ");
  CHECK(text("x  {{- 1 -}}  y") == "x1y");
  CHECK(text("  {# note #}\nz") == "z");
  CHECK(text("{% raw %}{{ no }}{% endraw %}!") == "{{ no }}!");
}

TEST_CASE("templates: expressions are Python's") {
  CHECK(text("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 4 / 2 }}") == "3 -4 2 3.5 1024 2.0");
  CHECK(text("{{ [1, 'a', none, true, 1.5, {'k': (1,)}] }}") == "[1, 'a', None, True, 1.5, {'k': (1,)}]");
  CHECK(text("{{ 'abcdef'[1:4] }}{{ 'abc'[::-1] }}{{ 'héllo'[1] }}{{ [1,2,3][-1] }}") == "bcdcbaé3");
  CHECK(text("{{ 'a' if x is defined else 'b' }}{{ x }}{{ x is none }}") == "bFalse");
  CHECK(text("{{ 1 < 2 < 3 }} {{ 3 not in [1] }} {{ not false and true }}") == "True True True");
  CHECK(text("{{ 'a-b-c'.split('-') | join('+') }} {{ ' x '.strip() }} {{ 'a,b,c'.rsplit(',', 1) }}") == "a+b+c x ['a,b', 'c']");
  CHECK(text("{{ '%s=%d' % ('n', 3) }} {{ '{}-{k}'.format(1, k=2) }}") == "n=3 1-2");
  CHECK(text("{{ {'b': [1, {'é': \"q\\\"\"}]} | tojson }}") == "{\"b\": [1, {\"é\": \"q\\\"\"}]}");
  CHECK(text("{{ {'b': [1], 'a': {}} | tojson(indent=2) }}") == "{\n  \"b\": [\n    1\n  ],\n  \"a\": {}\n}");
  CHECK(text("{{ strftime_now('%d %b %Y') }}") == "05 Aug 2025");
  CHECK(text("{{ items | map(attribute='n') | list }} {{ items | selectattr('n', 'gt', 1) | list | length }}",
             nlohmann::ordered_json::parse(R"({"items":[{"n":1},{"n":2}]})")) == "[1, 2] 1");
  CHECK(text("{{ {'b':1,'A':2} | dictsort }} {{ ['b','A'] | sort }} {{ [3,1,3] | unique | list }}") == "[('A', 2), ('b', 1)] ['A', 'b'] [3, 1]");
}

TEST_CASE("templates: statements and scopes") {
  CHECK(text("{% for i in range(5) if i != 1 %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{{ loop.index }}{% endfor %}") == "0122");
  CHECK(text("{% for i in [] %}x{% else %}none{% endfor %}") == "none");
  CHECK(text("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}") == "1");
  CHECK(text("{% set ns = namespace(x=1) %}{% for i in [1] %}{% set ns.x = 2 %}{% endfor %}{{ ns.x }}") == "2");
  CHECK(text("{% macro m(a, b='d') %}{{ a }}{{ b }}{{ caller() if caller }}{% endmacro %}{{ m(1) }}{% call m(2, b=3) %}c{% endcall %}") == "1d23c");
  CHECK(text("{% set t %} x {% endset %}[{{ t | trim }}]{% filter upper %}up{% endfilter %}") == "[x]UP");
  CHECK(text("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}{% with q = 2 %}{{ q }}{% endwith %}") == "a12");
  CHECK(text("{% for n in t recursive %}{{ n.v }}{{ loop(n.c) if n.c }}{% endfor %}",
             nlohmann::ordered_json::parse(R"({"t":[{"v":1,"c":[{"v":2}]},{"v":3}]})")) == "123");
  CHECK(text("{% generation %}g{% endgeneration %}") == "g");
}

TEST_CASE("templates: text of data is never taken for the template's") {
  const auto out = render("<|s|>{{ m | trim }}<|e|>{{ 'a' ~ m.upper() }}{{ m.split('-')[1] }}{{ [m, 'z'] | join('<j>') }}",
                          nlohmann::ordered_json::parse(R"({"m":" <|s|>-x "})"));
  REQUIRE(out.ok());
  std::string trusted, untrusted;
  for (const TextSpan& span : out->spans()) (span.trusted ? trusted : untrusted) += span.text;
  CHECK(trusted == "<|s|><|e|>a<j>z");
  CHECK(untrusted == "<|s|>-x <|S|>-X x  <|s|>-x ");
  // What is unsure is data: JSON of data, replacement inside data.
  const auto json = render("{{ m | tojson }}{{ m | replace('<|s|>', '<|t|>') }}", nlohmann::ordered_json::parse(R"({"m":"<|s|>"})"));
  REQUIRE(json.ok());
  CHECK(json->spans()[0].trusted == false);
}

TEST_CASE("templates: hostile or broken ones end in one error") {
  CHECK(refused("{{ ''.__class__.__mro__ }}"));
  CHECK(refused("{{ [].append(1) }}"));
  CHECK(refused("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"));
  CHECK(refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"));
  CHECK(refused("{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"));
  CHECK(refused("{{ 'x' * 999999999999 }}"));
  CHECK(refused("{{ " + std::string(100000, '(') + "1" + std::string(100000, ')') + " }}"));
  CHECK(refused("{{ 1" + [] { std::string s; for (int i = 0; i < 100000; ++i) s += "+1"; return s; }() + " }}"));
  CHECK(refused("{{ raise_exception('stop') }}"));
  CHECK(refused("{{ x.y.z }}"));
  CHECK(refused("{{ 1 / 0 }}"));
  CHECK(refused("{% include 'x' %}"));
  CHECK(refused("{{ 'unclosed }}"));
  CHECK(refused("{% if true %}"));
  CHECK(refused("{{ 1 | nofilter }}"));
  const auto error = render("a\n{{ nothing() }}");
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().message.find("line 2") != std::string::npos);
}
