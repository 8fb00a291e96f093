"""A full disk under the state folder: one clear line, and nothing of the user's is lost. Needs root, which may mount a tiny tmpfs."""
import os
import subprocess

import pytest

from scripted_openai import ScriptedOpenAi, call, say

FIX = say("I fix it.", call("edit_file", path="calc.py", old_string="a - b", new_string="a + b"))
BEFORE = "def add(a, b):\n    return a - b\n"


@pytest.fixture
def full(home):
    state = home.folder / "state"
    state.mkdir(exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", state], capture_output=True).returncode != 0:
        pytest.skip("a tiny tmpfs cannot be mounted here (needs root)")
    yield state
    home.run("stop")
    subprocess.run(["umount", "-l", state], check=True)


def fill(state):
    with open(state / "ballast", "wb", buffering=0) as f:
        try:
            while f.write(b"x" * 4096):
                pass
        except OSError:
            pass


@pytest.fixture
def work(tmp_path):
    (tmp_path / "calc.py").write_text(BEFORE)
    return tmp_path


def run(home, server, work):
    return home.run("run", "--mode", "auto-edit", "--base-url", server.url, "--model", "scripted", "fix add", cwd=work)


def test_a_full_state_folder_is_one_clear_line_and_no_edit(home, full, work):
    with ScriptedOpenAi([FIX, say("Done.")] * 3) as server:
        assert home.run("status").returncode in (0, 1)
        fill(full)
        done = run(home, server, work)
        assert done.returncode != 0
        last = done.stderr.strip().splitlines()[-1]
        assert "No space left" in last and "free some disk space" in last, done.stderr
        assert done.returncode == 1
        assert (work / "calc.py").read_text() == BEFORE, "an edit that undo could not take back"
        (full / "ballast").unlink()
        done = run(home, server, work)
        assert done.returncode == 0, done.stderr
        assert "a + b" in (work / "calc.py").read_text()
        assert home.run("undo", cwd=work).returncode == 0
        assert (work / "calc.py").read_text() == BEFORE


def test_a_disk_that_fills_in_a_session_keeps_what_was_acknowledged(home, full, work):
    with ScriptedOpenAi([FIX, say("Done.")] + [say("", call("write_file", path="big.txt", content="y" * 900)), say("Done.")] * 2) as server:
        assert run(home, server, work).returncode == 0
        fill(full)
        done = run(home, server, work)
        assert done.returncode != 0 and not (work / "big.txt").exists(), done.stderr
        (full / "ballast").unlink()
        assert home.run("sessions", cwd=work).stdout.strip(), "the first session is still listed"
        assert home.run("undo", cwd=work).returncode == 0
        assert (work / "calc.py").read_text() == BEFORE
