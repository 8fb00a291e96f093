"""wright fix by its verb: what it changes, and what it never does."""
import json
import os
import signal
import subprocess
import time

from conftest import BINARY, project_in, tree

FILES = {"limit.py": "def clamp(x, low, high):\n    return max(low, max(x, high))\n",
         "test_limit.py": "import time\nimport unittest\nfrom limit import clamp\ntime.sleep(0.2)\n\n\nclass Clamp(unittest.TestCase):\n    def test_clamp(self):\n"
                          "        self.assertEqual([clamp(x, 1, 5) for x in (0, 3, 9)], [1, 3, 5])\n"}


def start(home, project, *args):
    return subprocess.Popen([BINARY, "fix", "--test", "python3 -m unittest -q", "--order", "prior", "-C", project, *args], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=home.environment | {"PYTHONDONTWRITEBYTECODE": "1"})


def test_what_the_user_writes_meanwhile_is_kept(home, tmp_path):
    project = project_in(tmp_path, FILES)
    running = start(home, project, "--apply", "--json")
    for line in running.stdout:  # once the search has read the file
        if json.loads(line).get("kind") == "candidate":
            break
    mine = FILES["limit.py"] + "\n\n# mine\n"
    (project / "limit.py").write_text(mine)
    out, err = running.communicate(timeout=120)
    assert (project / "limit.py").read_text() == mine
    assert running.returncode == 1, err
    assert "changed while the search ran" in err


def test_killed_in_the_middle_nothing_is_changed(home, tmp_path):
    project = project_in(tmp_path, FILES)
    before = tree(project)
    running = start(home, project, "--apply", "--json")
    for line in running.stdout:
        if json.loads(line).get("kind") == "candidate":
            break
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=30)
    time.sleep(1)
    assert tree(project) == before


def test_interrupted_it_ends_with_130(home, tmp_path):
    project = project_in(tmp_path, FILES)
    before = tree(project)
    running = start(home, project, "--json")
    for line in running.stdout:
        if json.loads(line).get("kind") == "phase":
            break
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert tree(project) == before


