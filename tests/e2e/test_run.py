"""wright run, resume, sessions and undo against a scripted Chat Completions server."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import jsonschema
import pytest

from conftest import BINARY
from scripted_openai import ScriptedOpenAi, call, fault, say

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "daemon/doc/run-events.schema.json").read_text())
SECRET = "sk-e2e-not-to-be-kept-5f1d"


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (folder / "notes.txt").write_bytes(b"one\r\ntwo\r\n\xff\xfe raw bytes")
    return folder


def against(server, *args):
    return [*args, "--base-url", server.url, "--model", "scripted"]


def tree(folder):
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mode) for p in sorted(folder.rglob("*")) if p.is_file()}


FIX = say("I fix it.", call("edit_file", path="calc.py", old_string="a - b", new_string="a + b"))
READ = say("", call("read_file", path="calc.py"))

TEN_STEPS = [
    say("I look around.", call("list_dir", path=".")),
    READ,
    FIX,
    say("", call("write_file", path="test_calc.py", content="from calc import add\nassert add(1, 2) == 3\n")),
    say("", call("run_command", command="python3 test_calc.py && echo passed")),
    say("", call("run_command", command="mkdir -p docs && printf 'made by a command\\n' > docs/made.txt && rm notes.txt")),
    say("", call("grep", pattern="made by"), call("glob", pattern="*.py")),
    say("", call("apply_patch", patch="*** Begin Patch\n*** Update File: calc.py\n@@\n def add(a, b):\n+    # adds\n     return a + b\n*** End Patch\n")),
    say("", call("run_command", command="python3 test_calc.py")),
    say("The sum is right now and a test of it passes."),
]


def test_ten_steps_end_with_the_right_files_the_diff_and_undo_is_byte_exact(home, work):
    before = tree(work)
    with ScriptedOpenAi(TEN_STEPS) as server:
        done = home.run(*against(server, "run", "--mode", "auto", "fix add and add a test"), cwd=work)
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip().endswith("The sum is right now and a test of it passes.")
        assert len(server.requests) == 10 and "passed" in server.results()[4] and "docs/made.txt" in server.results()[6]
    assert (work / "calc.py").read_text() == "def add(a, b):\n    # adds\n    return a + b\n"
    assert (work / "docs/made.txt").read_text() == "made by a command\n" and not (work / "notes.txt").exists()
    for line in ("+    return a + b", "-    return a - b", "+made by a command", "+++ b/test_calc.py", "To take it back: wright undo"):
        assert line in done.stderr
    assert "calc.py" in home.run("undo", "--list", cwd=work).stdout
    undone = home.run("undo", cwd=work)
    assert undone.returncode == 0, undone.stderr
    after = tree(work)
    after = {name: kept for name, kept in after.items() if "__pycache__" not in name}
    assert after == before
    again = undone.stderr.split("wright undo ")[1].split()[0]
    assert home.run("undo", again, cwd=work).returncode == 0
    assert (work / "docs/made.txt").exists() and not (work / "notes.txt").exists()


def test_json_lines_follow_the_schema_and_end_with_the_result(home, work):
    with ScriptedOpenAi([say("Look.", call("read_file", path="calc.py"), reasoning="What is there?"), FIX, say("", call("run_command", command="false")),
                         say("", call("no_such_tool", x=1)), say("Done.")]) as server:
        done = home.run(*against(server, "run", "--json", "--mode", "auto", "--effort", "low", "fix add"), cwd=work)
        assert [r.get("reasoning_effort") for r in server.requests] == ["low"] * 5
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    kinds = [line["type"] for line in lines]
    assert kinds[:2] == ["thread.started", "turn.started"] and kinds[-2:] == ["turn.completed", "result"]
    items = [line["item"] for line in lines if line["type"] == "item.completed"]
    assert {"agent_message", "reasoning", "file_change", "command_execution", "tool_call", "patch", "checkpoint"} <= {i["type"] for i in items}
    command = next(i for i in items if i["type"] == "command_execution")
    assert command["exit_code"] == 1 and command["command"] == "false"
    change = next(i for i in items if i["type"] == "file_change")
    assert change["changes"] == [{"path": "calc.py"}] and change["status"] == "completed"
    result = lines[-1]
    assert result["exit_code"] == 0 and result["answer"] == "Done." and "+    return a + b" in result["diff"]
    assert result["usage"]["input_tokens"] == 500 and result["usage"]["cached_input_tokens"] == 200 and result["steps"] == 5


def test_patch_leaves_the_tree_alone_and_git_takes_the_diff(home, work):
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    before = tree(work)
    with ScriptedOpenAi([FIX, say("", call("run_command", command="printf 'x\\n' > new.txt; rm notes.txt")), say("Done.")]) as server:
        done = home.run_bytes(*against(server, "run", "--patch", "--mode", "auto", "fix add"), cwd=work)
    assert done.returncode == 0, done.stderr
    assert tree(work) == before
    applied = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=work, input=done.stdout, capture_output=True)
    assert applied.returncode == 0, applied.stderr + done.stdout
    assert "a + b" in (work / "calc.py").read_text() and (work / "new.txt").read_text() == "x\n" and not (work / "notes.txt").exists()


def test_a_patch_carries_the_bytes_of_binary_files(home, work):
    (work / "logo.bin").write_bytes(bytes(range(256)) * 3)
    (work / "old.bin").write_bytes(b"\0gone")
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    before = tree(work)
    command = "printf 'a\\000b\\377' > new.bin; printf '\\000\\001' >> logo.bin; rm old.bin; printf 'x\\n' > text.txt"
    with ScriptedOpenAi([say("", call("run_command", command=command)), say("Done.")]) as server:
        done = home.run_bytes(*against(server, "run", "--patch", "--mode", "auto", "make them"), cwd=work)
    assert done.returncode == 0, done.stderr
    assert tree(work) == before
    applied = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=work, input=done.stdout, capture_output=True)
    assert applied.returncode == 0, applied.stderr + done.stdout
    assert (work / "new.bin").read_bytes() == b"a\0b\xff" and (work / "logo.bin").read_bytes() == bytes(range(256)) * 3 + b"\0\1"
    assert not (work / "old.bin").exists() and (work / "text.txt").read_text() == "x\n"


def test_an_empty_patch_is_exit_1(home, work):
    with ScriptedOpenAi([READ, say("Nothing to do.")]) as server:
        done = home.run(*against(server, "run", "--patch", "fix add"), cwd=work)
    assert done.returncode == 1 and done.stdout == "" and "no change" in done.stderr


def test_without_a_terminal_a_question_is_a_refusal(home, work):
    with ScriptedOpenAi([FIX, say("I was not allowed to.")]) as server:
        done = home.run(*against(server, "run", "fix add"), cwd=work)
        assert "no one is there to answer" in server.results()[0]
    assert done.returncode == 3 and "--mode auto-edit" in done.stderr.splitlines()[-1]
    assert "a - b" in (work / "calc.py").read_text()


def test_bad_calls_come_back_to_the_model_as_errors(home, work):
    bad = [say("", call("frobnicate", x=1)), say("", call("read_file", file="calc.py")), say("", call("read_file", path=7)),
           say("", call("read_file", _raw='{"path": "calc.py"')), say("", call("read_file", _raw="calc.py, please")), say("", call("read_file", _raw="[1]")),
           READ, say("Read.")]
    with ScriptedOpenAi(bad) as server:
        done = home.run(*against(server, "run", "read calc.py"), cwd=work)
        told = server.results()
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 8
        sent = [c["function"]["arguments"] for m in server.requests[-1]["messages"] for c in m.get("tool_calls", [])]
    assert "no tool 'frobnicate'" in told[0] and "read_file" in told[0]
    assert "path" in told[1] and "string" in told[2]
    for text in told[3:6]:
        assert "JSON object" in text
    assert "return a - b" in told[6]
    assert all(isinstance(json.loads(text), dict) for text in sent)  # servers parse the history: it must be objects


@pytest.mark.parametrize("script", [
    [fault("status", status=429, text="slow down")], [fault("status", status=500)], [fault("status", status=503), fault("status", status=429)],
    [fault("cut", text="I begin and")], [fault("garbage", text="I begin and")]], ids=["429", "500", "503-429", "cut", "garbage"])
def test_a_passing_fault_is_tried_again(home, work, script):
    with ScriptedOpenAi([READ, *script, say("All is well.")]) as server:
        done = home.run(*against(server, "run", "--json", "look"), cwd=work)
        assert len(server.requests) == 2 + len(script)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["answer"] == "All is well."
    assert [l["item"]["text"] for l in lines if l["type"] == "item.completed" and l["item"]["type"] == "agent_message"] == ["All is well."]


def test_a_refusal_of_the_server_is_not_tried_again(home, work):
    with ScriptedOpenAi([fault("status", status=401, text="bad\x1b[31m key")]) as server:
        done = home.run(*against(server, "run", "look"), cwd=work)
        assert len(server.requests) == 1
    assert done.returncode == 4 and len(done.stderr.strip().splitlines()) == 1 and "API key" in done.stderr and "\x1b" not in done.stderr


def test_an_unreachable_server_is_exit_4_in_one_line(home, work):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    done = home.run("run", "--base-url", url, "--model", "x", "hello", cwd=work)
    assert done.returncode == 4 and len(done.stderr.strip().splitlines()) == 1 and url.removesuffix("/v1") in done.stderr


def started(home, args, cwd, **more):
    return subprocess.Popen([BINARY, *args], cwd=cwd, env=home.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@pytest.mark.parametrize("daemon", ["on", "off"])
def test_an_interrupt_ends_with_130_and_keeps_the_session(home, work, daemon):
    home.environment["WRIGHT_DAEMON"] = daemon
    with ScriptedOpenAi([READ, fault("hang", text="Let me think")]) as server:
        process = started(home, against(server, "run", "look"), work)
        wait_for(lambda: len(server.requests) == 2)
        time.sleep(0.3)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
        took = time.monotonic() - begin
    assert process.returncode == 130, error
    print(f"interrupted after {took:.3f} s")
    assert took < 5, took  # the model would have hung for a minute
    def shown():
        return json.loads(home.run("sessions", "--show", "last", cwd=work).stdout)["items"]
    wait_for(lambda: any(i["type"] == "error" and i["kind"] == "cancelled" for i in shown()))
    assert "return a - b" in next(i for i in shown() if i["type"] == "tool_result")["text"]
    with ScriptedOpenAi([say("On I go.")]) as server:
        resumed = home.run(*against(server, "resume", "last", "go on"), cwd=work)
        assert resumed.returncode == 0 and "On I go." in resumed.stdout
        texts = [m["content"] for m in server.requests[0]["messages"] if m["role"] == "user"]
        assert any("look" in t for t in texts) and any("go on" in t for t in texts)


def test_an_interrupt_stops_a_running_command(home, work):
    with ScriptedOpenAi([say("", call("run_command", command="touch begun; sleep 300; touch late"))]) as server:
        process = started(home, against(server, "run", "--mode", "auto", "wait"), work)
        wait_for(lambda: (work / "begun").exists())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    wait_for(lambda: subprocess.run(["pgrep", "-f", "touch begun; sleep 300"], capture_output=True).returncode == 1, 10)


def test_a_killed_daemon_loses_no_finished_item(home, work):
    with ScriptedOpenAi([READ, FIX, fault("hang", text="Now")]) as server:
        process = started(home, against(server, "run", "--mode", "auto-edit", "fix add"), work)
        wait_for(lambda: len(server.requests) == 3)
        os.kill(home.status()["pid"], signal.SIGKILL)
        out, error = process.communicate(timeout=20)
    assert process.returncode == 1 and "the daemon ended" in error and len(error.strip().splitlines()[-1:]) == 1
    rows = json.loads(home.run("sessions", "--json", cwd=work).stdout)["sessions"]
    assert len(rows) == 1 and rows[0]["title"] == "fix add"
    items = json.loads(home.run("sessions", "--show", rows[0]["id"][:6], cwd=work).stdout)["items"]
    assert [i["type"] for i in items if i["type"].startswith("tool_")] == ["tool_call", "tool_result"] * 2
    assert "a + b" in (work / "calc.py").read_text()
    with ScriptedOpenAi([say("It is fixed.")]) as server:
        assert home.run(*against(server, "resume", rows[0]["id"][:6], "is it fixed?"), cwd=work).returncode == 0
        assert len(server.results(0)) == 2
    assert home.run("undo", cwd=work).returncode == 0
    assert "a - b" in (work / "calc.py").read_text()


def test_limits_end_a_task_with_exit_1(home, work):
    with ScriptedOpenAi([fault("hang", text="hm")]) as server:
        late = home.run(*against(server, "run", "--timeout", "1", "look"), cwd=work)
        assert late.returncode == 1 and "Stopped by the limit: time" in late.stderr
    with ScriptedOpenAi([say("", call("read_file", path=f"none{i}")) for i in range(5)]) as server:
        long = home.run(*against(server, "run", "--max-steps", "3", "look"), cwd=work)
        assert long.returncode == 1 and "Stopped by the limit: steps" in long.stderr and len(server.requests) == 3
    with ScriptedOpenAi([say("", call("read_file", path="none"))] * 20) as server:
        same = home.run(*against(server, "run", "look"), cwd=work)
        assert same.returncode == 1 and "repeated failure" in same.stderr and len(server.requests) < 20


def test_undo_keeps_what_the_user_changed_meanwhile(home, work):
    with ScriptedOpenAi([FIX, say("Done.")]) as server:
        home.run(*against(server, "run", "--mode", "auto", "fix add"), cwd=work)
    mine = (work / "calc.py").read_text() + "# mine\n"
    (work / "calc.py").write_text(mine)
    refused = home.run("undo", cwd=work)
    assert refused.returncode == 1 and "calc.py" in refused.stderr and len(refused.stderr.strip().splitlines()) == 1
    assert (work / "calc.py").read_text() == mine
    forced = home.run("undo", "--force", cwd=work)
    assert forced.returncode == 0 and "a - b" in (work / "calc.py").read_text()
    assert home.run("undo", forced.stderr.split("wright undo ")[1].split()[0], cwd=work).returncode == 0
    assert (work / "calc.py").read_text() == mine


def test_undo_of_the_conversation(home, work):
    with ScriptedOpenAi([say("First answer."), say("Second answer."), say("Third answer.")]) as server:
        home.run(*against(server, "run", "first"), cwd=work)
        home.run(*against(server, "resume", "last", "second"), cwd=work)
        assert home.run("undo", "--conversation", cwd=work).returncode == 0
        home.run(*against(server, "resume", "last", "third"), cwd=work)
        said = json.dumps(server.requests[-1]["messages"])
    assert "First answer." in said and "third" in said and "Second answer." not in said


def test_the_key_is_sent_and_kept_nowhere(home, work):
    with ScriptedOpenAi([say("", call("run_command", command="env; cat /proc/self/environ")), say("Hello.")]) as server:
        done = home.run(*against(server, "run", "--mode", "auto", "hello"), cwd=work, OPENAI_API_KEY=SECRET)
        assert done.returncode == 0 and server.keys == ["Bearer " + SECRET] * 2
        assert SECRET not in json.dumps(server.requests) and SECRET not in done.stdout + done.stderr
    shown = home.run("sessions", "--show", "last", cwd=work).stdout + home.run("status", "--json").stdout
    for what in ("status", "jobs", "sessions", "services"):
        got = subprocess.run(["curl", "-s", "--unix-socket", home.folder / "run/wrightd.sock", f"http://wright/api/{what}"], capture_output=True, text=True)
        shown += got.stdout
    assert SECRET not in shown
    home.run("stop")
    for path in home.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET.encode() not in path.read_bytes(), path


def test_usage_errors_and_help(home, work):
    assert home.run("run", cwd=work).returncode == 2
    assert home.run("run", "", cwd=work).returncode == 2
    assert home.run("run", "--mode", "yolo", "x", cwd=work).returncode == 2
    assert home.run("run", "--effort", "huge", "x", cwd=work).returncode == 2
    assert home.run("run", "--allow", "Bash(", "x", cwd=work).returncode == 2
    missing = home.run("run", "-C", "no-such-folder", "x", cwd=work)
    assert missing.returncode != 0 and "no-such-folder" in missing.stderr
    assert home.run("resume", cwd=work).returncode == 2
    unknown = home.run("resume", "zzzz", "go", "--base-url", "http://127.0.0.1:1/v1", "--model", "m", cwd=work)
    assert unknown.returncode == 2 and "wright sessions" in unknown.stderr
    nothing = home.run("undo", cwd=work)
    assert nothing.returncode == 1 and len(nothing.stderr.strip().splitlines()) == 1
    for verb in ("run", "resume", "sessions", "undo"):
        text = home.run(verb, "--help").stdout
        assert f"  wright {verb}" in text and "Exit status" in text
    assert "wright VERB --help" in home.run().stdout  # without a terminal nothing interactive begins


def test_dash_c_and_a_prompt_from_stdin(home, work, tmp_path):
    with ScriptedOpenAi([FIX, say("Done.")]) as server:
        done = home.run(*against(server, "run", "-C", str(work), "--mode", "auto-edit", "-"), cwd=tmp_path, input="fix add\nplease\n")
        assert "fix add\nplease" in json.dumps(server.requests[0]["messages"]).replace("\\n", "\n")
    assert done.returncode == 0 and "a + b" in (work / "calc.py").read_text()
    assert "fix add" in home.run("sessions", "-C", str(work), cwd=tmp_path).stdout
    assert home.run("undo", "-C", str(work), cwd=tmp_path).returncode == 0
