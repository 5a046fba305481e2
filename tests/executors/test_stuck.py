"""A fork that went wrong is found by what its threads wait for."""

import os
import sys

import pytest

from hprun.engine.decide import HUNG, Active, Ending, Facts, Policy, Requeue, Terminate, decide
from hprun.executors import Launch, LocalExecutor, local
from hprun.executors.stuck import Sample, Stillness
from hprun.executors.warm import ForkServer, Setting
from hprun.executors.warm_starts import WarmStarts
from hprun.files import Lock
from hprun.model import Alive, Gone
from hprun.paths import RunPaths
from hprun.script.preloading import Preload

LOCKED = """
import threading
lock = threading.Lock()
lock.acquire()
print("locked", flush=True)
lock.acquire()
"""
SLEEPS = "import time\nprint('locked', flush=True)\ntime.sleep(600)\n"


def test_only_who_waits_for_a_lock_all_the_time_is_still():
    stillness = Stillness()
    seen = [
        (Sample(5, True), 0.0, 0.0),
        (Sample(5, True), 10.0, 10.0),
        (Sample(6, True), 20.0, 0.0),  # it did something
        (Sample(6, True), 35.0, 15.0),
        (Sample(6, False), 40.0, 0.0),  # it waits for something else
        (Sample(6, True), 45.0, 5.0),
    ]
    assert [stillness.seconds(sample, now) for sample, now, _ in seen] == [s for _, _, s in seen]


def test_a_run_that_hangs_is_killed_and_queued_again():
    active = Active(1, 1, 0.0, Alive(), hung=True)
    (told,) = decide(Facts(9.0, [active], []), Policy(slots=1))
    assert told == Terminate(1, 1, Ending(9.0, HUNG, killed=True))
    ended = Active(1, 1, 0.0, Gone(), ending=told.ending)
    (again,) = decide(Facts(10.0, [ended], []), Policy(slots=1))
    assert isinstance(again, Requeue)
    assert not again.lost
    assert not again.failed


@pytest.mark.parametrize(("code", "hangs"), [(LOCKED, True), (SLEEPS, False)])
def test_a_fork_that_waits_for_ever_ends_warm_starts(tmp_path, monkeypatch, code, hangs):
    monkeypatch.setattr(local, "STUCK_S", 0.05)
    monkeypatch.setattr(local, "_STUCK_LOOK_S", 0.0)
    folder = tmp_path / "fold-0"
    folder.mkdir()
    paths = RunPaths(folder)
    (folder / "train.py").write_text(code)
    setting = Setting(sys.executable, dict(os.environ), Preload(()), "train.py", tmp_path)
    said = []
    make = [lambda: ForkServer(setting, tmp_path / "log")]
    warm = WarmStarts(make, said.append, lambda _: None)
    warm.begin()
    executor = LocalExecutor(warm)
    while executor.preparing:
        executor.wait(1.0)
    lock = Lock(paths.lock)
    assert lock.acquire()
    command = [sys.executable, "train.py"]
    executor.start(Launch(1, 1, paths, command, dict(os.environ), lock))
    while "locked" not in paths.log.read_text():
        executor.wait(0.01)
    if hangs:
        while not executor.hung():  # the test's own time limit is the bound
            executor.wait(0.01)
        assert said == ["Starting cold: an attempt that was forked hangs."]
    else:
        assert executor.hung() == set()
        assert said == []
    executor.bury(1, 1, paths)
    executor.close()
    assert not executor.preparing
