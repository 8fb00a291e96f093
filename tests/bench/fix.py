#!/usr/bin/env python3
"""Measures `wright fix` on sets of real one-function bugs and prints the tables of daemon/doc/results.md.

  tests/bench/fix.py --set python --order model --jobs 2 --out /tmp/python.jsonl
  tests/bench/fix.py --set quixbugs --quixbugs CHECKOUT_OR_GIT_DIR --out /tmp/quix.jsonl
  tests/bench/fix.py --tables /tmp/*.jsonl

Sets: python, js (shared/cases/bugs/*.jsonl beside the checkout), quixbugs (jkoppel/QuixBugs, twenty named programs; its tests run under a
small runner of ours, so that nothing has to be installed, or under pytest). A bug counts as mended when the program says `verified`, the test command
passes on the patched tree in a run of our own, and no file but the reference's changed. Resumable: bugs that --out holds are skipped."""
import argparse, ast, concurrent.futures, difflib, glob, json, os, pathlib, re, shutil, statistics, subprocess, sys, tempfile, time

root = pathlib.Path(__file__).resolve().parents[2]
QUIXBUGS = """bitcount bucketsort detect_cycle find_in_sorted gcd hanoi kheapsort kth levenshtein longest_common_subsequence mergesort
next_palindrome pascal powerset reverse_linked_list shortest_path_length shortest_paths sieve subsequences topological_ordering""".split()

RUNNER = '''import importlib, os, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(here), here]
module = importlib.import_module(sys.argv[1])
passed = failed = 0
for name in sorted(n for n in dir(module) if n.startswith("test") and callable(getattr(module, n))):
    function = getattr(module, name)
    for arguments in getattr(function, "cases", [()]):
        try:
            function(*arguments)
            passed += 1
        except module.pytest.Skipped:
            pass
        except Exception:
            if failed == 0:
                import traceback
                traceback.print_exc()
            failed += 1
print(passed, "passed,", failed, "failed")
sys.exit(1 if failed else 0)
'''
SHIM = '''class Skipped(Exception):
    pass
use_correct = run_slow = False
def skip(reason=""):
    raise Skipped(reason)
def param(*values, **_):
    return values
class mark:
    @staticmethod
    def parametrize(names, cases):
        def keep(function):
            function.cases = [tuple(c) for c in cases if isinstance(c, (list, tuple))]
            return function
        return keep
    @staticmethod
    def skipif(condition, reason=""):
        def keep(function):
            if condition:
                function.cases = []
            return function
        return keep
'''

def shared_bugs(name):
    for base in (root.parent / "shared", root / "../../shared"):
        path = base / "cases/bugs" / f"{name}.jsonl"
        if path.exists():
            return [json.loads(line) for line in path.open()]
    sys.exit(f"fix.py: no shared/cases/bugs/{name}.jsonl beside the checkout")

def quixbugs(where, pytest):
    def text(name):
        path = pathlib.Path(where) / name
        if path.exists():
            return path.read_text()
        done = subprocess.run(["git", "-C", where, "show", f"HEAD:{name}"], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None
    out = []
    for name in QUIXBUGS:
        files = {f"python_programs/{name}.py": text(f"python_programs/{name}.py"), "python_programs/__init__.py": "",
                 f"python_testcases/test_{name}.py": text(f"python_testcases/test_{name}.py")}
        if not pytest:
            files.update({"python_testcases/run.py": RUNNER, "python_testcases/pytest.py": SHIM})
        extras = ("conftest.py",) if pytest else ()
        for extra in (*extras, "python_testcases/load_testdata.py", "python_testcases/node.py", f"json_testcases/{name}.json"):
            if (body := text(extra)) is not None:
                files[extra] = body
        out.append({"id": f"QuixBugs/{name}", "language": "python", "bug_type": "quixbugs", "files": files,
                    "test": f"python3 -m pytest python_testcases/test_{name}.py" if pytest else f"python3 python_testcases/run.py test_{name}",
                    "reference": {f"python_programs/{name}.py": text(f"correct_python_programs/{name}.py")}})
    return out

def same_program(language, a, b):
    """Whether two sources are the same but for layout (and comments, in Python)."""
    if language == "python":
        try:
            return ast.dump(strip(ast.parse(a))) == ast.dump(strip(ast.parse(b)))
        except SyntaxError:
            return False
    squeeze = lambda s: re.sub(r"[\s;]+", "", s)
    return squeeze(a) == squeeze(b)

def strip(tree):
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str))]
    return tree

