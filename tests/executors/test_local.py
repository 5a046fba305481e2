"""Attempts as real processes: how they begin, how they are found again, how they end."""

import os
import signal
import sys
import textwrap

import psutil
import pytest

from hprun.executors import Launch, LocalExecutor
from hprun.files import Lock, is_locked
from hprun.model import Alive, Exited, Gone
from hprun.paths import RunPaths


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "fold-0"
    folder.mkdir()
    return RunPaths(folder)


def _start(executor, paths, code, *args, run=1, attempt=1, env=None):
    lock = Lock(paths.lock)
    assert lock.acquire()
    (paths.folder / "train.py").write_text(textwrap.dedent(code))
    command = [sys.executable, "train.py", *args]
    environment = {**os.environ, **(env or {})}
    executor.start(Launch(run, attempt, paths, command, environment, lock))


def _until(executor, paths, wanted, *, run=1, attempt=1):
    """Wait for the kernel's word, as the loop does; the test's own time limit is the bound."""
    while True:
        life = executor.look(run, attempt, paths)
        if isinstance(life, wanted):
            return life
        executor.wait(0.5)


def _until_written(executor, path):
    while not path.exists() or not path.read_text().endswith("\n"):
        executor.wait(0.01)
    return path.read_text()


WAITS = """
    import time
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("print('fine')", 0),
        ("raise SystemExit(3)", 3),
        ("1 / 0", 1),
        ("import os; os._exit(5)", 5),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 139),
        ("this is no Python", 1),
    ],
)
def test_a_run_leaves_a_record_of_how_it_ended(paths, code, status):
    executor = LocalExecutor()
    _start(executor, paths, code)
    life = _until(executor, paths, Exited)
    assert life.status == status
    executor.bury(1, 1, paths)
    assert not is_locked(paths.lock)


def test_an_interpreter_that_is_not_there_is_a_status_and_no_crash(paths):
    executor = LocalExecutor()
    lock = Lock(paths.lock)
    lock.acquire()
    executor.start(Launch(1, 1, paths, ["/nowhere/python", "x.py"], dict(os.environ), lock))
    assert _until(executor, paths, Exited).status == 127


def test_the_script_sees_an_ordinary_call(paths):
    executor = LocalExecutor()
    code = """
        import os, sys
        print(sys.argv, os.getcwd(), repr(sys.stdin.read()), os.environ["MINE"])
        print("to stderr", file=sys.stderr)
    """
    _start(executor, paths, code, "--x", "a b'c\"$HOME", env={"MINE": "a b"})
    _until(executor, paths, Exited)
    log = paths.log.read_text()
    expected = f"{['train.py', '--x', chr(97) + ' b' + chr(39) + 'c' + chr(34) + '$HOME']}"
    assert f"{expected} {paths.folder} '' a b\n" in log
    assert "to stderr\n" in log


def test_signals_mean_to_the_script_what_they_always_mean(paths):
    executor = LocalExecutor()
    code = "import signal; print([signal.getsignal(s) for s in (1, 2, 15)])"
    _start(executor, paths, code)
    _until(executor, paths, Exited)
    # HUP and TERM as the system has them, INT as Python has it.
    assert paths.log.read_text().count("SIG_DFL") == 2
    assert "default_int_handler" in paths.log.read_text()


def test_the_record_says_whether_the_script_was_told_to_end(paths):
    executor = LocalExecutor()
    code = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print("ready", flush=True)
        time.sleep(600)
    """
    _start(executor, paths, code)
    _until_written(executor, paths.log)
    executor.signal(paths, signal.SIGTERM)
    life = _until(executor, paths, Exited)
    assert (life.status, life.told) == (0, True)
    executor.bury(1, 1, paths)
    _start(executor, paths, "print('fine')", attempt=2)
    life = _until(executor, paths, Exited, attempt=2)
    assert (life.status, life.told) == (0, False)


def test_another_coordinator_finds_a_living_run_and_sees_it_end(paths):
    first, second = LocalExecutor(), LocalExecutor()
    _start(first, paths, WAITS)
    _until_written(first, paths.log)
    assert isinstance(second.look(1, 1, paths), Alive)
    second.signal(paths, signal.SIGTERM)
    assert _until(second, paths, Exited).status == 143
    second.bury(1, 1, paths)
    assert not is_locked(paths.lock)


