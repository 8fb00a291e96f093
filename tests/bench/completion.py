#!/usr/bin/env python3
"""How often a line completion is right, by how sure the model was: the thresholds of daemon/api/line_completion.h come from here.

  tests/bench/completion.py --save /tmp/completion.jsonl            asks the model (slow; goes on where it stopped), then prints
  tests/bench/completion.py --load /tmp/completion.jsonl            prints them again
  tests/bench/completion.py --load /tmp/completion.jsonl --check 40 also asks `wright lsp` at 40 of the places and compares

Source files of this machine (Python's standard library, Node's packages, C headers; none is committed) are cut at random places inside
lines, as if what follows in the line were not typed yet. `/v1/completions` of a daemon of our own gives what the model would write, with
each token's probability; what complete_line() would show of it at a pair of thresholds is computed here, in the same words. A completion is right
when it is exactly how the line goes on. Files are dealt to two halves by a hash of their path.

Rule: of all threshold pairs under which at least TARGET of what is shown is right in the first half, with at least LEAST shown, the one that
shows most; the second half judges it.
"""
import argparse, glob, hashlib, json, os, pathlib, random, subprocess, sys, sysconfig, tempfile, time, urllib.request

TARGET, LEAST = 0.80, 12
SHORTEST, TOKENS, PROMPT_BYTES = 3, 24, 8192  # as in line_completion.{h,cpp}
MODEL = "SmolLM2-135M-Instruct-Q4_1"
GRID_TOKEN = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
GRID_MEAN = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98]
ROOTS = {
    "python": [sysconfig.get_paths()["stdlib"] + "/*.py", sysconfig.get_paths()["stdlib"] + "/*/*.py"],
    "javascript": ["/usr/lib/node_modules/**/*.js", "/usr/share/nodejs/**/*.js"],
    "c": ["/usr/include/*.h", "/usr/include/*/*.h"],
}


def binary():
    path = os.environ.get("WRIGHT") or str(pathlib.Path(__file__).resolve().parents[2] / "build/release/wright")
    return path if os.access(path, os.X_OK) else sys.exit(f"completion.py: no {path}; run scripts/build release")


def places(files_a_language, cuts_a_file, most_bytes, seed):
    """(language, path, text, [offset…]): offsets inside lines, at least SHORTEST characters before their ends."""
    rng = random.Random(seed)
    for language, patterns in ROOTS.items():
        paths = sorted({p for pattern in patterns for p in glob.glob(pattern, recursive=True) if "/test" not in p and ".min." not in p})
        rng.shuffle(paths)
        taken = 0
        for path in paths:
            try:
                text = open(path, newline="").read()
            except (OSError, UnicodeDecodeError):
                continue
            if len(text) < 1500 or not text.isascii() or "\r" in text or max(map(len, text.splitlines())) > 300:
                continue
            offsets, at = [], 0
            for line in text[:most_bytes].splitlines(keepends=True):
                body = line.rstrip()
                first = len(body) - len(body.lstrip())
                if at > 300 and len(body) - first >= 8:
                    offsets.append(at + rng.randrange(first + 1, len(body) - SHORTEST + 1))
                at += len(line)
            if len(offsets) >= cuts_a_file:
                yield language, path, text, sorted(rng.sample(offsets, cuts_a_file))
                taken += 1
            if taken == files_a_language:
                break


class Daemon:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="wr-")
        home = pathlib.Path(self.folder.name)
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        (home / "cache/models").mkdir(parents=True)
        (home / f"cache/models/{MODEL}.gguf").symlink_to(f"{cache}/wright/models/{MODEL}.gguf")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("WRIGHT_")} | {"WRIGHT_HOME": str(home)}
        self.process = subprocess.Popen([binary(), "daemon", "--allow-root", "--http"], env=self.environment)
        for _ in range(600):
            status = subprocess.run([binary(), "status", "--json"], env=self.environment, capture_output=True, text=True).stdout
            self.url = json.loads(status or "{}").get("http")
            if self.url:
                break
            time.sleep(0.1)
        self.token = (home / "state/http-token").read_text().strip()

    def complete(self, ids):
        body = json.dumps({"model": MODEL, "prompt": ids, "max_tokens": TOKENS, "temperature": 0, "logprobs": 0}).encode()
        request = urllib.request.Request(self.url + "/v1/completions", body, {"Content-Type": "application/json", "Authorization": "Bearer " + self.token})
        return json.load(urllib.request.urlopen(request, timeout=600))["choices"][0]["logprobs"]

    def tokens(self, text, decode=False):
        arguments = [binary(), "tokenize", MODEL] + (["--decode"] if decode else ["--plain"])
        return subprocess.run(arguments, input=json.dumps(text) if decode else text, env=self.environment, capture_output=True, text=True, check=True).stdout

    def stop(self):
        subprocess.run([binary(), "stop"], env=self.environment, capture_output=True)
        self.process.wait(timeout=20)
        self.folder.cleanup()


