"""Bare wright in a pseudo-terminal: a person's keys in, the screen out."""
import pytest

from conftest import BINARY
from scripted_openai import ScriptedOpenAi, call, fault, say
from terminal import BACKSPACE, CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_U, LEFT, RIGHT, UP, Terminal

FIX = say("I fix it.", call("edit_file", path="calc.py", old_string="a - b", new_string="a + b"))
RUN = say("", call("run_command", command="touch made.txt"))


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    return folder


def wright(home, work, server, *args, term="xterm-256color", columns=150):
    return Terminal([BINARY, *args, "--base-url", server.url, "--model", "scripted"], cwd=work, env=home.environment | {"TERM": term}, columns=columns)


def asked(server, at=-1):
    return [m["content"] for m in server.requests[at]["messages"] if m["role"] == "user"][-1]


def test_help_hangul_a_streaming_reply_and_the_end(home, work):
    with ScriptedOpenAi([say("안녕하세요, the reply streams in pieces of text.", pause=0.05), say("Second.")]) as server, wright(home, work, server) as t:
        t.expect("> ")
        assert "mode ask" in t.display()
        t.type("/help\r")
        t.expect("/quit")
        t.type("/nonsense\r")
        t.expect("no command /nonsense")
        t.expect_row(">")
        t.type("한글을 고쳐 줘라")
        t.expect_row("> 한글을 고쳐 줘라")
        assert t.screen.cursor.x == 2 + 16
        t.type(BACKSPACE)
        t.expect_row("> 한글을 고쳐 줘")
        assert t.screen.cursor.x == 2 + 14
        t.type(CTRL_A + RIGHT + RIGHT + BACKSPACE)
        t.expect_row("> 한을 고쳐 줘")
        assert t.screen.cursor.x == 4
        t.type("국")
        t.expect_row("> 한국을 고쳐 줘")
        assert t.screen.cursor.x == 6
        t.type(CTRL_E + LEFT + LEFT + "X")
        t.expect_row("> 한국을 고쳐X 줘")
        t.type("\r")
        t.expect("안녕하세요")
        assert "in pieces of text" not in t.display(), "it should stream"
        t.expect("pieces of text.")
        assert asked(server) == "한국을 고쳐X 줘"
        t.expect_row(">")
        t.type(UP)
        t.expect_row("> 한국을 고쳐X 줘")
        t.type(CTRL_U + "second\r")
        t.expect("Second.")
        said = str(server.requests[-1]["messages"])
        assert "한국을" in said and "안녕하세요" in said, "one conversation"
        t.expect_row(">")
        t.type(CTRL_D)
        assert t.end() == 0
    assert (home.folder / "state/history").stat().st_mode & 0o777 == 0o600


def test_a_long_line_of_wide_characters_wraps_and_unwraps(home, work):
    with ScriptedOpenAi([say("Yes.")]) as server, wright(home, work, server, columns=20) as t:
        t.expect("> ")
        t.type("가나다라마바사아자차카타파하" * 2)
        t.expect_row("바사아자차카타파하")
        assert "> 가나다라마바사아자\n차카타파하가나다라마\n바사" in t.display() and t.screen.cursor.x == 18
        t.type(BACKSPACE * 12)
        t.expect_row("차카타파하가나")
        t.type(CTRL_A + "AB")
        t.expect_row("> AB가나다라마바사아")
        assert t.screen.cursor.x == 4
        t.type("\r")
        t.expect("Yes.")
        assert asked(server) == "AB가나다라마바사아자차카타파하가나"


