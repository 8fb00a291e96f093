#!/usr/bin/env python3
"""Writes the template cases of this folder: NAME.json for every NAME.jinja (chat templates of the project's own) and snippets.json.

The expected text is what Jinja2 3.1 (PyPI) renders, set up as transformers sets it up: immutable sandbox, trim_blocks, lstrip_blocks,
loop controls, generation blocks, tojson without HTML or ASCII escaping, raise_exception, strftime_now at `now`. Keys as in the shared
cases: messages, tools, options, bos_token, eos_token, and expected or error.
"""
import datetime, glob, json, os
import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = "2025-03-09T07:05:02"


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


ENV = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception
ENV.globals["strftime_now"] = lambda form: datetime.datetime.fromisoformat(NOW).strftime(form)


def outcome(source, variables):
    try:
        return {"expected": ENV.from_string(source).render(**variables)}
    except Exception as e:
        return {"error": type(e).__name__ + ": " + str(e)}


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a <city>, \"now\" & later.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "도시 or city"}, "days": {"type": "integer", "enum": [1, 3, 7]}},
    "required": ["city"]}}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}

TALKS = {
    "user": ([say("user", "Ahoy!")], None, {"add_generation_prompt": True}),
    "user, no prompt": ([say("user", "Ahoy!")], None, {"add_generation_prompt": False}),
    "system": ([say("system", "  Be brief.\n"), say("user", "1+1?")], None, {"add_generation_prompt": True}),
    "many turns": ([say("system", "S"), say("user", "a\n\nb  "), say("assistant", "  c\n"), say("user", "한국어 🚢 <b>&</b> {{ x }}"), say("assistant", "d")], None, {}),
    "tools": ([say("user", "Weather?")], [WEATHER, CLOCK], {"add_generation_prompt": True}),
    "tool call": ([say("user", "Weather?"), say("assistant", "", tool_calls=[call("get_weather", {"city": "Oslo", "days": 3})]),
                   say("tool", "{\"t\": -4.5}"), say("assistant", "Cold.")], [WEATHER], {"add_generation_prompt": False}),
    "two calls": ([say("user", "Both"), say("assistant", "Looking.", tool_calls=[call("get_weather", {"city": "Å"}, id="c1"), call("clock", {}, id="c2")]),
                   say("tool", "rain", tool_call_id="c1", name="get_weather"), say("tool", "12:00", tool_call_id="c2", name="clock")],
                  [WEATHER, CLOCK], {"add_generation_prompt": True}),
    "thinking": ([say("user", "2*3?"), say("assistant", "<think>\neasy\n</think>\n\n6"), say("user", "and 3*3?")], None,
                 {"add_generation_prompt": True, "enable_thinking": True}),
    "thinking off": ([say("user", "2*3?")], None, {"add_generation_prompt": True, "enable_thinking": False}),
    "reasoning field": ([say("user", "q"), say("assistant", "a", reasoning_content="because"), say("user", "r")], None, {"add_generation_prompt": True}),
    "content parts": ([say("user", [{"type": "text", "text": "one "}, {"type": "image"}, {"type": "text", "text": "two"}])], None, {"add_generation_prompt": True}),
    "null content": ([say("user", "go"), say("assistant", None, tool_calls=[call("clock", {"zone": None, "f": 1.0, "ok": True})])], [CLOCK], {}),
    "wrong order": ([say("assistant", "me first")], None, {"add_generation_prompt": True}),
    "two users": ([say("user", "a"), say("user", "b")], None, {"add_generation_prompt": True}),
    "effort": ([say("developer", "Be careful."), say("user", "hm")], None, {"add_generation_prompt": True, "reasoning_effort": "high"}),
    "nothing": ([], None, {"add_generation_prompt": True}),
}

ITEMS = {"items": [{"n": "b", "v": 2, "t": ["x"]}, {"n": "A", "v": 1, "t": []}, {"n": "c", "v": 2, "t": ["y", "z"]}], "d": {"z": 1, "a": {"b": [1, 2]}},
         "s": "  Hello, World  ", "html": "<a href=\"x\">&'</a>", "n": None, "big": 12345678901234, "pi": 3.14159, "u": "naïve Ünï 한"}
