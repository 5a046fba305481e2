"""`hprun status --watch`: on a terminal, and where there is none."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios

import pytest

# One trial waits for a file, so that the search goes on for as long as a test wants.
SCRIPT = """
import os, time
lr = 1
print("loss:", lr, flush=True)
while lr == 2 and not os.path.exists({go!r}):
    time.sleep(0.02)
"""

# What a shell does for a job: a session, whose terminal standard input is.
LEAD = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def searching(project, tmp_path):
    """A search of which a trial has ended and another goes on until the file `go` is there."""
    go = tmp_path / "go"
    project.write("train.py", SCRIPT.format(go=str(go)))
    search = project.start("--hp", "lr=1,2", "--metric", "loss", "--jobs", "1", "train.py")
    while '"running": 1' not in project.hprun("status", "--json").out or (
        '"completed": 1' not in project.hprun("status", "--json").out
    ):
        assert search.poll() is None
    yield project, search, go
    go.touch()
    search.wait(60)


class Terminal:
    """hprun on a terminal of its own, of 80 columns and 24 lines."""

    def __init__(self, project, *words):
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.seen = b""
        self.hprun = subprocess.Popen(
            [sys.executable, "-c", LEAD, *project.command(*words)],
            cwd=project.folder,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            env={**os.environ, "TERM": "xterm"},
        )

    def until(self, words: str):
        """Read until these words have come since the last call."""
        while words.encode() not in self.seen:
            assert select.select([self.ours], [], [], 60)[0], self.seen
            self.seen += os.read(self.ours, 65536)
        self.seen = b""

    def key(self, typed: bytes):
        os.write(self.ours, typed)

    def ended(self) -> int:
        while self.hprun.poll() is None:
            if select.select([self.ours], [], [], 0.05)[0]:
                self.seen += os.read(self.ours, 65536)
        return self.hprun.returncode


def test_keys_filter_show_a_log_stop_a_trial_and_quit_and_the_terminal_is_as_it_was(searching):
    project, search, _ = searching
    terminal = Terminal(project, "status", "--watch")
    terminal.until("1/2 done")
    terminal.key(b"l")
    terminal.until("any key: back")
    terminal.key(b"b")
    terminal.until("q: quit")
    terminal.key(b"/")
    terminal.until("only rows with:")
    terminal.key(b"lr=2\r")
    terminal.until("filter (lr=2)")
    terminal.key(b"x")
    terminal.until("Stop trial 1")
    terminal.key(b"y")
    terminal.until("cancelled")
    terminal.key(b"q")
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    assert b"\x1b[?1049l" in terminal.seen  # the screen of before is back
    search.wait(60)
    assert '"cancelled": 1' in project.hprun("status", "--json").out


def test_watching_ends_by_itself_nowhere_but_without_a_keyboard(searching):
    project, search, go = searching
    terminal = Terminal(project, "status", "--watch")
    terminal.until("1/2 done")
    go.touch()
    search.wait(60)
    terminal.until("complete")
    assert terminal.hprun.poll() is None
    terminal.hprun.send_signal(signal.SIGINT)
    assert terminal.ended() == 0


def test_without_a_terminal_a_line_tells_of_each_change(searching):
    project, search, go = searching
    watch = subprocess.Popen(
        project.command("status", "--watch"), cwd=project.folder, stdout=subprocess.PIPE, text=True
    )
    first = watch.stdout.readline()
    assert first.startswith("train-1: running, 1/2 done, best loss:last 1, trial 0: lr=1")
    go.touch()
    search.wait(60)
    rest = watch.stdout.read()
    assert watch.wait(60) == 0
    assert rest.splitlines()[-1].startswith("train-1: complete, 2/2 done")
    assert "\x1b" not in first + rest


CURVED = """
import os, time
lr = 1
for step in range(4):
    print(f"step {{step}} loss: {{4 - step}}", flush=True)
while not os.path.exists({go!r}):
    time.sleep(0.02)
"""


def test_the_table_of_a_run_shows_curves_on_eighty_columns_too(project, tmp_path):
    go = tmp_path / "go"
    project.write("train.py", CURVED.format(go=str(go)))
    words = ("run", "--hp", "lr=1,2", "--metric", "loss:min", "--jobs", "2", "train.py")
    terminal = Terminal(project, *words)
    terminal.until("curve")
    terminal.until("█▆▃▁")
    go.touch()
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