def test_questions_are_answered_with_yes_no_and_always(home, work):
    script = [FIX, say("One."), RUN, say("Two."), RUN, RUN, say("Three."), RUN, say("Four.")]
    with ScriptedOpenAi(script) as server, wright(home, work, server) as t:
        t.expect("> ")
        t.type("fix\r")
        t.expect("edit_file wants to make this change")
        t.expect("no: ")
        assert "+    return a + b" in t.display() and "a - b" in (work / "calc.py").read_text()
        t.type("y\r")
        t.expect("One.")
        assert "a + b" in (work / "calc.py").read_text()
        t.type("touch\r")
        t.expect("touch made.txt")
        t.expect("no: ")
        t.type("n\r")
        t.expect("Two.")
        assert not (work / "made.txt").exists() and "user" in server.requests[3]["messages"][-1]["content"].lower()
        t.type("touch again\r")
        t.expect("always in this session")
        t.expect("no: ")
        t.type("what\r")
        t.expect("no: ")
        t.type("a\r")
        t.expect("Three.")
        assert t.raw[t.mark:].count(b"wants to run") == 0, "the second call of the turn is granted"
        assert (work / "made.txt").exists()
        t.type("and again\r")
        t.expect("Four.")
        assert b"wants to run" not in t.raw[t.mark:], "always holds for the conversation"


def test_diff_undo_mode_and_quit(home, work):
    with ScriptedOpenAi([FIX, say("Fixed.")]) as server, wright(home, work, server) as t:
        t.expect("> ")
        t.type("/mode\r")
        t.expect("The mode is ask")
        t.type("/mode auto-edit\r")
        t.expect("Mode auto-edit")
        t.type("fix\r")
        t.expect("Fixed.")
        t.expect("To take it back")
        t.expect_row(">")
        t.type("/diff\r")
        t.expect("+    return a + b")
        t.type("/undo\r")
        t.expect("restored calc.py")
        assert "a - b" in (work / "calc.py").read_text()
        t.type("/undo\r")
        t.expect("nothing")
        t.type("/sessions\r")
        t.expect("fix")
        t.type("/quit\r")
        assert t.end() == 0


def test_an_interrupt_cancels_the_turn_and_the_conversation_goes_on(home, work):
    slow = say("", call("run_command", command="touch begun; sleep 300"))
    with ScriptedOpenAi([fault("hang", text="Let me think about it"), slow, FIX, say("Good.")]) as server, wright(home, work, server, "--mode", "auto") as t:
        t.expect("> ")
        t.type("half a line" + CTRL_C)
        t.expect("^C")
        t.expect_row(">")
        t.type("think\r")
        t.expect("Let me think")
        t.type(CTRL_C)
        t.expect("Cancelled")
        t.expect_row(">")
        t.type("wait\r")
        while not (work / "begun").exists():
            t.pump()
        t.type(CTRL_C)
        t.expect("Cancelled")
        t.expect_row(">")
        t.type("fix\r")
        t.expect("Good.")
        said = str(server.requests[-1]["messages"])
        assert "think" in said and "wait" in said and "a + b" in (work / "calc.py").read_text()
        t.expect_row(">")
        t.type(CTRL_D)
        assert t.end() == 0


def test_an_interrupt_at_a_question(home, work):
    with ScriptedOpenAi([FIX, say("Second turn.")]) as server, wright(home, work, server) as t:
        t.expect("> ")
        t.type("fix\r")
        t.expect("no: ")
        t.type(CTRL_C)
        t.expect("Cancelled")
        t.expect_row(">")
        assert "a - b" in (work / "calc.py").read_text()
        t.type("hello\r")
        t.expect("Second turn.")


def test_an_interrupt_at_a_question_of_run_is_130(home, work):
    with ScriptedOpenAi([FIX, say("Too late.")]) as server, wright(home, work, server, "run", "fix") as t:
        t.expect("no: ")
        t.type(CTRL_C)
        assert t.end(10) == 130
        assert "a - b" in (work / "calc.py").read_text() and len(server.requests) == 1


def test_a_failed_turn_is_one_line_and_the_conversation_goes_on(home, work):
    with ScriptedOpenAi([fault("status", status=401, text="bad key"), say("Now it works.")]) as server, wright(home, work, server) as t:
        t.expect("> ")
        t.type("hello\r")
        t.expect("check the API key")
        t.expect_row(">")
        t.type("hello\r")
        t.expect("Now it works.")


def test_a_reply_that_breaks_off_is_shown_whole(home, work):
    with ScriptedOpenAi([fault("cut", text="It begins and"), say("Here is the whole answer.")]) as server, wright(home, work, server) as t:
        t.expect("> ")
        t.type("hello\r")
        t.expect("whole answer.")
        t.expect_row(">")
        assert "\nHere is the whole answer." in t.display()


