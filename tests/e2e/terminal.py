"""A program in a pseudo-terminal, its screen kept by pyte: what a person would see, keys as a person would press them."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
BACKSPACE, CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_U = "\x7f", "\x01", "\x03", "\x04", "\x05", "\x15"


class Terminal:
    def __init__(self, command, *, cwd, env, columns=80, lines=50):
        self.screen = pyte.HistoryScreen(columns, lines, history=5000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.mark = 0
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

        def lead():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(command, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave, preexec_fn=lead, close_fds=True)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def pump(self, seconds=0.05):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                return False
            self.raw += got
            self.stream.feed(got)
            return bool(got)
        return True

    def display(self):
        """The rows as text: a wide character is one character, without the empty cell behind it."""
        return "\n".join("".join(row[x].data for x in range(self.screen.columns)).rstrip() for row in (self.screen.buffer[y] for y in range(self.screen.lines)))

    def row(self):
        return self.display().split("\n")[self.screen.cursor.y]

    def type(self, text):
        """Keys, and from here on expect() looks only at what comes after."""
        self.mark = len(self.raw)
        os.write(self.master, text.encode())

    def expect(self, text, seconds=30):
        """Waits until `text` was written since the last keys; wrapped lines and colours do not matter where text is short."""
        end = time.monotonic() + seconds
        while text.encode() not in self.raw[self.mark:]:
            alive = self.pump()
            assert time.monotonic() < end and (alive or text.encode() in self.raw[self.mark:]), f"{text!r} did not come; the screen:\n{self.display()}"

    def expect_row(self, text, seconds=10):
        """Waits until the row of the cursor reads exactly so."""
        end = time.monotonic() + seconds
        while self.row() != text:
            self.pump()
            assert time.monotonic() < end, f"the row is {self.row()!r}, not {text!r}; the screen:\n{self.display()}"

    def end(self, seconds=20):
        limit = time.monotonic() + seconds
        while self.process.poll() is None:
            self.pump()
            assert time.monotonic() < limit, f"it did not end; the screen:\n{self.display()}"
        while self.pump(0.1) and select.select([self.master], [], [], 0)[0]:
            pass
        return self.process.returncode
