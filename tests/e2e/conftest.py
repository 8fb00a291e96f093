"""Shared by the end-to-end tests: a home of its own for Wright, with the default model linked into it; nothing of the user's is touched."""
import json
import os
import pathlib
import subprocess
import tempfile
import time

import pytest

BINARY = os.environ.get("WRIGHT_BINARY", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/wright"))
MODEL = "SmolLM2-135M-Instruct-Q4_1.gguf"


def user_model():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = pathlib.Path(cache) / "wright/models" / MODEL
    return path if path.exists() else None


class Home:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        models = self.folder / "cache/models"
        models.mkdir(parents=True)
        if user_model():
            (models / MODEL).symlink_to(user_model())
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("WRIGHT_", "OPENAI_", "XDG_"))}
        self.environment |= {"WRIGHT_HOME": str(self.folder), "LANG": "C.UTF-8", "TERM": "dumb"}

    def run(self, *args, cwd=None, input=None, timeout=120, **environment):
        return subprocess.run([BINARY, *args], cwd=cwd, input=input, timeout=timeout, text=True, capture_output=True,
                              env=self.environment | environment)

    def run_bytes(self, *args, cwd=None, timeout=120):
        return subprocess.run([BINARY, *args], cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True, env=self.environment)

    def status(self):
        return json.loads(self.run("status", "--json").stdout)


def project_in(folder, files):
    project = folder / "project"
    project.mkdir()
    for name, text in files.items():
        (project / name).write_text(text)
    return project


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def home():
    # A short path: a unix socket lies below it.
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        made = Home(folder)
        yield made
        made.run("stop")


@pytest.fixture(scope="module")
def served():
    """A daemon with HTTP, for tests that only read."""
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        made = Home(folder)
        process = subprocess.Popen([BINARY, "daemon", "--allow-root", "--http"], env=made.environment)
        for _ in range(200):
            if made.status().get("http"):
                break
            time.sleep(0.05)
        made.url = made.status()["http"]
        made.token = (made.folder / "state/http-token").read_text().strip()
        yield made
        made.run("stop")
        process.wait(timeout=10)


@pytest.fixture(autouse=True)
def model_needed(request):
    if request.node.get_closest_marker("model") and not user_model():
        pytest.skip("the default model is not here (scripts/get-model fetches it)")


def pytest_configure(config):
    config.addinivalue_line("markers", "model: needs the default model")
