#!/usr/bin/env python3
"""Writes replies.jsonl, the tools first: for every format of `wright parse`, completions as models of that family write them, and what each says.

By construction: a case is drawn first (reasoning, text, calls), then written down by the format's published conventions below, so
the expected value never comes from a parser. `tail` is the prompt's end (absent: not known to the parser).
"""
import json, os, random

HERE = os.path.dirname(os.path.abspath(__file__))
R = random.Random(314)
CASES_A_FORMAT = 32

TOOLS = {
    "get_weather": {"city": "string", "days": "integer", "exact": "boolean"},
    "write_file": {"path": "string", "content": "string"},
    "search": {"query": "string", "limit": "integer", "ratio": "number", "tags": "array", "filter": "object"},
    "clock": {},
}
WORDS = "anchor breeze compass deck ensign flag galley hull jetty keel lantern mast north oar pier quay rope sail tide wharf".split()
STRINGS = ["Oslo", "São Paulo", "서울", "12", "true", "null", "3.5", "it's \"quoted\"", "a {b} [c], d: e; f", "tab\there", "<b>bold</b> & more", "🚢 at sea", "back\\slash \\n",
           "x = {'k': [1, 2]}", "100%"]
FILES = ["print('hi')\n", "line one\nline two\n\n    indented\n", "{\n  \"a\": [1, 2, {\"b\": null}]\n}", "<html>\n<!-- note -->\n</html>", "if (a < b && c > d) {\n  x();\n}\n", ""]


def words(least, most):
    return " ".join(R.choice(WORDS) for _ in range(R.randint(least, most)))


def text():
    return R.choice([words(2, 9) + ".", words(1, 4) + ":\n\n- " + words(1, 3) + "\n- " + words(1, 3), "a < b, c > d {" + words(1, 3) + "} [1]", "안녕 " + words(2, 5) + " 🙂", "`code` " + words(3, 6)])


def value(name, kind):
    if kind == "string":
        return R.choice(FILES) if name == "content" else R.choice(["src/main.py", "a b.txt", "docs/ü.md"]) if name == "path" else R.choice(STRINGS)
    return {"integer": R.choice([0, 3, -7, 1000000]), "number": R.choice([0.5, -1.25, 3]), "boolean": R.random() < .5,
            "array": R.choice([[], ["x", "y z"], [1, 2, 3]]), "object": R.choice([{}, {"k": "v"}, {"n": {"m": [1, None, True]}}])}[kind]


def call():
    name = R.choice(list(TOOLS))
    chosen = {k: v for k, v in TOOLS[name].items() if R.random() < .75}
    return {"name": name, "arguments": {k: value(k, v) for k, v in chosen.items()}}


def js(v, loose=False):
    return json.dumps(v, ensure_ascii=False, separators=R.choice([(",", ":"), (", ", ": ")]) if loose else (", ", ": "))


def raw(v):  # strings as they are, everything else as JSON
    return v if isinstance(v, str) else js(v)


# ---- the formats: written(reasoning, text, calls) -> completion ----

def think(reasoning):
    return f"<think>\n{reasoning}\n</think>\n\n" if reasoning else ""


def hermes(reasoning, text, calls):
    blocks = "\n".join("<tool_call>\n%s\n</tool_call>" % js(c, True) for c in calls)
    return think(reasoning) + text + ("\n" if text and calls else "") + blocks + R.choice(["", "<|im_end|>"])


def qwen_xml(reasoning, text, calls):
    out = think(reasoning) + text
    for c in calls:
        out += "\n<tool_call>\n<function=%s>\n" % c["name"]
        out += "".join("<parameter=%s>\n%s\n</parameter>\n" % (k, raw(v)) for k, v in c["arguments"].items())
        out += "</function>\n</tool_call>"
    return out + R.choice(["", "<|im_end|>"])


def deepseek(one):
    def written(reasoning, text, calls):
        out = think(reasoning) + text
        if calls:
            out += "<｜tool▁calls▁begin｜>" + "\n".join("<｜tool▁call▁begin｜>" + one(c) + "<｜tool▁call▁end｜>" for c in calls) + "<｜tool▁calls▁end｜>"
        return out + R.choice(["", "<｜end▁of▁sentence｜>"])
    return written


def dsml(reasoning, text, calls):
    out = think(reasoning) + text
    if calls:
        out += "\n\n<｜DSML｜function_calls>\n"
        for c in calls:
            out += '<｜DSML｜invoke name="%s">\n' % c["name"]
            out += "".join('<｜DSML｜parameter name="%s" string="%s">%s</｜DSML｜parameter>\n' % (k, "true" if isinstance(v, str) else "false", raw(v)) for k, v in c["arguments"].items())
            out += "</｜DSML｜invoke>\n"
        out += "</｜DSML｜function_calls>"
    return out + R.choice(["", "<｜end▁of▁sentence｜>"])


def llama3(reasoning, text, calls):
    if not calls:
        return text + R.choice(["", "<|eot_id|>"])
    return R.choice(["", "<|python_tag|>"]) + js({"name": calls[0]["name"], "parameters": calls[0]["arguments"]}, True) + R.choice(["", "<|eom_id|>", "<|eot_id|>"])


