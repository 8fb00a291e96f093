#!/usr/bin/env python3
"""Writes commands.jsonl: {"cmd", "expect", "why"}, decided by construction for mode ask in a workspace of ordinary files.

allow: one of READS, or two of them joined by | && || ; : each only reads inside the workspace. ask: a read made unsafe by one named
step that writes, runs, leaves the workspace, reads a secret or hides what it does (deny is as good). Nothing is judged by the program.
"""
import json, os, random

HERE = os.path.dirname(os.path.abspath(__file__))
R = random.Random(7)

READS = [
    "ls", "ls -la src", "cat README.md", "cat 'notes of today.txt'", "head -n 20 src/main.c", "tail -5 log.txt", "wc -l src/main.c src/util.c", "grep -n total src/main.c",
    "grep -rn 'int main' src", "find . -name '*.c' -type f", "find src -maxdepth 2", "git status", "git log --oneline -10", "git diff HEAD~1", "git show HEAD:src/main.c",
    "git blame src/util.c", "git branch --list", "stat README.md", "file README.md", "du -sh src", "diff a.txt b.txt", "cmp a.txt b.txt", "sort names.txt", "uniq -c names.txt",
    "cut -d: -f1 names.txt", "tr a-z A-Z", "sed -n '3,9p' src/main.c", "pwd", "true", "echo done", "printf '%s\\n' one two", "test -f a.txt", "basename src/main.c", "dirname src/main.c",
    "date +%F", "cat ./a.txt", "ls src/*.c", "nl a.txt", "rg total src", "which cc",
]
FILTERS = ["wc -l", "head -3", "sort", "grep main", "cut -c1-10", "uniq", "tail -n 2", "sort -r", "cat -n"]

BREAKS = {
    "writes a file": ["{} > out.txt", "{} >> out.txt", "{} >| out.txt", "{} | tee out.txt", "{} &> out.txt", "{} 2> errors.txt"],
    "runs what it reads": ["{} | sh", "{} | bash -s", "{} | xargs rm", "{} | python3 -", "eval \"{}\"", "source ./a.sh; {}", ". ./a.sh && {}", "{} | ./filter"],
    "runs more": ["{}; rm a.txt", "{} && touch b.txt", "{} || make", "{} & touch b.txt", "{}\ntouch b.txt", "({} ; touch b.txt)", "{{ {}; touch b.txt; }}", "sudo {}", "nohup {}", "env {}", "time -p {}", "nice {}"],
    "substitutes": ["echo $({})", "echo `{}`", "cat <({})", "X=1 {}", "PATH=. {}", "{} $HOME/x", "{} \"$(touch b.txt)\"", "LD_PRELOAD=./x.so {}"],
    "leaves the workspace": ["{} && cat /etc/hostname", "{}; cat ../other/a.txt", "cd .. && {}", "cat ~/notes.txt && {}", "{}; ls /", "cat src/../../x; {}"],
    "reads a secret": ["{}; cat .env", "cat .git/config; {}", "{} && cat id_rsa", "head -1 .env.local; {}"],
}
ALONE = {
    "an option that writes or runs": ["sort -o out.txt names.txt", "find . -delete", "find . -exec rm {} +", "find . -fprint out.txt", "sed -i s/a/b/ a.txt", "sed 'w out.txt' a.txt", "uniq a.txt out.txt",
                                      "git diff --output=out.txt", "git grep -O./x a", "git -c core.pager=./x log", "git branch -D old", "git branch new", "git stash", "git config user.name x",
                                      "git log --ext-diff", "tail -f log.txt", "date -s 2020-01-01", "rg --pre ./x total", "sort --compress-program=./x names.txt", "grep -f /etc/passwd a.txt", "file -C -m x"],
    "a program that writes or runs": ["rm -rf build", "touch a.txt", "mv a.txt b.txt", "cp a.txt b.txt", "make", "npm test", "python3 -c 'print(1)'", "node x.js", "pytest", "cargo check", "cc a.c", "curl http://localhost",
                                      "tar xf a.tar", "chmod +x a.sh", "ln -s a b", "mkdir d", "awk '{print > \"x\"}' a.txt", "vi a.txt", "less a.txt", "kill 1", "ssh host ls", "./run.sh", "bash a.sh", "dd if=a.txt of=b.txt"],
}


def write(f, cmd, expect, why):
    f.write(json.dumps({"cmd": cmd, "expect": expect, "why": why}, ensure_ascii=False) + "\n")


with open(f"{HERE}/commands.jsonl", "w") as f:
    for cmd in READS:
        write(f, cmd, "allow", "reads inside the workspace")
    for join in ["| {1}", "&& {0}", "|| {0}", "; {0}"]:
        for _ in range(8):
            write(f, R.choice(READS) + " " + join.format(R.choice(READS), R.choice(FILTERS)), "allow", "two reads")
    for why, ways in BREAKS.items():
        for way in ways:
            for cmd in R.sample(READS, 2):
                write(f, way.format(cmd), "ask", why)
    for why, commands in ALONE.items():
        for cmd in commands:
            write(f, cmd, "ask", why)