def test_escape_sequences_of_a_model_do_not_reach_the_terminal(home, work):
    with ScriptedOpenAi([say("bad \x1b]0;title\x07\x1b[2J\x9b31m end."), say("", call("run_command", command="printf '\x1b[2J'")), say("Over.")]) as server, \
            wright(home, work, server) as t:
        t.expect("> ")
        t.type("hello\r")
        t.expect("end.")
        t.type("again\r")
        t.expect("no: ")
        t.type("n\r")
        t.expect("Over.")
        assert b"\x1b]0" not in t.raw and b"\x1b[2J" not in t.raw


def test_a_dumb_terminal_gets_no_escape_sequences(home, work):
    with ScriptedOpenAi([FIX, say("Fixed."), say("Bye.")]) as server, wright(home, work, server, term="dumb") as t:
        t.expect("> ")
        t.type("/help\r")
        t.expect("/quit")
        t.type("고쳐\r")
        t.expect("no: ")
        t.type("y\r")
        t.expect("Fixed.")
        t.expect("To take it back")
        assert asked(server) == "고쳐"
        t.type("half" + CTRL_C)
        t.expect("> ")
        t.type("more\r")
        t.expect("Bye.")
        assert asked(server) == "more"
        t.type(CTRL_D)
        assert t.end() == 0
        assert b"\x1b" not in t.raw


def test_resume_is_interactive_and_run_asks_on_a_terminal(home, work):
    with ScriptedOpenAi([FIX, say("Fixed."), say("I remember.")]) as server:
        with wright(home, work, server, "run", "fix") as t:
            t.expect("no: ")
            t.type("y\r")
            assert t.end() == 0
            assert "Fixed." in t.display() and "+    return a + b" in t.display()
        with wright(home, work, server, "resume") as t:
            t.expect("> ")
            t.type("do you remember?\r")
            t.expect("I remember.")
            assert "a + b" in str(server.requests[-1]["messages"])


def test_without_a_terminal_options_alone_are_a_usage_error(home, work):
    done = home.run("--mode", "auto", cwd=work, input="hello\n")
    assert done.returncode == 2 and "wright run" in done.stderr
    assert home.run("--no-such-option", cwd=work).returncode == 2


def paste(text):
    return "\x1b[200~" + text + "\x1b[201~"


def test_a_paste_keeps_its_lines_and_submits_nothing(home, work):
    code = "고쳐 줘:\rdef f(x):\r\treturn x\r"
    with ScriptedOpenAi([say("Read it."), say("Again.")]) as server, wright(home, work, server, columns=40) as t:
        t.expect("\x1b[?2004h")
        t.expect_row(">")
        t.type("이것을 " + paste(code))
        t.expect_row("")
        assert "> 이것을 고쳐 줘:\ndef f(x):\n        return x\n" in t.display() and t.screen.cursor.x == 0
        assert not server.requests, "a pasted line break submits nothing"
        t.type(BACKSPACE + " + 1")
        t.expect_row("        return x + 1")
        t.type("\r")
        t.expect("Read it.")
        assert asked(server) == "이것을 고쳐 줘:\ndef f(x):\n\treturn x + 1"
        t.expect_row(">")
        t.type(UP)
        t.expect_row("        return x + 1")
        t.type(CTRL_U + paste("\x03[31m/quit\n\x04"))  # keys inside a paste are no keys
        t.expect_row("")
        t.type("\r")
        t.expect("Again.")
        assert asked(server) == "[31m/quit"
    assert "?2004l" in t.raw.decode(errors="replace")


def test_a_long_paste_shows_the_rows_around_the_cursor(home, work):
    with ScriptedOpenAi([say("Long.")]) as server, wright(home, work, server, columns=40) as t:
        t.expect_row(">")
        t.type(paste("\n".join(f"line {i}" for i in range(300))))
        t.expect_row("line 299")
        t.type("!" + BACKSPACE + "?")
        t.expect_row("line 299?")
        assert t.display().count("line 298") == 1
        t.type("\r")
        t.expect("Long.")
        assert asked(server).count("\n") == 299 and asked(server).endswith("line 299?")
