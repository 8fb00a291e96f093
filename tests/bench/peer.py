#!/usr/bin/env python3
"""Wright's CPU backend beside llama.cpp on one machine, one model, equal threads.

  tests/bench/peer.py [--model M.gguf] [-t 1,2] [--rounds 5] [--rows decode,prefill,...] [--isa avx512]

Prints one JSON line a row: {"row","wright","peer","ratio","share_of_bound",...}; rates are tokens a second of wall clock,
medians over the rounds. In each round both programs run after each other, so that a busy machine hurts both. The peer runs
with flash attention off and on, and the better of the two counts ("peer_fa" says which). share_of_bound of a decode row:
bytes read a token x rate / read bandwidth that Wright measured in the same process over a set of that size.

The peer: the llama.cpp source inside PyPI's llama-cpp-python 0.3.36 (sdist, folder vendor/llama.cpp), built once by hand:

  pip download --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36 && tar xf llama_cpp_python-0.3.36.tar.gz
  cmake -S llama_cpp_python-0.3.36/vendor/llama.cpp -B peer -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \\
        -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF \\
        -DCMAKE_C_FLAGS="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16" -DCMAKE_CXX_FLAGS="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
  cmake --build peer --target llama-bench
  LLAMA_BIN=peer/bin tests/bench/peer.py

Without the -mno flags the peer has AMX, but then needs a memory barrier before its ldtilecfg under GCC 12. Wright runs with
--isa avx512 here unless told otherwise, so that both have the same instruction set.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

# row: prompt tokens, generated tokens, depth; one of the first two is 0
ROWS = {
    "prefill 512": (512, 0, 0),
    "decode 128": (0, 128, 0),
    "decode 32 at depth 2000": (0, 32, 2000),
    "append 50 at depth 2000": (50, 0, 2000),
}


def find_peer():
    folder = os.environ.get("LLAMA_BIN")
    path = os.path.join(folder, "llama-bench") if folder else shutil.which("llama-bench")
    if not path or not os.access(path, os.X_OK):
        sys.exit("peer.py: no llama-bench; set LLAMA_BIN to its folder (how to build it: peer.py --help)")
    return path


def find_wright():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.environ.get("WRIGHT") or os.path.join(top, "build", "release", "wright")
    if not os.access(path, os.X_OK):
        sys.exit(f"peer.py: no {path}; run scripts/build release")
    return path


def default_model():
    home = os.environ.get("WRIGHT_HOME")
    cache = os.path.join(home, "cache") if home else os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "wright")
    return os.path.join(cache, "models", "SmolLM2-135M-Instruct-Q4_1.gguf")


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"peer.py: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def wright(binary, model, row, threads, isa):
    prompt, generated, depth = ROWS[row]
    out = json.loads(run([binary, "bench", model, "-p", str(prompt), "-n", str(generated), "-d", str(depth), "-t", str(threads),
                          "-r", "3", "--isa", isa, "--json"]))
    rate = out["prefill_tok_s"] if prompt else out["decode_tok_s"]
    share = out["bytes_per_token"] * rate / (out["bound_gbs"] * 1e9) if generated else None
    return rate, share, out


def peer(binary, model, row, threads, flash):
    prompt, generated, depth = ROWS[row]
    out = json.loads(run([binary, "-m", model, "-p", str(prompt), "-n", str(generated), "-d", str(depth), "-t", str(threads),
                          "-fa", str(flash), "-r", "3", "-o", "json"]))
    return statistics.median(out[-1]["samples_ts"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=default_model())
    parser.add_argument("-t", "--threads", default="1,2", help="comma separated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default="", help="only rows that contain one of these, comma separated")
    parser.add_argument("--isa", default="avx512")
    args = parser.parse_args()
    llama, own = find_peer(), find_wright()
    wanted = [w for w in args.rows.split(",") if w]
    for threads in [int(t) for t in args.threads.split(",")]:
        for row in ROWS:
            if wanted and not any(w in row for w in wanted):
                continue
            ours, shares, theirs, last = [], [], {0: [], 1: []}, None
            for _ in range(args.rounds):
                rate, share, last = wright(own, args.model, row, threads, args.isa)
                ours.append(rate)
                if share is not None:
                    shares.append(share)
                for flash in theirs:
                    theirs[flash].append(peer(llama, args.model, row, threads, flash))
            mine = statistics.median(ours)
            flash = max(theirs, key=lambda f: statistics.median(theirs[f]))
            best = statistics.median(theirs[flash])
            print(json.dumps({
                "row": f"{row}, {threads} thread{'s' if threads > 1 else ''}", "wright": round(mine, 1), "peer": round(best, 1),
                "ratio": round(mine / best, 2), "share_of_bound": round(statistics.median(shares), 2) if shares else None,
                "peer_fa": "on" if flash else "off", "peer_fa_on": round(statistics.median(theirs[1]), 1),
                "peer_fa_off": round(statistics.median(theirs[0]), 1), "isa": last["backend"], "bound_gbs": round(last["bound_gbs"], 1),
                "load_average": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
