# Knows Python's test runners (pytest, unittest) from inside. Traced runs: which test passed, and how long it took. Screening runs: what
# failed before comes first, the first failure ends the run, and a test that takes far too long is ended. The program under test and
# the tests stay as they are. Loaded by tracer.py and screen.py as `wright_runner_hooks`; pytest comes through pytest_plugin.py.
import os
import sys
import time

FOLDER = os.environ.get("WRIGHT_TRACE", "")
records = []   # [id, passed, seconds], in the order that they ended
first = set()  # ids that failed before
state = {"screening": False, "pytest": False, "limit": 0.0, "total": 0.0, "now": None, "since": 0.0}


def chain():
    # The sitecustomize that ours hides.
    here = os.path.dirname(os.path.abspath(__file__))
    rest = [p for p in sys.path if os.path.abspath(p or ".") != here]
    try:
        import importlib.machinery
        import importlib.util
        spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
        if spec and spec.loader:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except Exception:
        pass


def _too_slow(signum, frame):
    try:
        with open(os.path.join(FOLDER, "slow"), "w") as out:
            out.write(state["now"] or "")
    finally:
        os._exit(124)


def _arm(seconds):
    # Of processor time, so that a busy machine does not look like a loop.
    import signal
    left = state["total"] - time.process_time()
    signal.setitimer(signal.ITIMER_PROF, max(0.01, min(seconds, left) if seconds else left))


def begin(name):
    state["now"] = name
    state["since"] = time.perf_counter()
    if state["screening"] and state["limit"]:
        _arm(state["limit"])


def end(name, passed):
    if state["screening"] and state["limit"]:
        _arm(0)
    elif not state["screening"]:
        records.append([name, bool(passed), time.perf_counter() - state["since"]])
    state["now"] = None


def screen(limit, total):
    import signal
    state.update(screening=True, limit=limit, total=total)
    try:
        with open(os.path.join(FOLDER, "first")) as names:
            first.update(names.read().split("\n"))
    except OSError:
        pass
    signal.signal(signal.SIGPROF, _too_slow)
    _arm(0)


def _flat(suite):
    for part in suite:
        if hasattr(part, "__iter__"):
            yield from _flat(part)
        elif part is not None:
            yield part


def _failures(result):
    return sum(len(getattr(result, kind, ())) for kind in ("failures", "errors", "unexpectedSuccesses"))


def _patch_case(module):
    original = module.TestCase.run

    def run(self, result=None):
        if state["pytest"] or result is None:
            return original(self, result)
        before = _failures(result)
        begin(self.id())
        try:
            return original(self, result)
        finally:
            passed = _failures(result) == before
            end(self.id(), passed)
            if state["screening"] and not passed:
                result.shouldStop = True

    module.TestCase.run = run


def _patch_runner(module):
    original = module.TextTestRunner.run

    def run(self, test):
        if state["screening"] and first:
            from unittest.suite import TestSuite
            tests = list(_flat(test))
            if any(t.id() in first for t in tests):
                test = TestSuite(sorted(tests, key=lambda t: t.id() not in first))
        return original(self, test)

    module.TextTestRunner.run = run


class _Finder:
    # On sys.meta_path: unittest is patched when it is imported, and costs nothing when it is not.
    patches = {"unittest.case": _patch_case, "unittest.runner": _patch_runner}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in cls.patches:
            return None
        for finder in sys.meta_path:
            if finder is cls or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is None:
                continue
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                cls.patches[name](module)

            try:
                spec.loader.exec_module = exec_module
            except AttributeError:
                pass
            return spec
        return None


def install():
    sys.meta_path.insert(0, _Finder)
    plugins = os.environ.get("PYTEST_PLUGINS", "")
    if "wright_pytest_plugin" not in plugins:
        os.environ["PYTEST_PLUGINS"] = plugins + ("," if plugins else "") + "wright_pytest_plugin"
