#!/usr/bin/env python3
"""Makes the project's own cases of the three edit formats: v4a.jsonl, search_replace.jsonl, udiff.jsonl (thirty each).

Texts are random words; every verdict is what the format's origin did with them:
  CODEX_APPLY_PATCH  path of codex' apply_patch (the codex binary under that name)
  AIDER              folder that holds the unpacked aider package
  GNU patch and git from PATH
Keys are those of the shared cases: id, files, patch or reply, expected, exit/class or error. Run by hand; the tests read the files.
"""
import difflib, json, os, pathlib, random, shutil, subprocess, sys, tempfile, types

here = pathlib.Path(__file__).parent
R = random.Random(20260)
WORDS = "apple birch cedar delta ember frost grove hazel inlet jolly knoll lemon maple north ocean pearl quartz river stone tulip".split()


def line(depth):
    return "    " * depth + R.choice(["{} = {}({})", "if {} > {}: # {}", "return {} + {} * {}", "{}.{}[{}]", "# {} {} {}"]).format(*R.sample(WORDS, 3))


def text():
    depth, out = 0, []
    for _ in range(R.randrange(8, 26)):
        depth = max(0, min(3, depth + R.choice([-1, 0, 0, 1])))
        out.append(R.choice(["", line(depth), line(depth), line(depth), line(depth)]))
    if R.random() < .3:
        out += out[2:6]  # repeated lines
    return "\n".join(out).strip("\n") + "\n"


def name():
    return R.choice(["", "src/", "lib/core/", "docs/ü/"]) + "_".join(R.sample(WORDS, 2)) + R.choice([".py", ".txt", ".md"])


def edited(before):
    lines = before.splitlines()
    for _ in range(R.randrange(1, 4)):
        at = R.randrange(len(lines))
        what = R.randrange(3)
        if what == 0: lines[at:at + R.randrange(1, 3)] = []
        elif what == 1: lines.insert(at, line(1))
        else: lines[at] = line(1)
        if not lines: lines = [line(0)]
    return "\n".join(lines) + "\n"


def tree(count):
    return {name(): text() for _ in range(count)}


def in_folder(files, run):
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content.encode())
        result = run(folder)
        return result, {str(p.relative_to(folder)): p.read_bytes().decode() for p in folder.rglob("*") if p.is_file()}
    finally:
        shutil.rmtree(folder)


CLASSES = [("first line of the patch", "no-begin"), ("last line of the patch", "no-end"), ("No files were modified", "empty-patch"), ("is not a valid hunk header", "bad-header"),
           ("is empty", "empty-update"), ("does not contain any lines", "empty-chunk"), ("Unexpected line found", "bad-chunk-line"), ("Expected update hunk to start", "bad-chunk-start"),
           ("environment_id", "environment-id"), ("Failed to find context", "context-not-found"), ("Failed to find expected lines", "lines-not-found"), ("Failed to read", "read-failed"),
           ("Failed to delete", "delete-failed"), ("Failed to write", "write-failed")]


def v4a(index):
    files = tree(R.randrange(1, 4))
    out = ["*** Begin Patch"]
    for path, before in files.items():
        kind = R.choice(["update", "update", "update", "move", "delete"])
        if kind == "delete":
            out.append("*** Delete File: " + path)
            continue
        out.append("*** Update File: " + path)
        if kind == "move": out.append("*** Move to: moved/" + path)
        a, b = before.splitlines(), edited(before).splitlines()
        hunks = [l for l in difflib.unified_diff(a, b, n=R.choice([0, 1, 3]), lineterm="")][2:] or ["@@", " " + a[0]]
        out += ["@@" if l.startswith("@@") else l for l in hunks]
        if R.random() < .2: out.append("*** End of File")
    if R.random() < .4: out += ["*** Add File: new/" + name(), *("+" + l for l in text().splitlines())]
    out.append("*** End Patch")
    tags = []
    def damage(tag, chance, change):
        nonlocal out
        if R.random() < chance:
            tags.append(tag)
            out = change(out)
    damage("drift", .3, lambda o: [l + "  " if l[:1] in (" ", "-") and R.random() < .5 else l for l in o])
    damage("lead", .2, lambda o: [l[0] + " " + l[1:] if l[:1] in (" ", "-") and R.random() < .3 else l for l in o])
    damage("wrong", .15, lambda o: [l.replace("a", "o", 1) if l[:1] == "-" else l for l in o])
    damage("lost-end", .06, lambda o: o[:-1])
    damage("header", .08, lambda o: [l.replace("Update File", "Change File") for l in o])
    damage("stacked", .08, lambda o: [x for l in o for x in (["@@", l] if l == "@@" else [l])])
    patch = "\n".join(out) + "\n"
    if R.random() < .2:
        files = {k: v.replace("\n", "\r\n") for k, v in files.items()}
        tags.append("crlf-file")
    done, after = in_folder(files, lambda f: subprocess.run([os.environ["CODEX_APPLY_PATCH"], patch], cwd=f, capture_output=True, text=True))
    kind = "ok" if done.returncode == 0 else next(c for words, c in CLASSES if words in done.stderr)
    return {"id": f"own-v4a-{index:02}", "tags": tags, "files": files, "patch": patch, "exit": done.returncode, "class": kind, "expected": after}


def aider():
    sys.path.insert(0, os.environ["AIDER"])
    for module, names in {"aider.dump": ["dump"], "aider.utils": [], "aider.coders.base_coder": ["Coder"], "aider.coders.editblock_prompts": ["EditBlockPrompts"]}.items():
        stub = types.ModuleType(module)
        for n in names: setattr(stub, n, type(n, (), {}))
        sys.modules[module] = stub
    for package in ("aider", "aider.coders"):
        stub = types.ModuleType(package)
        stub.__path__ = [os.path.join(os.environ["AIDER"], *package.split("."))]
        sys.modules[package] = stub
    sys.modules["aider"].utils = sys.modules["aider.utils"]
    import importlib
    return importlib.import_module("aider.coders.editblock_coder")


