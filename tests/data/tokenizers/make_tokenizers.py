#!/usr/bin/env python3
"""Writes the tokenizer cases of this folder: vocabularies trained here on the text below, and what the `tokenizers` package
(PyPI, 0.23) makes of strings.json with them. The tests read the files and need neither.

  BASE.vocab.json    tokenizer.json without normaliser and pre-tokeniser: byte-level BPE, BPE with byte fallback
  KIND.json          base, the parts of tokenizer.json that make the kind, `gguf` (what a GGUF calls the same, where it has a name),
                     ids[i] for string i; plain {i: ids} where added tokens as ordinary text differ; decoded {i: text} where decoding
                     does not give the string back

The patterns are the pre-tokenisers' published definitions; vocabulary, merges and strings are this project's own.
"""
import json, os
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = os.path.dirname(os.path.abspath(__file__))

CORPUS = """
The harbour was quiet and the harbour master was counting boats. They're late, she said; we'll wait, it's what we've always done.
Bread, salt, water and 12 onions: 3.50 for 100 grams. In 2024 the price was 1,250. Numbers 0 1 2 3 4 5 6 7 8 9 10 11 12 123 1234.
def total(items):
    count = 0
    for item in items:
        if item.price > 0 and not item.sold:
            count += item.price * item.number
    return count
function add(left, right) { return left + right; }  // adds
class Boat { public: int length() const { return length_; } private: int length_ = 0; };
배가 항구에 들어온다. 바람이 불고 사람들은 기다린다. 오늘은 물이 맑다. 항구의 사람들이 웃는다.
Die Möwe fliegt über den Hafen, während die Schiffe schlafen. Größe und Straße. L'été, la mer était calme où nous étions. Él comió piñas.
Лодка идёт по реке. Вода тихая, и люди ждут. 船在港口。水很清。人们在等。今天风大。船が港に入る。かもめがとぶ。カモメ
السفينة في الميناء. नाव बंदरगाह में है। पानी साफ है। יש סירה בנמל
"""

STRINGS = [
    "", " ", "\n", "the harbour", " the harbour master", "The HARBOUR Master's boats", "they're late; we'll wait, it's what we've done",
    "IT'S WHAT WE'VE DONE, THEY'RE LATE", "12", "123", "1234", "12345678", "3.50 for 100g, 1,250 in 2024", "x=1+2*3/4-5", "a  b   c    d",
    "  leading and trailing  ", "tabs\tand\n\nnew lines\r\nmixed\r\n\r\n\tend", "def total(items):\n    return sum(i.price for i in items)\n",
    "function add(left, right) { return left + right; }", "camelCaseWord HTTPServer iOS snake_case __init__", "!!! ??? ... --- ===>",
    "배가 항구에 들어온다", "오늘은 100명이 기다린다. 웃는다!", "船在港口。水很清。", "船が港に入る。カモメ", "Die Größe über Straße", "L'été où nous étions",
    "e\u0301te\u0301 A\u030a \u1100\u1161\u11a8", "Лодка идёт по реке", "السفينة في الميناء", "नाव बंदरगाह में है", "יש סירה", "🚢⚓ 👩🏽‍🚀 ❤️",
    "\u200b\u00a0\u3000\ufeff", "½ Ⅳ ١٢٣ १२३", "<|go|>the harbour<|end|>", " <|go|>  the <note> harbour </note><|end|> ", "<|go|><|go|><|en", "<|end|>\n\nthe <|end",
    "a<note>b", "𠀀𝔸ﬁ ǅ", "\x00\x01\x7f", "averyveryverylongwordwithoutanyspaceatallthatgoeson" * 6, "ü" * 70, "1" * 40, "committee committees", "'S 'Ll 'x don't",
]