def prompt_of(before):
    if len(before) <= 2 * PROMPT_BYTES:
        return before
    cut = (len(before) // PROMPT_BYTES - 1) * PROMPT_BYTES
    line = before.find("\n", cut)
    return before[cut if line < 0 else line + 1:]


def ask(args):
    daemon = Daemon()
    try:
        held = {(r["path"], r["offset"]) for r in map(json.loads, open(args.save))} if os.path.exists(args.save) else set()
        with open(args.save, "a") as out:
            for language, path, text, offsets in places(args.files, args.cuts, args.bytes, args.seed):
                for offset in offsets:
                    if (path, offset) in held:
                        continue
                    ids = json.loads(daemon.tokens(prompt_of(text[:offset])))
                    typed = daemon.tokens([ids[-1]], decode=True)
                    answer, whole = daemon.complete(ids[:-1]), daemon.complete(ids)
                    out.write(json.dumps({"language": language, "path": path, "offset": offset, "typed": typed, "truth": text[offset:].split("\n", 1)[0].rstrip(),
                                          "tokens": answer["tokens"], "logprobs": answer["token_logprobs"],
                                          "whole_tokens": whole["tokens"], "whole_logprobs": whole["token_logprobs"]}) + "\n")
                    out.flush()
    finally:
        daemon.stop()


def shown(row, token, mean, shortest=SHORTEST):
    """complete_line()'s answer; the names are its own."""
    typed, text, total, count, end, shown_to = row["typed"], "".join(row["tokens"]), 0.0, 0, 0, len(row["typed"])
    if not text.startswith(typed):
        return ""
    line_end = text.find("\n", len(typed))
    line_end = len(text) if line_end < 0 else line_end
    for piece, logprob in zip(row["tokens"], row["logprobs"]):
        end += len(piece)
        if end <= len(typed):
            continue
        probability = 2.718281828459045 ** logprob
        if probability < token:
            break
        total, count, shown_to = total + probability, count + 1, min(end, line_end)
        if end >= line_end:
            break
    out = text[len(typed):shown_to].rstrip(" \t")
    return out if len(out) >= shortest and count and total / count >= mean else ""


def judge(rows, token, mean):
    texts = [(shown(r, token, mean), r["truth"]) for r in rows]
    offered = [(t, truth) for t, truth in texts if t]
    right = sum(truth.startswith(t) for t, truth in offered)
    same = sum(len(os.path.commonprefix([t, truth])) for t, truth in offered)
    characters = sum(len(t) for t, _ in offered)
    return {"shown": len(offered), "coverage": len(offered) / max(1, len(rows)), "right": right / max(1, len(offered)), "characters_right": same / max(1, characters),
            "length": characters / max(1, len(offered)), "saved": sum(len(t) for t, truth in offered if truth.startswith(t)) / max(1, sum(len(truth) for _, truth in texts))}


def line(name, j):
    print(f"| {name} | {j['shown']} | {100 * j['coverage']:.1f} % | {100 * j['right']:.0f} % | {100 * j['characters_right']:.0f} % | {j['length']:.1f} | {100 * j['saved']:.1f} % |")


def tables(rows):
    halves = [[r for r in rows if hashlib.sha256(r["path"].encode()).digest()[0] % 2 == h] for h in (0, 1)]
    print(f"{len(rows)} places in {len({r['path'] for r in rows})} files; halves of {len(halves[0])} and {len(halves[1])}\n")
    head = "| token, mean | shown | of all places | exactly right | characters right | characters each | typing saved |\n| --- | --- | --- | --- | --- | --- | --- |"
    print("First half (thresholds are chosen here), best mean for each token threshold and the plain grid diagonal:\n" + head)
    best = None
    for token in GRID_TOKEN:
        fits = [(judge(halves[0], token, mean), mean) for mean in GRID_MEAN if mean >= token]
        good = [(j["shown"], j["saved"], mean, j) for j, mean in fits if j["right"] >= TARGET and j["shown"] >= LEAST]
        line(f"{token}, {fits[0][1]}", fits[0][0])
        if good:
            top = max(good, key=lambda g: (g[0], g[1], -g[2]))
            line(f"{token}, {top[2]} (best)", top[3])
            if best is None or (top[0], top[1]) > best[:2]:
                best = (top[0], top[1], token, top[2])
    if best is None:
        print(f"\nno pair reaches {TARGET:.0%} with {LEAST} shown")
        return None
    token, mean = best[2:]
    print(f"\nChosen: token {token}, mean {mean}. Second half (held out):\n" + head)
    line(f"{token}, {mean}", judge(halves[1], token, mean))
    for language in ROOTS:
        line(language, judge([r for r in halves[1] if r["language"] == language], token, mean))
    line("the values before, 0.4, 0.75", judge(halves[1], 0.4, 0.75))
    return token, mean


class Editor:
    """The least of an LSP client: initialize, didOpen, inlineCompletion."""

    def __init__(self, environment, folder):
        self.process, self.id = subprocess.Popen([binary(), "lsp"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE), 0
        self.request("initialize", {"processId": None, "rootUri": pathlib.Path(folder).as_uri(), "capabilities": {
            "general": {"positionEncodings": ["utf-8"]}, "textDocument": {"inlineCompletion": {}}}})
        self.send({"method": "initialized", "params": {}})

    def send(self, message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def request(self, method, params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        while True:
            length = 0
            for header in iter(self.process.stdout.readline, b"\r\n"):
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            message = json.loads(self.process.stdout.read(length))
            if message.get("id") == self.id and "method" not in message:
                return message.get("result", message.get("error"))
            if "id" in message and "method" in message:
                self.send({"id": message["id"], "result": None})


def check(rows, count, token, mean):
    """Whether the program shows what was computed: `count` places, half of them where something is shown."""
    daemon, different = Daemon(), 0
    rows = sorted(rows, key=lambda r: (not shown(r, token, mean), r["path"], r["offset"]))
    some = rows[:count // 2] + random.Random(5).sample(rows[count // 2:], count - count // 2)
    with tempfile.TemporaryDirectory() as folder:
        editor = Editor(daemon.environment, folder)
        for i, r in enumerate(some):
            text = open(r["path"]).read()
            before, after = text[:r["offset"]], text[r["offset"] + len(text[r["offset"]:].split("\n", 1)[0]):]
            uri = pathlib.Path(folder, f"{i}{pathlib.Path(r['path']).suffix}").as_uri()
            editor.send({"method": "textDocument/didOpen", "params": {"textDocument": {"uri": uri, "languageId": r["language"], "version": 1, "text": before + after}}})
            answer = editor.request("textDocument/inlineCompletion", {"textDocument": {"uri": uri}, "context": {"triggerKind": 2}, "position": {
                "line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}})
            got = answer["items"][0]["insertText"] if answer.get("items") else ""
            if got != shown(r, token, mean):
                different += 1
                print("differs:", r["path"], r["offset"], repr(got), repr(shown(r, token, mean)))
        editor.process.kill()
    daemon.stop()
    print(f"\n{count - different} of {count} answers of `wright lsp` are what was computed")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--save"), parser.add_argument("--load"), parser.add_argument("--check", type=int)
parser.add_argument("--files", type=int, default=30, help="of each language"), parser.add_argument("--cuts", type=int, default=5, help="of each file")
parser.add_argument("--bytes", type=int, default=5000, help="of a file, that are cut"), parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()
if args.save:
    ask(args)
if not (args.save or args.load):
    parser.error("--save or --load")
rows = [json.loads(l) for l in open(args.save or args.load)]
chosen = tables(rows)
if args.check and chosen:
    check(rows, args.check, *chosen)
