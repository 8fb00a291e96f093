#!/usr/bin/env python3
"""Style test: include arrows (arrows.txt), sizes, and words that must not stand in the tree. Prints the ten largest sources."""
import pathlib, re, subprocess, sys

root = pathlib.Path(__file__).resolve().parents[2]
here = root / "tests/style"
try:
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
except Exception:
    tracked = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "build/" not in str(p)]
files = [f for f in tracked if f and (root / f).is_file()]
errors = []

arrows = {}
for line in (here / "arrows.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        folder, _, allowed = line.partition(":")
        arrows[folder] = allowed.split()

def owner(path):
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in arrows:
            return "/".join(parts)
        parts.pop()
    return None

def allowed(source, target):
    rules = [source] + arrows[source]
    return any(target == a or target.startswith(a + "/") for a in rules)

for f in files:
    if not f.endswith((".h", ".cpp", ".cu", ".cuh")):
        continue
    source = owner(f)
    if source is None:
        errors.append(f"{f}: no row in tests/style/arrows.txt")
        continue
    for n, line in enumerate((root / f).read_text(errors="replace").splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m or "/" not in m[1]:
            continue
        target = owner(m[1])
        if target and not allowed(source, target):
            errors.append(f"{f}:{n}: {source} may not include {target} ({m[1]})")

# Third-party headers stay behind the wrapper that owns them.
wrapped = {
    "git2.h": ("tools/repo/",), "tree_sitter/api.h": ("tools/repo/",), "sqlite3.h": ("agent/store",),
    "boost/": ("daemon/http/", "tools/net/", "daemon/api/", "daemon/rpc/"), "pcre2.h": ("engine/text/",), "re2/": ("tools/",),
    "seccomp.h": ("tools/exec/",), "CLI/": ("daemon/cli/",), "cuda": ("engine/backends/",), "openssl/": ("tools/net/", "daemon/http/"),
}
for f in files:
    if f.endswith((".h", ".cpp")) and not f.startswith("tests/"):
        for n, line in enumerate((root / f).read_text(errors="replace").splitlines(), 1):
            m = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            for header, owners in wrapped.items():
                if m and m[1].startswith(header) and not f.startswith(owners):
                    errors.append(f"{f}:{n}: <{m[1]}> belongs to {' '.join(owners)}")

listed = {}
for line in (here / "sizes.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        name, _, reason = line.partition(":")
        listed[name.strip()] = reason.strip()
sizes = []
for f in files:
    if f.endswith((".h", ".cpp", ".cu")):
        n = len((root / f).read_text(errors="replace").splitlines())
        sizes.append((n, f))
        ceiling = 250 if f.endswith(".h") else 600
        if n > ceiling and f not in listed:
            errors.append(f"{f}: {n} lines, ceiling {ceiling}; split it or give a reason in tests/style/sizes.txt")
for f in listed:
    if f not in files:
        errors.append(f"tests/style/sizes.txt: {f} does not exist")
loop = root / "agent/loop.cpp"
if loop.exists() and len(loop.read_text().splitlines()) > 150:
    errors.append("agent/loop.cpp: over 150 lines")
cm = len((root / "CMakeLists.txt").read_text().splitlines())
if cm > 80:
    errors.append(f"CMakeLists.txt: {cm} lines, ceiling 80")

words = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|(^|[^A-Za-z.])/(work|farm)/|\.library\b|\bissue #?\d+|https?://[a-z.]*(pypi|npmjs|crates|debian|golang|maven)[a-z.]*", re.I)
for f in files:
    if f.startswith(("tests/style/", "tests/data/")) or f.endswith((".svg", ".png", ".gif")):
        continue
    try:
        text = (root / f).read_text()
    except UnicodeDecodeError:
        continue
    for n, line in enumerate(text.splitlines(), 1):
        m = words.search(line)
        if m:
            errors.append(f"{f}:{n}: the word '{m[0].strip()}' does not belong here")

print("largest sources:", ", ".join(f"{f} {n}" for n, f in sorted(sizes, reverse=True)[:10]))
for e in errors:
    print("error:", e)
print(f"{len(files)} files, {len(errors)} errors")
sys.exit(1 if errors else 0)