SNIPPETS = [
    "{{ s | trim }}|{{ s.strip() | upper }}|{{ s | length }}|{{ s | replace('l', 'L', 2) }}", "{{ html | tojson }} {{ html | e }}",
    "{{ d | tojson(indent=2) }}", "{{ items | tojson(separators=(',', ':')) }}", "{{ d | tojson(sort_keys=true) }}", "{{ u | tojson(ensure_ascii=true) }}",
    "{% for i in items %}{{ loop.index }}/{{ loop.length }} {{ i.n }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for i in items | selectattr('v', 'equalto', 2) %}{{ loop.index0 }}{{ i['n'] }}{% else %}none{% endfor %}",
    "{% for i in items | rejectattr('t') %}{{ i.n }}{% endfor %}|{{ items | map(attribute='n') | join('+') }}|{{ items | sum(attribute='v') }}",
    "{% for v, g in items | groupby('v') %}{{ v }}:{{ g | map(attribute='n') | join }};{% endfor %}",
    "{% for k, v in d | dictsort %}{{ k }}={{ v }} {% endfor %}{% for k in d %}{{ k }}{% endfor %}",
    "{% set ns = namespace(found=false, list=[]) %}{% for i in items %}{% if i.v == 1 %}{% set ns.found = true %}{% set ns.list = ns.list + [i.n] %}{% endif %}{% endfor %}{{ ns.found }} {{ ns.list }}",
    "{% macro tag(name, attrs={}) -%}\n  <{{ name }}{% for k, v in attrs.items() %} {{ k }}=\"{{ v }}\"{% endfor %}>{{ caller() if caller is defined else '' }}</{{ name }}>\n{%- endmacro %}{{ tag('a', {'b': 1}) }}{% call tag('c') %}in{% endcall %}",
    "{%- for i in range(10) if i % 2 -%}\n  {%- if i == 7 %}{% break %}{% endif -%}\n  {%- if i == 3 %}{% continue %}{% endif -%}\n  {{ i }},\n{%- endfor %}",
    "a\n  {% if true %}\n    b\n  {% endif %}\nc\n\n", "  {#- note -#}  x  {{- 1 -}}  y\n  {%+ if true %}z{% endif +%}\nw", "{% raw %}{{ no }} {% x %}{% endraw %}",
    "{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %d %j %y %b %a %I %p') }}", "{{ raise_exception('stop here') }}", "{{ nope.field }}", "{{ nope }}[{{ nope is defined }}]{{ nope | default('d') }}{{ n | default('e', true) }}",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 1e3 }} {{ 10 / 5 }} {{ 3 * 1.5 }} {{ big * 1000 }}", "{{ pi | round(2) }} {{ pi | int }} {{ '42' | int + 1 }} {{ 'x' | int(9) }} {{ 3 | float }} {{ -3 | abs }}",
    "{{ 'abc'[::-1] }} {{ 'abcdef'[1:-1] }} {{ u[2] }} {{ items[-1].n }} {{ items[:2] | length }} {{ [1, 2, 3][1:] }}", "{{ 'x' in 'axb' }} {{ 'n' in items[0] }} {{ 3 not in [1, 2] }} {{ n is none }} {{ 1 is number }} {{ items is iterable }} {{ d is mapping }} {{ 'a' is string }}",
    "{{ 'yes' if items and not n else 'no' }} {{ 1 < 2 <= 2 }} {{ (1, 'a') == (1, 'a') }} {{ none == n }}", "{{ 'a,b,,c'.split(',') }} {{ 'a b  c'.split() }} {{ 'k: v: w'.split(': ', 1) | last }} {{ 'x\\ny\\n'.splitlines() }}",
    "{{ '%05.2f|%-4s|%x|%+d|% i|%#X|%03d|%.2s|%5r|%e|%g|%%|%6.1f|%-6d|' % (pi, 'ab', 255, 3, 4, 255, -7, u, 'q', pi, pi, pi, 12) }} {{ '%(a)s=%(b)04d' % {'a': u, 'b': 7} }} {{ '{0}-{1}-{a}'.format(1, 'two', a=3) }}", "{{ [3, 1, 2] | sort }} {{ [3, 1, 2] | sort(reverse=true) | first }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [1, 1, 2] | unique | list }} {{ [1, 2, 3] | batch(2) | list }}",
    "{% set x %}\n  block {{ 1 + 1 }}\n{% endset %}[{{ x }}]{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{% filter upper %}shout{% endfilter %}",
    "{{ s.lower().title() }} {{ u.upper() }} {{ 'ab' * 3 }} {{ ['a'] + ['b'] }} {{ 'a' ~ 1 ~ none }} {{ u | capitalize }} {{ 'a-b c' | title }} {{ 'straße ÀÉ ЖУК ωμέγα'.upper() }} {{ 'ÀÉ ЖУК ΩΜΈΓΑ'.lower() }} {{ 'été à paris'.title() }}", "{{ [true, false, none, 1, 1.0, 'q\\'s', \"d\\\"\", {'k': (1, 2)}, []] }}",
    "{{ 'prefix-x'.startswith('prefix') }} {{ 'abc'.find('c') }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'xxhixx'.strip('x') }} {{ ' \\t'.isspace() }} {{ 'É'.isalpha() }} {{ '12'.isdigit() }}",
    "{{ 'line one\nline two' | indent(4) }}|{{ 'a\nb' | indent(2, true) }}", "{% for i in [1, 2, 3] %}{{ loop.cycle('a', 'b') }}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('-') }}{{ loop.revindex }} {% endfor %}",
    "{% for n in items recursive %}{{ n.n }}{% if n.kids %}({{ loop(n.kids) }}){% endif %}{% endfor %}", "{% generation %}said{% endgeneration %}{% if 'a' == \"a\" and (1 or nope.x) %}short{% endif %}",
    "{{ items | map(attribute='t') | map('length') | list }} {{ items | map('tojson') | first }} {{ [0, 1, '', 'a', none] | select | list }} {{ [1, 2, 3, 4] | select('odd') | list }} {{ [1, 2, 3] | reject('gt', 2) | list }}",
    "{% set a, b = 1, 'two' %}{{ a }}{{ b }}{% set c = {'x': a} %}{{ c.x }}{{ c['y'] is defined }}{{ c.get('y', 'z') }}{{ dict(q=1).q }}{{ d.a.b[1] }}", "{{ [].append(1) }}", "{{ 1 / 0 }}", "{% for x in 5 %}{% endfor %}",
]


def write(name, value):
    with open(f"{HERE}/{name}", "w") as f:
        json.dump(value, f, ensure_ascii=False, indent=1)
        f.write("\n")


count = 0
for path in sorted(glob.glob(f"{HERE}/*.jinja")):
    source, cases = open(path).read(), []
    for title, (messages, tools, options) in TALKS.items():
        given = {"messages": messages, "tools": tools, "options": options, "bos_token": "<|go|>", "eos_token": "<|end|>"}
        variables = {"messages": messages, "tools": tools, "bos_token": "<|go|>", "eos_token": "<|end|>", **options}
        cases.append({"case": title, **given, **outcome(source, variables)})
    name = os.path.basename(path)
    write(name[:-6] + ".json", {"template": name, "now": NOW, "cases": cases})
    count += len(cases)
    print(name, sum("error" in c for c in cases), "errors of", len(cases))
write("snippets.json", {"now": NOW, "variables": ITEMS, "cases": [{"source": s, **outcome(s, ITEMS)} for s in SNIPPETS]})
print(count, "renderings,", len(SNIPPETS), "snippets")
for s in SNIPPETS:
    o = outcome(s, ITEMS)
    if "error" in o: print("  error:", s[:60], "->", o["error"])