def mistral3(reasoning, text, calls):
    return text + ("[TOOL_CALLS]" + R.choice(["", " "]) + js([{**c, "id": "%09d" % R.randrange(10**9)} for c in calls], True) if calls else "") + R.choice(["", "</s>"])


def mistral11(reasoning, text, calls):
    out = f"[THINK]{reasoning}[/THINK]" if reasoning else ""
    out += text + "".join("[TOOL_CALLS]%s%s[ARGS]%s" % (c["name"], R.choice(["", "[CALL_ID]%09d" % R.randrange(10**9)]), js(c["arguments"], True)) for c in calls)
    return out + R.choice(["", "</s>"])


def glm(reasoning, text, calls):
    out = think(reasoning) + text
    for c in calls:
        pairs = "".join("<arg_key>%s</arg_key>\n<arg_value>%s</arg_value>\n" % (k, raw(v)) for k, v in c["arguments"].items())
        out += "\n<tool_call>%s\n%s</tool_call>" % (c["name"], pairs)
    return out + R.choice(["", "<|user|>", "<|observation|>"])


def minimax(reasoning, text, calls):
    out = think(reasoning) + text
    if calls:
        out += "\n<minimax:tool_call>\n"
        for c in calls:
            out += '<invoke name="%s">\n' % c["name"] + "".join('<parameter name="%s">%s</parameter>\n' % (k, raw(v)) for k, v in c["arguments"].items()) + "</invoke>\n"
        out += "</minimax:tool_call>"
    return out + R.choice(["", "[e~["])


def gemma_value(v):
    if isinstance(v, str): return '<|"|>' + v + '<|"|>'
    if isinstance(v, dict): return "{" + ",".join(k + ":" + gemma_value(x) for k, x in v.items()) + "}"
    if isinstance(v, list): return "[" + ",".join(map(gemma_value, v)) + "]"
    return json.dumps(v)


def gemma(reasoning, text, calls):
    out = f"<|channel>thought\n{reasoning}\n<channel|>" if reasoning else ""
    return out + text + "".join("<|tool_call>call:%s%s<tool_call|>" % (c["name"], gemma_value(c["arguments"])) for c in calls) + R.choice(["", "<turn|>"])


def harmony(reasoning, text, calls):
    parts = [f"<|channel|>analysis<|message|>{reasoning}<|end|>"] if reasoning else []
    if text: parts.append("<|channel|>%s<|message|>%s%s" % ("commentary" if calls else "final", text, "<|end|>" if calls else "<|return|>"))
    for c in calls[:1]:
        parts.append("<|channel|>commentary to=functions.%s %s<|message|>%s<|call|>" % (c["name"], "<|constrain|>json", js(c["arguments"], True)))
    return "<|start|>assistant".join(parts)


FORMATS = {  # writer, whether it has reasoning, most calls, text beside calls
    "hermes-json": (hermes, True, 3, True), "qwen3-coder-xml": (qwen_xml, True, 3, True),
    "deepseek-r1": (deepseek(lambda c: "function<｜tool▁sep｜>%s\n```json\n%s\n```" % (c["name"], js(c["arguments"]))), True, 3, True),
    "deepseek-v3.1": (deepseek(lambda c: "%s<｜tool▁sep｜>%s" % (c["name"], js(c["arguments"]))), True, 3, True),
    "deepseek-v3.2": (dsml, True, 3, True), "llama3-json": (llama3, False, 1, False), "mistral-v3": (mistral3, False, 3, True),
    "mistral-v11": (mistral11, True, 3, True), "glm4": (glm, True, 3, True), "minimax-m2": (minimax, True, 3, True),
    "gemma4": (gemma, True, 3, True), "harmony": (harmony, True, 1, True),
}
OPEN = {"mistral-v11": "[THINK]", "gemma4": "<|channel>thought\n", "harmony": "", "llama3-json": "", "mistral-v3": ""}  # otherwise <think>\n


def cases(name):
    writer, thinks, most, both = FORMATS[name]
    for i in range(CASES_A_FORMAT):
        reasoning = (words(3, 20) + R.choice(["", "\n\n" + words(2, 6) + "?"])) if thinks and i % 2 else ""
        calls = [call() for _ in range(R.randint(1, most))] if i % 4 >= 2 else []
        said = text() if not calls or (both and R.random() < .6) else ""
        completion = writer(reasoning, said, calls)
        case = {"text": completion, "expected": {"text": said, "reasoning": reasoning, "calls": calls}}
        opening = OPEN.get(name, "<think>\n")
        if reasoning and opening and i % 3 == 0:  # the prompt opened the reasoning
            case["text"], case["tail"] = completion[len(opening):], "assistant\n" + opening
        elif i % 3 == 1 or (not reasoning and opening):
            case["tail"] = "assistant\n"
        yield case


tools = [{"name": n, "parameters": {"type": "object", "properties": {k: {"type": t} for k, t in p.items()}}} for n, p in TOOLS.items()]
with open(f"{HERE}/replies.jsonl", "w") as f:
    for line in [{"tools": tools}] + [{"format": name, **c} for name in FORMATS for c in cases(name)]:
        f.write(json.dumps(line, ensure_ascii=False) + "\n")
