"""The main job where bubblewrap cannot make namespaces (sandbox level B): candidates run in copies, under Landlock and seccomp."""
import pathlib
import subprocess
import sys

import pytest

from conftest import BINARY, project_in, tree

here = pathlib.Path(__file__).resolve().parent
CMD = "python3 -m unittest -q"
FILES = {"limit.py": "def clamp(x, low, high):\n    return max(low, max(x, high))\n",
         "test_limit.py": "import unittest\nfrom limit import clamp\n\n\nclass Clamp(unittest.TestCase):\n    def test_clamp(self):\n"
                          "        self.assertEqual([clamp(x, 1, 5) for x in (0, 3, 9)], [1, 3, 5])\n"}


@pytest.fixture
def at_b(home):
    def run(*args, cwd=None):
        return subprocess.run([sys.executable, here / "no_namespaces.py", BINARY, *args], cwd=cwd, text=True, capture_output=True, timeout=120,
                              env=home.environment | {"WRIGHT_DAEMON": "off", "PYTHONDONTWRITEBYTECODE": "1"})
    probe = run("doctor")
    if "cannot make a user namespace" in probe.stderr:
        pytest.skip("user namespaces cannot be made here")
    if "level C" in probe.stdout:
        pytest.skip("this kernel has no Landlock of level B")
    assert "level B" in probe.stdout
    return run


def test_fix_apply_and_undo(at_b, tmp_path):
    project = project_in(tmp_path, FILES)
    (project / ".git").mkdir()  # a control file, which a copy that is thrown away need not protect
    before = tree(project)
    done = at_b("fix", "--test", CMD, "--apply", cwd=project)
    assert done.returncode == 0, done.stderr
    assert subprocess.run(CMD, shell=True, cwd=project, capture_output=True, env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}).returncode == 0
    assert at_b("undo", cwd=project).returncode == 0
    assert tree(project) == before


def test_a_test_that_writes_outside_is_stopped(at_b, tmp_path):
    project = project_in(tmp_path, FILES)
    outside = tmp_path / "outside"
    done = at_b("fix", "--test", f"touch {outside}; touch here && mkdir made && {CMD}", cwd=project)
    assert done.returncode == 0, done.stderr
    assert not outside.exists()
    assert not (project / "here").exists() and not (project / "made").exists()