def search_replace(index, coder):
    files = tree(R.randrange(1, 3))
    chat, reply, tags, fence = sorted(files), ["Here is the change.", ""], [], ("```", "```")
    for _ in range(R.randrange(1, 4)):
        path = R.choice(chat)
        lines = files[path].splitlines()
        at = R.randrange(len(lines))
        old = lines[at:at + R.randrange(1, 5)]
        new = edited("\n".join(old) + "\n").splitlines()
        if R.random() < .25: old, new, _ = [l[4:] if l.startswith("    ") else l for l in old], [l[4:] if l.startswith("    ") else l for l in new], tags.append("indent")
        if R.random() < .15: old, _ = [l.replace("e", "a", 1) for l in old], tags.append("wrong")
        if R.random() < .15: old, _ = [""] + old, tags.append("blank-first")
        shown = R.choice([path, "**" + path + "**", "`" + path + "`", "### " + path, path.split("/")[-1]])
        head, tail = [shown, "```"], ["```", ""]
        if R.random() < .3: head = ["```", shown]
        reply += [*head, "<<<<<<< SEARCH", *old, "=======", *new, ">>>>>>> REPLACE", *tail]
    if R.random() < .25: reply, _ = reply + ["fresh/" + name(), "```", "<<<<<<< SEARCH", "=======", *text().splitlines(), ">>>>>>> REPLACE", "```"], tags.append("new-file")
    if R.random() < .1: reply, _ = [l for l in reply if l != "======="], tags.append("no-divider")
    if R.random() < .2: reply, _ = reply + ["```sh", "make test", "```"], tags.append("shell")
    answer = "\n".join(reply) + "\n"
    error, shell, blocks, failed = None, [], [], 0
    try:
        edits = list(coder.find_original_update_blocks(answer, fence, chat))
        shell = [e[1] for e in edits if e[0] is None]
        blocks = [e for e in edits if e[0] is not None]
        error = None if blocks else "no-blocks"
    except ValueError as e:
        error = "no-filename" if "filename" in str(e) else "no-divider" if "Expected `=======`" in str(e) else "no-end"
    def run(folder):
        nonlocal failed
        for path, old, new in blocks:
            target = folder / path
            if not target.exists() and not old.strip():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch()
            got = None
            for candidate in [target] + [folder / c for c in chat if c != path]:
                if candidate.exists(): got = coder.do_replace(str(candidate), candidate.read_text(), old, new, fence)
                if got:
                    candidate.write_text(got)
                    break
                if not old.strip(): break
            failed += not got
    _, after = in_folder(files, run)
    if not error and failed: error = "no-match"
    return {"id": f"own-sr-{index:02}", "tags": tags, "files": files, "chat": chat, "reply": answer, "fence": fence, "error": error, "shell": shell, "expected": after}


def udiff(index):
    files = tree(R.randrange(1, 3))
    out, tags = [], []
    for path, before in list(files.items()):
        diff = list(difflib.unified_diff(before.splitlines(), edited(before).splitlines(), "a/" + path, "b/" + path, n=3, lineterm=""))
        if diff: out += ([f"diff --git a/{path} b/{path}"] if R.random() < .5 else []) + diff
    if R.random() < .3:
        fresh = name()
        lines = text().splitlines()
        out += ["--- /dev/null", "+++ b/new/" + fresh, f"@@ -0,0 +1,{len(lines)} @@", *("+" + l for l in lines)]
    oracle = ["patch", "-p1", "--fuzz=2", "--batch", "--forward", "--no-backup-if-mismatch", "--reject-file=-"]
    kind = R.choice(["", "", "offset", "counts", "context", "blank", "reversed", "fence", "wrong"])
    tags.append(kind)
    if kind == "offset": files = {p: "# first\n# second\n" + t for p, t in files.items()}
    if kind == "counts":
        out = [l.replace(",", ",1", 2) if l.startswith("@@ -") and not l.startswith("@@ -0") else l for l in out]
        oracle = ["git", "apply", "--recount"]
    if kind == "context": out = [" " + l[1:].replace("a", "o") if l.startswith(" ") and i + 1 < len(out) and out[i + 1].startswith("@@") else l for i, l in enumerate(out)]
    if kind == "blank": out = ["" if l == " " else l for l in out]
    if kind == "reversed": files = {p: in_folder(files, lambda f: subprocess.run(oracle, cwd=f, input="\n".join(out) + "\n", text=True, capture_output=True))[1].get(p, t) for p, t in files.items()}
    if kind == "wrong": out = [l.replace("e", "i") if l.startswith("-") and not l.startswith("---") else l for l in out]
    patch = "\n".join(out) + "\n"
    shown = "Sure.\n```diff\n" + patch + "```\n" if kind == "fence" else patch
    done, after = in_folder(files, lambda f: subprocess.run(oracle, cwd=f, input=patch, capture_output=True, text=True))
    case = {"id": f"own-udiff-{index:02}", "tags": tags, "oracle": oracle[0], "files": files, "patch": shown}
    if done.returncode == 0: return {**case, "expected": after}
    return {**case, "error": "already-applied" if "previously applied" in done.stdout else "hunk-failed"}


def save(file, make):
    (here / file).write_text("".join(json.dumps(make(i), ensure_ascii=False) + "\n" for i in range(30)))


coder = aider()
save("v4a.jsonl", v4a)
save("search_replace.jsonl", lambda i: search_replace(i, coder))
save("udiff.jsonl", udiff)
