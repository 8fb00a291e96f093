#!/usr/bin/env python3
"""Writes the tiny models of this folder and what they must compute.

Weights are random, fixed by a seed, and stored in the types named below. The expected logits and greedy ids come from the
forward pass at the end of this file: f64 on the values that the stored bytes mean, written without a look at the C++ code.

  tests/data/engine/make_models.py [NAME…]    rewrites all of them, or those named: llama-mixed, llama-hub, mistral-hub,
                                               qwen2-hub, qwen2-q8, qwen3-hub, qwen3-q8
"""
import json, math, os, random, struct, sys
from operator import mul

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN_STEPS = 8


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def bf16_bits(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def plain(fmt, back):
    def encode(values, rng):
        return b"".join(fmt(v) for v in values), [back(v) for v in values]
    return encode


def f32_back(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bf16_back(x):
    return struct.unpack("<f", struct.pack("<I", bf16_bits(x) << 16))[0]


def nibbles(codes):  # 32 codes: low nibbles are 0..15, high ones 16..31
    return bytes(codes[i] | codes[i + 16] << 4 for i in range(16))


def q4_0(values, rng):
    out, back = b"", []
    for at in range(0, len(values), 32):
        x = values[at:at + 32]
        d = f16(max(map(abs, x)) / 7)
        codes = [max(0, min(15, round(v / d) + 8)) for v in x]
        out += struct.pack("<e", d) + nibbles(codes)
        back += [d * (c - 8) for c in codes]
    return out, back


def q4_1(values, rng):
    out, back = b"", []
    for at in range(0, len(values), 32):
        x = values[at:at + 32]
        m = f16(min(x))
        d = f16((max(x) - min(x)) / 15)
        codes = [max(0, min(15, round((v - m) / d))) for v in x]
        out += struct.pack("<ee", d, m) + nibbles(codes)
        back += [d * c + m for c in codes]
    return out, back


def q8_0(values, rng):
    out, back = b"", []
    for at in range(0, len(values), 32):
        x = values[at:at + 32]
        d = f16(max(map(abs, x)) / 127)
        codes = [max(-127, min(127, round(v / d))) for v in x]
        out += struct.pack("<e32b", d, *codes)
        back += [d * c for c in codes]
    return out, back


def q4_k(values, rng):  # random codes and scales of about the right size; only the meaning of the bytes matters
    out, back = b"", []
    for at in range(0, len(values), 256):
        size = math.sqrt(sum(v * v for v in values[at:at + 256]) / 256)
        scales = [rng.randint(20, 63) for _ in range(8)]
        mins = [rng.randint(20, 63) for _ in range(8)]
        d = f16(size / 4.6 / 40)
        dmin = f16(size * 7.5 / 4.6 / 40)
        packed = bytearray(12)
        for j in range(4):
            packed[j] = scales[j] | (scales[j + 4] >> 4) << 6
            packed[j + 4] = mins[j] | (mins[j + 4] >> 4) << 6
            packed[j + 8] = (scales[j + 4] & 15) | (mins[j + 4] & 15) << 4
        codes = [rng.randint(0, 15) for _ in range(256)]
        qs = bytes(codes[pair * 64 + i] | codes[pair * 64 + 32 + i] << 4 for pair in range(4) for i in range(32))
        out += struct.pack("<ee", d, dmin) + bytes(packed) + qs
        back += [d * scales[i // 32] * codes[i] - dmin * mins[i // 32] for i in range(256)]
    return out, back


def q6_k(values, rng):
    out, back = b"", []
    for at in range(0, len(values), 256):
        size = math.sqrt(sum(v * v for v in values[at:at + 256]) / 256)
        scales = [rng.choice([-1, 1]) * rng.randint(20, 127) for _ in range(16)]
        d = f16(size / 18.5 / 70)
        codes = [rng.randint(0, 63) for _ in range(256)]
        ql, qh = bytearray(128), bytearray(64)
        for i, c in enumerate(codes):
            half, part, column = i // 128, i % 128 // 32, i % 32
            ql[half * 64 + part % 2 * 32 + column] |= (c & 15) << 4 * (part // 2)
            qh[half * 32 + column] |= (c >> 4) << 2 * part
        out += bytes(ql) + bytes(qh) + struct.pack("<16b", *scales) + struct.pack("<e", d)
        back += [d * scales[i // 16] * (codes[i] - 32) for i in range(256)]
    return out, back


# name: (encoder, ggml id, safetensors name)
TYPES = {
    "f32": (plain(lambda v: struct.pack("<f", v), f32_back), 0, "F32"),
    "f16": (plain(lambda v: struct.pack("<e", v), f16), 1, "F16"),
    "bf16": (plain(lambda v: struct.pack("<H", bf16_bits(v)), bf16_back), 30, "BF16"),
    "q4_0": (q4_0, 2, None), "q4_1": (q4_1, 3, None), "q8_0": (q8_0, 8, None), "q4_k": (q4_k, 12, None), "q6_k": (q6_k, 14, None),
}


class Tensors:
    """Stored bytes and the values that they mean, in order."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.stored, self.values = [], {}

    def add(self, name, shape, kind, mean=0.0, deviation=None):
        n = math.prod(shape)
        deviation = 1 / math.sqrt(shape[-1]) if deviation is None else deviation
        data, values = TYPES[kind][0]([self.rng.gauss(mean, deviation) for _ in range(n)], self.rng)
        self.stored.append((name, shape, kind, data))
        cols = shape[-1]
        self.values[name] = [values[i:i + cols] for i in range(0, n, cols)] if len(shape) > 1 else values


def write_gguf(path, keys, tensors):
    def text(s):
        return struct.pack("<Q", len(s.encode())) + s.encode()
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors.stored), len(keys))
    for key, value in keys.items():
        out += text(key)
        if isinstance(value, str):
            out += struct.pack("<I", 8) + text(value)
        elif isinstance(value, float):
            out += struct.pack("<If", 6, value)
        else:
            out += struct.pack("<II", 4, value)
    data = b""
    for name, shape, kind, stored in tensors.stored:
        data += bytes(-len(data) % 32)
        out += text(name) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *reversed(shape))
        out += struct.pack("<IQ", TYPES[kind][1], len(data))
        data += stored
    with open(path, "wb") as f:
        f.write(out + bytes(-len(out) % 32) + data)


def write_safetensors(path, stored):
    header, data = {}, b""
    for name, shape, kind, raw in stored:
        header[name] = {"dtype": TYPES[kind][2], "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


# ---- the forward pass ----

def matvec(rows, x):
    return [sum(map(mul, row, x)) for row in rows]


def rms(x, weight, eps):
    factor = 1 / math.sqrt(sum(map(mul, x, x)) / len(x) + eps)
    return [v * factor * w for v, w in zip(x, weight)]


class Llama:
    """m: sizes, `names` (role -> tensor name with {} for the layer), `frequencies`, `interleaved`, `window`.

    A model whose names have q_bias adds biases to q, k and v; one with q_norm has every head of q and k normed before rope."""

    def __init__(self, m, values):
        self.m, self.t = m, values
        self.keys = [[] for _ in range(m["layers"])]
        self.vals = [[] for _ in range(m["layers"])]

    def weight(self, role, layer=None):
        return self.t[self.m["names"][role].format(layer)]

    def rope(self, x, position):
        dim, out = self.m["head_dim"], list(x)
        for start in range(0, len(x), dim):
            for i, frequency in enumerate(self.m["frequencies"]):
                a, b = (2 * i, 2 * i + 1) if self.m["interleaved"] else (i, i + dim // 2)
                c, s = math.cos(position * frequency), math.sin(position * frequency)
                out[start + a] = x[start + a] * c - x[start + b] * s
                out[start + b] = x[start + b] * c + x[start + a] * s
        return out

    def linear(self, role, layer, x):
        out = matvec(self.weight(role, layer), x)
        return [a + b for a, b in zip(out, self.weight(role + "_bias", layer))] if role + "_bias" in self.m["names"] else out

    def normed(self, role, layer, x):
        if role not in self.m["names"]:
            return x
        dim, weight = self.m["head_dim"], self.weight(role, layer)
        return [v for at in range(0, len(x), dim) for v in rms(x[at:at + dim], weight, self.m["eps"])]

    def attention(self, layer, x):
        m, dim = self.m, self.m["head_dim"]
        keys, vals = self.keys[layer], self.vals[layer]
        position = len(keys)
        q = self.rope(self.normed("q_norm", layer, self.linear("q", layer, x)), position)
        keys.append(self.rope(self.normed("k_norm", layer, self.linear("k", layer, x)), position))
        vals.append(self.linear("v", layer, x))
        first = max(0, position + 1 - m["window"]) if m["window"] else 0
        out = []
        for head in range(m["heads"]):
            at = head // (m["heads"] // m["kv_heads"]) * dim
            query = q[head * dim:(head + 1) * dim]
            scores = [sum(map(mul, query, k[at:at + dim])) / math.sqrt(dim) for k in keys[first:]]
            top = max(scores)
            weights = [math.exp(s - top) for s in scores]
            total = sum(weights)
            for i in range(dim):
                out.append(sum(w * v[at + i] for w, v in zip(weights, vals[first:])) / total)
        return matvec(self.weight("o", layer), out)

    def step(self, token):
        m = self.m
        x = list(self.weight("embed")[token])
        for layer in range(m["layers"]):
            y = self.attention(layer, rms(x, self.weight("attn_norm", layer), m["eps"]))
            x = [a + b for a, b in zip(x, y)]
            h = rms(x, self.weight("ffn_norm", layer), m["eps"])
            gate, up = matvec(self.weight("gate", layer), h), matvec(self.weight("up", layer), h)
            y = matvec(self.weight("down", layer), [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)])
            x = [a + b for a, b in zip(x, y)]
        return matvec(self.weight("head"), rms(x, self.weight("final_norm"), m["eps"]))


def golden(path, m, values, seed, lengths):
    rng, prompts, gap = random.Random(seed), [], math.inf
    for length in lengths:
        ids = [rng.randrange(m["vocab"]) for _ in range(length)]
        model = Llama(m, values)
        logits = [model.step(i) for i in ids]
        rows = sorted({0, length // 2, length - 1})
        greedy, last = [], logits[-1]
        for step in range(GOLDEN_STEPS):
            best = sorted(last, reverse=True)
            gap = min(gap, best[0] - best[1])
            greedy.append(last.index(best[0]))
            if step + 1 < GOLDEN_STEPS:
                last = model.step(greedy[-1])
        prompts.append({"ids": ids, "rows": rows, "logits": [[round(v, 6) for v in logits[r]] for r in rows], "greedy": greedy})
    assert gap > 2e-3, f"{path}: two best logits differ by {gap}; take another seed"
    write_json(path, {"greedy_min_gap": round(gap, 6), "prompts": prompts})


# ---- the models ----

def inverse_frequencies(base, dim):
    return [base ** (-2 * i / dim) for i in range(dim // 2)]


def llama3_scaled(frequencies, factor, low, high, original):
    out = []
    for f in frequencies:
        wavelength = 2 * math.pi / f
        smooth = min(1, max(0, (original / wavelength - low) / (high - low)))
        out.append((1 - smooth) * f / factor + smooth * f)
    return out


def sizes(layers, width, inner, heads, kv_heads, head_dim, vocab, eps):
    return {"layers": layers, "width": width, "inner": inner, "heads": heads, "kv_heads": kv_heads, "head_dim": head_dim,
            "vocab": vocab, "eps": eps, "window": 0, "interleaved": False}


def add_layers(t, m, names, kinds):
    shapes = {"q": [m["heads"] * m["head_dim"], m["width"]], "k": [m["kv_heads"] * m["head_dim"], m["width"]],
              "v": [m["kv_heads"] * m["head_dim"], m["width"]], "o": [m["width"], m["heads"] * m["head_dim"]],
              "gate": [m["inner"], m["width"]], "up": [m["inner"], m["width"]], "down": [m["width"], m["inner"]]}
    t.add(names["embed"], [m["vocab"], m["width"]], kinds["embed"], deviation=1.0)
    for layer in range(m["layers"]):
        for role in ("attn_norm", "ffn_norm"):
            t.add(names[role].format(layer), [m["width"]], kinds["norm"], 1.0, 0.1)
        for role, shape in shapes.items():
            t.add(names[role].format(layer), shape, kinds[role])
            if role + "_bias" in names:
                t.add(names[role + "_bias"].format(layer), shape[:1], kinds["norm"], deviation=0.5)
        for role in ("q_norm", "k_norm"):
            if role in names:
                t.add(names[role].format(layer), [m["head_dim"]], kinds["norm"], 1.0, 0.2)
    t.add(names["final_norm"], [m["width"]], kinds["norm"], 1.0, 0.1)
    if names["head"] != names["embed"]:
        t.add(names["head"], [m["vocab"], m["width"]], kinds["head"], deviation=3 / math.sqrt(m["width"]))


GGUF_NAMES = {"embed": "token_embd.weight", "attn_norm": "blk.{}.attn_norm.weight", "ffn_norm": "blk.{}.ffn_norm.weight",
              "q": "blk.{}.attn_q.weight", "k": "blk.{}.attn_k.weight", "v": "blk.{}.attn_v.weight", "o": "blk.{}.attn_output.weight",
              "gate": "blk.{}.ffn_gate.weight", "up": "blk.{}.ffn_up.weight", "down": "blk.{}.ffn_down.weight",
              "final_norm": "output_norm.weight", "head": "output.weight"}
HUB_NAMES = {"embed": "model.embed_tokens.weight", "attn_norm": "model.layers.{}.input_layernorm.weight",
             "ffn_norm": "model.layers.{}.post_attention_layernorm.weight", "q": "model.layers.{}.self_attn.q_proj.weight",
             "k": "model.layers.{}.self_attn.k_proj.weight", "v": "model.layers.{}.self_attn.v_proj.weight",
             "o": "model.layers.{}.self_attn.o_proj.weight", "gate": "model.layers.{}.mlp.gate_proj.weight",
             "up": "model.layers.{}.mlp.up_proj.weight", "down": "model.layers.{}.mlp.down_proj.weight",
             "final_norm": "model.norm.weight", "head": "lm_head.weight"}


def llama_mixed():
    """A GGUF with a type a role: every type that must load."""
    m = sizes(2, 256, 256, 4, 2, 64, 96, 1e-5)
    m["interleaved"] = True  # GGUF stores q and k for pairs of neighbours
    m["names"] = GGUF_NAMES
    t = Tensors(20)
    add_layers(t, m, GGUF_NAMES, {"embed": "q8_0", "norm": "f32", "q": "q4_k", "k": "q4_1", "v": "q6_k", "o": "q4_0", "gate": "q8_0",
                                  "up": "q4_0", "down": "q6_k", "head": "bf16"})
    factors = [1.0 if i < 16 else 4.0 for i in range(32)]
    t.stored.append(("rope_freqs.weight", [32], "f32", struct.pack("<32f", *factors)))
    m["frequencies"] = [f / s for f, s in zip(inverse_frequencies(10000.0, 64), factors)]
    write_gguf(f"{HERE}/llama-mixed.gguf", {
        "general.architecture": "llama", "general.name": "llama-mixed (random weights)", "llama.block_count": 2,
        "llama.embedding_length": 256, "llama.feed_forward_length": 256, "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2, "llama.context_length": 512, "llama.rope.dimension_count": 64,
        "llama.rope.freq_base": 10000.0, "llama.attention.layer_norm_rms_epsilon": 1e-5}, t)
    golden(f"{HERE}/llama-mixed.json", m, t.values, 21, [1, 7, 70])


def hub(name, config, m, t, shards):
    folder = f"{HERE}/{name}"
    os.makedirs(folder, exist_ok=True)
    write_json(f"{folder}/config.json", config)
    if shards == 1:
        write_safetensors(f"{folder}/model.safetensors", t.stored)
    else:
        cut, index = len(t.stored) // 2, {}
        for i, part in enumerate((t.stored[:cut], t.stored[cut:]), 1):
            file = f"model-0000{i}-of-00002.safetensors"
            write_safetensors(f"{folder}/{file}", part)
            index.update({entry[0]: file for entry in part})
        write_json(f"{folder}/model.safetensors.index.json", {"metadata": {}, "weight_map": index})
    golden(f"{folder}/golden.json", m, t.values, len(name), [1, 7, 70])


def config_of(m, model_type, **more):
    return {"model_type": model_type, "hidden_size": m["width"], "intermediate_size": m["inner"], "num_hidden_layers": m["layers"],
            "num_attention_heads": m["heads"], "num_key_value_heads": m["kv_heads"], "head_dim": m["head_dim"],
            "vocab_size": m["vocab"], "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": m["eps"], **more}


def llama_hub():
    """Tied embeddings, llama3 rope, f16, one file."""
    m = sizes(2, 48, 80, 3, 1, 32, 96, 1e-5)
    m["names"] = {**HUB_NAMES, "head": HUB_NAMES["embed"]}
    m["frequencies"] = llama3_scaled(inverse_frequencies(10000.0, 32), 8.0, 1.0, 4.0, 64)
    t = Tensors(30)
    kinds = dict.fromkeys(["embed", "norm", "q", "k", "v", "o", "gate", "up", "down"], "f16")
    add_layers(t, m, m["names"], kinds)
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
    hub("llama-hub", config_of(m, "llama", tie_word_embeddings=True, rope_theta=10000.0, rope_scaling=scaling), m, t, 1)


def mistral_hub():
    """A sliding window, heads that are not width / heads, bf16, two shards."""
    m = sizes(2, 40, 64, 4, 2, 16, 96, 1e-6)
    m["names"] = HUB_NAMES
    m["window"] = 8
    m["frequencies"] = inverse_frequencies(10000.0, 16)
    t = Tensors(40)
    kinds = dict.fromkeys(ROLES, "bf16")
    add_layers(t, m, HUB_NAMES, kinds)
    hub("mistral-hub", config_of(m, "mistral", sliding_window=8, rope_theta=10000.0, tie_word_embeddings=False), m, t, 2)


ROLES = ["embed", "norm", "q", "k", "v", "o", "gate", "up", "down", "head"]


def with_extras(names, gguf, family):
    """qwen2: biases of q, k and v; qwen3: norms of q's and k's heads."""
    layer = "blk.{}.attn_" if gguf else "model.layers.{}.self_attn."
    if family == "qwen3":
        return {**names, **{r + "_norm": f"{layer}{r}_norm.weight" for r in "qk"}}
    return {**names, **{r + "_bias": f"{layer}{r}.bias" if gguf else f"{layer}{r}_proj.bias" for r in "qkv"}}


def qwen_hub(family, kind, tied, head_dim, seed):
    m = sizes(2, 48, 80, 3, 1, head_dim, 96, 1e-6)
    m["names"] = with_extras({**HUB_NAMES, "head": HUB_NAMES["embed"]} if tied else HUB_NAMES, False, family)
    m["frequencies"] = inverse_frequencies(1000000.0, head_dim)
    t = Tensors(seed)
    add_layers(t, m, m["names"], dict.fromkeys(ROLES, kind))
    more = {"attention_bias": False} if family == "qwen3" else {"use_sliding_window": False, "sliding_window": 16}
    hub(f"{family}-hub", config_of(m, family, tie_word_embeddings=tied, rope_theta=1000000.0, **more), m, t, 1)


def qwen_q8(family, head_dim, seed):
    """GGUF keeps the half-split rope of the checkpoints; no head: the embedding table is it."""
    m = sizes(2, 64, 96, 4, 2, head_dim, 96, 1e-6)
    m["names"] = with_extras({**GGUF_NAMES, "head": GGUF_NAMES["embed"]}, True, family)
    m["frequencies"] = inverse_frequencies(1000000.0, head_dim)
    t = Tensors(seed)
    add_layers(t, m, m["names"], {**dict.fromkeys(ROLES, "q8_0"), "norm": "f32"})
    write_gguf(f"{HERE}/{family}-q8.gguf", {
        "general.architecture": family, "general.name": f"{family}-q8 (random weights)", f"{family}.block_count": 2,
        f"{family}.embedding_length": 64, f"{family}.feed_forward_length": 96, f"{family}.attention.head_count": 4,
        f"{family}.attention.head_count_kv": 2, f"{family}.attention.key_length": head_dim, f"{family}.attention.value_length": head_dim,
        f"{family}.context_length": 512, f"{family}.rope.freq_base": 1000000.0, f"{family}.attention.layer_norm_rms_epsilon": 1e-6}, t)
    golden(f"{HERE}/{family}-q8.json", m, t.values, seed + 1, [1, 7, 70])


MODELS = {
    "llama-mixed": llama_mixed, "llama-hub": llama_hub, "mistral-hub": mistral_hub,
    "qwen2-hub": lambda: qwen_hub("qwen2", "bf16", True, 16, 50), "qwen2-q8": lambda: qwen_q8("qwen2", 16, 60),
    "qwen3-hub": lambda: qwen_hub("qwen3", "f16", False, 32, 70), "qwen3-q8": lambda: qwen_q8("qwen3", 32, 80),
}
for name in sys.argv[1:] or MODELS:
    MODELS[name]()
