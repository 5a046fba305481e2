"""What bounds a search: retries, failures, time, logs, room on the disk, the key q."""

import json
import os
import pty
from pathlib import Path

import pytest

from hprun.cli.quantities import Duration, Size


def _trials(project):
    return json.loads(project.hprun("results", "--json").out)["trials"]


def test_a_failing_run_is_tried_again_as_often_as_asked(project):
    project.write(
        "train.py",
        "import pathlib, sys\nlr = 1\ntries = pathlib.Path('tries')\n"
        "count = int(tries.read_text()) + 1 if tries.exists() else 1\n"
        "tries.write_text(str(count))\nif count < 3:\n    sys.exit(1)\nprint('loss:', lr)\n",
    )
    short = project.hprun("--hp", "lr=1", "--max-retries", "1", "--metric", "loss", "train.py")
    assert short.status == 1
    assert _trials(project)[0]["folds"][0]["attempts"] == 2
    answer = project.hprun("--hp", "lr=2", "--max-retries", "2", "--metric", "loss", "train.py")
    assert answer.status == 0
    assert "goes back to the queue: failed (exit status 1)" in answer.err
    assert _trials(project)[0]["folds"][0]["attempts"] == 3


def test_the_first_failure_can_stop_the_search(project):
    project.write("train.py", "lr = 1\nassert lr != 2\nprint('loss:', lr)\n")
    answer = project.hprun(
        "--hp", "lr=1:9", "-j", "1", "--fail-fast", "--metric", "loss", "train.py"
    )
    assert answer.status == 1
    assert "a run failed" in answer.err
    states = [t["state"] for t in sorted(_trials(project), key=lambda t: t["trial"])]
    assert states == ["completed", "failed"] + ["queued"] * 7


def test_a_search_ends_in_time_and_can_be_resumed(project):
    project.write("train.py", "import time\nlr = 1\ntime.sleep(0.5)\nprint('loss:', lr)\n")
    answer = project.hprun(
        "--hp", "lr=1:8", "-j", "1", "--for", "2", "--metric", "loss", "train.py"
    )
    assert answer.status == 75
    assert "--for is over" in answer.err
    states = [t["state"] for t in _trials(project)]
    assert "completed" in states
    assert "queued" in states
    assert project.processes() == []
    assert project.hprun("--hp", "lr=1:8", "--metric", "loss", "train.py").status == 0


def test_nothing_is_started_with_too_little_room(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    process = project.start(
        "--hp", "lr=1", "--min-free", "1000T", "--metric", "loss", "train.py", stderr=-1, text=True
    )
    for line in process.stderr:
        if "nearly full" in line:
            break
    process.terminate()
    process.stderr.read()
    assert process.wait(30) == 143
    assert _trials(project)[0]["state"] == "queued"


def test_a_log_that_grows_too_large_keeps_its_head_and_tail(project):
    project.write(
        "train.py",
        "lr = 1\nprint('first line')\nfor i in range(20_000):\n    print('x' * 99)\n"
        "print('loss:', lr)\n",
    )
    command = ("--hp", "lr=1", "--max-log", "100k", "--metric", "loss", "train.py")
    assert project.hprun(*command).status == 0
    log = Path(_trials(project)[0]["folds"][0]["path"] + ".log")
    text = log.read_text()
    assert len(text) < 101_000
    assert text.startswith("first line\n")
    assert text.endswith("loss: 1\n")
    assert "bytes left out here (--max-log)" in text


def test_a_growing_log_gives_back_the_room_of_its_middle(tmp_path):
    from hprun.executors.logs import hold_down, settle

    log = tmp_path / "log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"head" + b"x" * 1_000_000)
        size = log.stat().st_blocks
        hold_down(log, 100_000)
        if log.stat().st_blocks == size:
            pytest.skip("this file system cannot punch holes")
        assert log.stat().st_blocks * 512 < 150_000
        writer.write(b"tail")
    assert settle(log, 100_000) > 0
    data = log.read_bytes()
    assert data.startswith(b"head")
    assert data.endswith(b"tail")
    assert b"\0" not in data


@pytest.mark.parametrize("typed", [b"q", b"quit\n"])
def test_the_key_q_and_the_word_quit_stop_a_search(project, typed):
    project.write("train.py", "import time\nlr = 1\nopen('began', 'w').close()\ntime.sleep(600)\n")
    master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:  # a session whose terminal this is, as in a real terminal
        os.setsid()
        os.close(master)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.chdir(project.folder)
        command = project.command("--hp", "lr=1,2", "-j", "2", "train.py")
        os.execvpe(command[0], command, {**os.environ, "TERM": "xterm"})
    os.close(slave)
    seen = b""
    while len(list(project.cache.glob("*/*/fold-0/began"))) < 2:
        seen += os.read(master, 4096)
    os.write(master, typed)
    try:
        while chunk := os.read(master, 4096):
            seen += chunk
    except OSError:
        pass  # the terminal was closed: the program has ended
    _, status = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 75, seen.decode()
    assert b"hprun resume" in seen
    assert project.processes() == []


def test_the_end_of_standard_input_stops_nothing(project):
    project.write("train.py", "import time\nlr = 1\ntime.sleep(0.3)\nprint('loss:', lr)\n")
    assert project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py").status == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("30s", 30), ("45m", 2700), ("8h", 28800), ("1d12h", 129600), ("1.5h", 5400)],
)
def test_times(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("500k", 5e5), ("50M", 5e7), ("2GB", 2e9), ("1.5GiB", 1.5e9)]
)
def test_sizes(text, size):
    assert Size().convert(text, None, None) == size