LLAMA3 = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
         r"""|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
         r"""|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+""")
DEEPSEEK = [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]

ADDED = [AddedToken("<|go|>", special=True, normalized=False), AddedToken("<|end|>", special=True, normalized=False, lstrip=True, rstrip=True),
         AddedToken("<note>", special=False, normalized=False)]


def byte_level(*patterns):
    parts = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
    return pre_tokenizers.Sequence(parts + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def bases():
    corpus = [line + "\n" for line in CORPUS.split("\n")] * 2
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=640, show_progress=False, special_tokens=[],
                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    j = json.loads(t.to_str())
    # A token that no merge makes: only a kind that ignores merges finds it.
    j["model"]["vocab"]["\u0120committee"] = len(j["model"]["vocab"])
    yield "byte-level", Tokenizer.from_str(json.dumps(j))

    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>"] + ["<0x%02X>" % b for b in range(256)]
    t.train_from_iterator([w for line in corpus for w in line.split()], trainers.BpeTrainer(
        vocab_size=640, show_progress=False, special_tokens=special, limit_alphabet=90))
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if a["content"] == "<unk>"]  # bytes are no text of the user's
    yield "byte-fallback", Tokenizer.from_str(json.dumps(j))


# kind: (base, normaliser, pre-tokeniser, ignore_merges, name in GGUF)
KINDS = {
    "gpt2": ("byte-level", None, pre_tokenizers.ByteLevel(add_prefix_space=False), False, "gpt-2"),
    "prefix-space": ("byte-level", None, pre_tokenizers.ByteLevel(add_prefix_space=True), False, None),
    "smollm": ("byte-level", None, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), False, "smollm"),
    "llama3": ("byte-level", None, byte_level(LLAMA3), True, "llama-bpe"),
    "qwen2": ("byte-level", normalizers.NFC(), byte_level(QWEN2), False, "qwen2"),
    "o200k": ("byte-level", None, byte_level(O200K), False, "gpt-4o"),
    "deepseek": ("byte-level", None, byte_level(*DEEPSEEK), False, "deepseek-v3"),
    "llama2": ("byte-fallback", normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, False, None),
    "metaspace-first": ("byte-fallback", None, pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False), False, None),
}


def write(name, value):
    with open(f"{HERE}/{name}", "w") as f:
        f.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('"ids":[', '"ids":[\n').replace("],[", "],\n[") + "\n")


def kind(name, base, normalizer, pre, ignore_merges, gguf):
    t = Tokenizer.from_str(base.to_str())
    t.normalizer, t.pre_tokenizer = normalizer, pre
    j = json.loads(t.to_str())
    if ignore_merges:
        j["model"]["ignore_merges"] = True
    plain = Tokenizer.from_str(json.dumps({**j, "added_tokens": []}))
    full = Tokenizer.from_str(json.dumps(j))
    full.add_tokens(ADDED)
    j = json.loads(full.to_str())
    out = {"base": None, "added_tokens": j["added_tokens"], "normalizer": j["normalizer"], "pre_tokenizer": j["pre_tokenizer"],
           "ignore_merges": ignore_merges, "gguf": gguf, "ids": [], "plain": {}, "decoded": {}}
    for i, text in enumerate(STRINGS):
        ids, other = full.encode(text, add_special_tokens=False).ids, plain.encode(text, add_special_tokens=False).ids
        out["ids"].append(ids)
        if other != ids:
            out["plain"][str(i)] = other
        back = full.decode(ids, skip_special_tokens=False)
        if back != text:
            out["decoded"][str(i)] = back
    return out


made = dict(bases())
for base, t in made.items():
    j = json.loads(t.to_str())
    write(f"{base}.vocab.json", {"added_tokens": j["added_tokens"], "decoder": j["decoder"], "model": j["model"]})
with open(f"{HERE}/strings.json", "w") as f:
    json.dump(STRINGS, f, ensure_ascii=False, indent=0)
    f.write("\n")
for name, (base, *rest) in KINDS.items():
    out = kind(name, made[base], *rest)
    out["base"] = base
    write(f"{name}.json", out)
    print(name, len(out["ids"]), "strings,", len(out["plain"]), "plain,", len(out["decoded"]), "decoded otherwise")