def test_a_run_killed_with_its_shell_is_gone(paths):
    executor = LocalExecutor()
    _start(executor, paths, WAITS)
    _until_written(executor, paths.log)
    executor.signal(paths, signal.SIGKILL)
    assert isinstance(_until(executor, paths, (Gone, Exited)), Gone)


def test_an_attempt_that_was_never_started_is_gone(paths):
    assert isinstance(LocalExecutor().look(1, 1, paths), Gone)


def test_a_record_of_an_earlier_attempt_says_nothing_about_this_one(paths):
    paths.exit_record.write_text("1 0 0\n")
    executor = LocalExecutor()
    assert isinstance(executor.look(1, 1, paths), Exited)
    assert isinstance(executor.look(1, 2, paths), Gone)


@pytest.mark.parametrize("torn", ["", "1", "x y z", "1 0", "1 0 0 0"])
def test_a_torn_record_is_none(paths, torn):
    paths.exit_record.write_text(torn)
    assert isinstance(LocalExecutor().look(1, 1, paths), Gone)


def test_a_script_that_ignores_sigterm_is_killed(paths):
    executor = LocalExecutor()
    code = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        time.sleep(600)
    """
    _start(executor, paths, code)
    _until_written(executor, paths.log)
    executor.signal(paths, signal.SIGTERM)
    executor.wait(0.3)
    assert isinstance(executor.look(1, 1, paths), Alive)
    executor.signal(paths, signal.SIGKILL)
    assert isinstance(_until(executor, paths, (Gone, Exited)), Gone)


@pytest.mark.parametrize("flight", ["", "start_new_session=True,"])
def test_children_that_a_run_leaves_behind_are_ended(paths, flight):
    """Also one that fled into a session of its own."""
    executor = LocalExecutor()
    code = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                                 {flight} close_fds=True)
        open("pid", "w").write(f"{{child.pid}}\\n")
    """
    _start(executor, paths, code)
    pid = int(_until_written(executor, paths.folder / "pid"))
    child = psutil.Process(pid)
    _until(executor, paths, Exited)
    executor.bury(1, 1, paths)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_second_attempt_adds_to_the_log(paths):
    executor = LocalExecutor()
    for attempt in (1, 2):
        _start(executor, paths, "print('hello')", attempt=attempt)
        _until(executor, paths, Exited, attempt=attempt)
        executor.bury(1, attempt, paths)
    assert paths.log.read_text() == "hello\n\n--- attempt 2 ---\nhello\n"


def test_the_number_of_a_shorter_process_group_is_not_mixed_with_an_older_one(paths):
    paths.lock.write_text("123456789123456789\n")
    executor = LocalExecutor()
    _start(executor, paths, WAITS)
    _until_written(executor, paths.log)
    executor.signal(paths, signal.SIGTERM)
    assert _until(executor, paths, Exited).status == 143


def test_a_run_that_cannot_write_its_record_is_known_to_its_parent(paths):
    paths.exit_record.with_name(paths.exit_record.name + ".new").mkdir()
    executor = LocalExecutor()
    _start(executor, paths, "raise SystemExit(3)")
    assert _until(executor, paths, (Exited, Gone)).status == 3


def test_a_folder_with_an_unkind_name_is_no_trouble(tmp_path):
    folder = tmp_path / 'a\'; echo $HOME "x" \n #'
    folder.mkdir()
    paths = RunPaths(folder / "fold-0")
    paths.folder.mkdir()
    executor = LocalExecutor()
    _start(executor, paths, "print('fine')")
    assert _until(executor, paths, Exited).status == 0


def test_a_lock_is_free_once_its_holder_is_dead(tmp_path):
    path = tmp_path / "lock"
    with Lock(path) as lock:
        assert lock.acquire()
        assert is_locked(path)
        assert not Lock(path).acquire()
    assert not is_locked(path)
    assert not is_locked(tmp_path / "nowhere")
