"""A scratch project whose script keeps a log of its own, and hprun called in it as a user does."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.crash.evidence import leftovers

PATIENCE_S = 60.0  # with nothing started, ended or killed

SCRIPT = '''\
"""Tells a log outside the cache when it starts and, as its last act, what it found."""
import fcntl, os, random, subprocess, sys, time

OUTSIDE = {outside!r}
SEED = {seed!r}
x = 1
fold = 0
folds = 2
run = f"{{x}}/{{fold}}"
attempt = int(os.environ["HPRUN_ATTEMPT"])
log = os.open(f"{{OUTSIDE}}/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def tell(word, last):
    line = f"{{word}} {{run}} {{attempt}} {{os.getpid()}} {{time.time()!r}} {{last}}\\n"
    os.write(log, line.encode())


mine = os.open(f"{{OUTSIDE}}/{{x}}-{{fold}}.lock", os.O_RDWR | os.O_CREAT)
try:
    fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    tell("start", "alone")
except BlockingIOError:
    tell("start", "beside")
draws = random.Random(f"{{SEED}}/{{run}}/{{attempt}}")
if draws.random() < 1 / 3:
    # As daemons do, and as the workers of data loaders that keep what they inherit.
    flees, keeps_the_lock = draws.random() < 1 / 2, draws.random() < 1 / 2
    subprocess.Popen(["sleep", "3600"], start_new_session=flees, close_fds=not keeps_the_lock)
time.sleep(draws.uniform(0.003, 0.15))
loss = round(x + fold / 10 + attempt / 10000, 4)
print(f"loss: {{loss}}")
tell("done", repr(loss))
'''

LOAD = """\
import os
os.nice(5)
parent = os.getppid()
while os.getppid() == parent:
    sum(range(100000))
"""


class Scratch:
    """`project` is where hprun is called, `outside` what it knows nothing of."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.project, self.outside = folder / "project", folder / "outside"
        self.cache, self.log = self.project / "cache", self.outside / "log"
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("HPRUN_")}
        for made in (self.project, self.outside):
            made.mkdir()
        text = SCRIPT.format(outside=str(self.outside), seed=seed)
        (self.project / "train.py").write_text(text, encoding="utf-8")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start hprun in a session of its own; what it says goes to the file of `errors`."""
        with (self.outside / "errors").open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "hprun", *words],
                cwd=self.project,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                start_new_session=True,
            )

    def errors(self) -> str:
        """What the hprun that was started last said."""
        return (self.outside / "errors").read_text("utf-8", "replace")

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call hprun and wait for its answer."""
        return subprocess.run(
            [sys.executable, "-m", "hprun", *words],
            cwd=self.project,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def results(self) -> dict[str, tuple[str, float | None]]:
        """State and score of each run, as `hprun results --json` tells them."""
        document: dict[str, Any] = json.loads(self.ask("results", "--json").stdout)
        return {
            f"{trial['values']['x']}/{part['fold']}": (part["state"], part["score"])
            for trial in document["trials"]
            for part in trial["folds"]
        }

    def is_coordinated_by(self, pid: int) -> bool:
        """Say whether that process has written its number into the lock of a search."""
        locks = self.cache.glob("train-*/lock")
        return any(lock.read_text("ascii").strip() == str(pid) for lock in locks)

    def progress(self) -> int:
        """A number that changes when a script starts or gets to its end."""
        return self.log.stat().st_size if self.log.exists() else 0

    def clear(self) -> None:
        """Kill whatever still works in the cache."""
        for left in leftovers(self.cache, patience_s=0):
            with contextlib.suppress(psutil.Error):
                psutil.Process(left.pid).kill()


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep `count` cores busy."""
    processes = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
