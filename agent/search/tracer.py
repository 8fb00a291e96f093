# Runs inside the tests (as sitecustomize, found through PYTHONPATH) and writes which lines ran, for each test whether it passed, and
# what types the variables had, as one JSON file a process. Nothing of the program under test changes.
import sys

import wright_runner_hooks as hooks


def _start():
    import os
    folder = os.environ.get("WRIGHT_TRACE")
    root = os.environ.get("WRIGHT_TRACE_ROOT")
    if not folder or not root:
        return
    import atexit
    import json
    import threading
    import time
    prefix = root + os.sep
    stop_at = time.monotonic() + float(os.environ.get("WRIGHT_TRACE_SECONDS", "5"))
    names = {}     # code file name -> relative name or None
    lines = {}     # relative name -> {line: count}
    tests = []     # finished: {"name", "ok", "lines"}
    current = []   # [frame, name, set of (file, line), failed]
    types = {}     # relative name -> {first line: {variable: [type names]}}
    calls = {}     # code -> how often it was called in this test
    samples = {}   # code -> how often its variables were looked at
    state = {"events": 0, "done": False, "startup": 0.0}

    def relative(name):
        found = names.get(name, 0)
        if found == 0:
            full = os.path.abspath(name)
            found = full[len(prefix):] if full.startswith(prefix) else None
            if found and ("site-packages" in found or found.startswith(".wright-trace") or "node_modules" in found):
                found = None
            names[name] = found
        return found

    def look(frame, file):
        code = frame.f_code
        n = samples.get(code, 0)
        if n > 300:
            return
        samples[code] = n + 1
        seen = types.setdefault(file, {}).setdefault(code.co_firstlineno, {})
        for name, value in frame.f_locals.items():
            kinds = seen.setdefault(name, [])
            kind = type(value).__name__
            if kind not in kinds:
                kinds.append(kind)

    def write(frame=None):
        if state["done"]:
            return
        state["done"] = True
        sys.settrace(None)
        threading.settrace(None)
        stack = []
        ended = frame is not None  # by the time limit, in the middle of a test
        while frame is not None:
            file = relative(frame.f_code.co_filename)
            if file:
                stack.append([file, frame.f_lineno, frame.f_code.co_name])
            frame = frame.f_back
        runs = hooks.records + ([[hooks.state["now"], False, 0.0]] if ended and hooks.state["now"] else [])
        data = {"runs": runs, "startup": state["startup"], "lines": {f: sorted(v) for f, v in lines.items()}, "tests": tests, "types": types, "stack": stack[::-1][-50:]}
        try:
            with open(os.path.join(folder, "python-%d.json" % os.getpid()), "w") as out:
                json.dump(data, out)
        except OSError:
            pass

    def local(frame, event, arg):
        file = relative(frame.f_code.co_filename)
        if event == "line":
            where = lines[file]
            line = frame.f_lineno
            where[line] = where.get(line, 0) + 1
            if current:
                current[2].add((file, line))
                if current[0] is frame:
                    current[3] = False
            state["events"] += 1
            if state["events"] % 1000 == 0 and time.monotonic() > stop_at:
                write(frame)
                os._exit(124)  # all that is wanted is written
            if samples.get(frame.f_code, 0) <= 300:
                look(frame, file)
        elif event == "exception" and current and current[0] is frame:
            current[3] = True
        elif event == "return":
            look(frame, file)
            if current and current[0] is frame:
                ran = {}
                for f, n in current[2]:
                    ran.setdefault(f, []).append(n)
                tests.append({"name": current[1], "ok": not current[3], "lines": ran})
                current.clear()
        return local

    def call(frame, event, arg):
        file = relative(frame.f_code.co_filename)
        if file is None:
            return None
        if not state["startup"]:
            state["startup"] = time.process_time()
        lines.setdefault(file, {})
        calls[frame.f_code] = calls.get(frame.f_code, 0) + 1
        if calls[frame.f_code] > 200:  # of one test: what else it runs is known well enough
            return None
        name = frame.f_code.co_name
        if not current and name.startswith("test"):
            calls.clear()
            current.extend([frame, name, set(), False])
        return local

    atexit.register(write)
    threading.settrace(call)
    sys.settrace(call)
    hooks.install()


hooks.chain()
_start()