def code_lines(language, text):
    """The lines of a Python file that belong to statements other than strings at top level; other languages: all lines."""
    lines = text.splitlines()
    if language != "python":
        return lines
    kept = set()
    for node in ast.parse(text).body:
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            kept.update(range(node.lineno - 1, node.end_lineno))
    return [re.sub(r"\s+#.*$", "", line) for i, line in enumerate(lines) if i in kept and not line.strip().startswith("#")]

def change_lines(language, before, after):
    out = []
    for line in difflib.ndiff(code_lines(language, before), code_lines(language, after)):
        if line[:2] in ("- ", "+ ") and line[2:].strip():
            out.append(line[0] + re.sub(r"\s+", "", line[2:]).rstrip(";"))
    return sorted(out)

def run_bug(bug, options):
    folder = tempfile.mkdtemp(prefix="wright-bench-")
    try:
        for name, text in bug["files"].items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [options.wright, "fix", "--test", bug["test"], "--json", "--max-runs", str(options.runs), "--timeout", str(options.timeout), "-C", folder,
                   "--order", options.order, "--seed", str(options.seed)]
        if options.model:
            command += ["--model", options.model]
        if options.list:
            command.append("--list")
        start = time.time()
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout * 3 + 60)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        result = events[-1] if events and events[-1].get("type") == "result" else {"verified": False, "refused": [], "diff": ""}
        row = {"id": bug["id"], "type": bug["bug_type"], "order": options.order, "exit": done.returncode, "seconds": round(time.time() - start, 2),
               "error": done.stderr.strip()[-300:] if not events or events[-1].get("type") != "result" else ""}
        for key in ("verified", "runs", "first_pass", "candidates", "passing", "diff", "why_none", "seconds_per_test", "description"):
            row[key] = result.get(key)
        row["refused"] = [r["reason"] for r in result.get("refused", [])]
        row["notes"] = [e["text"] for e in events if e.get("kind") == "phase"]
        (name, reference), = bug["reference"].items()
        wanted = change_lines(bug["language"], bug["files"][name], reference)
        if options.dump:
            pathlib.Path(options.dump).mkdir(exist_ok=True)
            (pathlib.Path(options.dump) / (bug["id"].replace("/", "_") + ".json")).write_text(json.dumps({"wanted": wanted, "events": events}))
        if options.list:
            row["total"] = row["rank"] = 0
            for event in events:
                if event.get("kind") == "candidate":
                    row["total"] += 1
                    got = sorted(l[0] + re.sub(r"\s+", "", l[2:]).rstrip(";") for l in event["text"].split("\n") if l[2:].strip())
                    if not row["rank"] and got == wanted:
                        row.update(rank=row["total"], operator=event["operator"], prior=event["prior"], model=event["model"])
        unchanged = all((pathlib.Path(folder) / n).read_text() == t for n, t in bug["files"].items())
        row["tree_untouched"] = unchanged
        row["mended"] = False
        if row["verified"]:
            subprocess.run(["git", "apply", "-"], cwd=folder, input=row["diff"], text=True, check=True)
            changed = [n for n, t in bug["files"].items() if (pathlib.Path(folder) / n).read_text() != t]
            again = subprocess.run(bug["test"], shell=True, cwd=folder, capture_output=True, timeout=120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
            row["mended"] = changed == [name] and again.returncode == 0
            row["equal"] = same_program(bug["language"], (pathlib.Path(folder) / name).read_text(), reference)
        return row
    finally:
        shutil.rmtree(folder, ignore_errors=True)

def tables(paths):
    rows = {}
    for path in paths:
        for line in open(path):
            row = json.loads(line)
            family = row["id"].split("/")[0]
            rows.setdefault((family, row["order"]), {})[row["id"]] = row
    print("| set | order | mended | equal to the reference | runs to the first pass, median | of all bugs, not mended as 201 | seconds, median | refused as tampering |")
    print("|---|---|---|---|---|---|---|---|")
    for (family, order), got in sorted(rows.items()):
        mended = [r for r in got.values() if r["mended"]]
        first = [r["first_pass"] for r in mended] or [0]
        all_runs = [r["first_pass"] if r["mended"] else 201 for r in got.values()]
        print(f"| {family} | {order} | {len(mended)} of {len(got)} | {sum(bool(r.get('equal')) for r in mended)} | {statistics.median(first):g} | "
              f"{statistics.median(all_runs):g} | {statistics.median(r['seconds'] for r in got.values()):.1f} | {sum(len(r['refused']) for r in got.values())} |")
    kinds = sorted({r["type"] for got in rows.values() for r in got.values()})
    print("\n| set | order | " + " | ".join(kinds) + " |\n|---|---|" + "---|" * len(kinds))
    for (family, order), got in sorted(rows.items()):
        cells = []
        for kind in kinds:
            of = [r for r in got.values() if r["type"] == kind]
            cells.append(f"{sum(r['mended'] for r in of)} / {len(of)}" if of else "")
        print(f"| {family} | {order} | " + " | ".join(cells) + " |")
    for (family, order), got in sorted(rows.items()):
        missed = [r["id"].split("/")[1] for r in got.values() if not r["mended"]]
        print(f"\n{family}, {order}, not mended: {' '.join(missed)}")
        ranked = [r["rank"] for r in got.values() if r.get("rank")]
        if any("rank" in r for r in got.values()):
            print(f"  reference among the candidates: {len(ranked)}, within 200: {sum(r <= 198 for r in ranked)}, median rank {statistics.median(ranked or [0]):g}")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=["python", "js", "quixbugs"])
    parser.add_argument("--quixbugs", help="a checkout or git folder of jkoppel/QuixBugs")
    parser.add_argument("--pytest", action="store_true", help="quixbugs: run by pytest (which must be installed) instead of a small runner of ours")
    parser.add_argument("--order", default="model", choices=["model", "prior", "random"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=1, help="bugs at a time")
    parser.add_argument("--only", help="comma-separated ids")
    parser.add_argument("--model", default="")
    parser.add_argument("--list", action="store_true", help="rank of the reference among the candidates, no tests run")
    parser.add_argument("--dump", metavar="FOLDER", help="keep the events of each bug there, for fitting")
    parser.add_argument("--wright", default=str(root / "build/release/wright"))
    parser.add_argument("--out", help="JSON lines, appended to")
    parser.add_argument("--tables", nargs="+", metavar="FILE")
    options = parser.parse_args()
    if options.tables:
        return tables(options.tables)
    if not options.set or not options.out:
        parser.error("--set and --out are needed, or --tables")
    if options.set == "quixbugs" and not options.quixbugs:
        parser.error("--quixbugs is needed")
    bugs = quixbugs(options.quixbugs, options.pytest) if options.set == "quixbugs" else shared_bugs(options.set)
    if options.only:
        bugs = [b for b in bugs if b["id"] in options.only.split(",") or b["id"].split("/")[1] in options.only.split(",")]
    have = set()
    if os.path.exists(options.out):
        have = {json.loads(line)["id"] for line in open(options.out)}
    bugs = [b for b in bugs if b["id"] not in have]
    with open(options.out, "a") as out, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda b: run_bug(b, options), bugs):
            out.write(json.dumps(row) + "\n")
            out.flush()
            print(f"{row['id']:28} {'mended' if row['mended'] else '-':7} runs {row['runs']} first {row['first_pass']} {row['seconds']} s "
                  + (f"rank {row['rank']} of {row['total']}" if options.list else "") + row["error"], flush=True)
    tables([options.out])

if __name__ == "__main__":
    main()
