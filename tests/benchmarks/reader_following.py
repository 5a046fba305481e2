"""What it costs to follow the curves of runs that go on: 16 runs, two files each, two events a second
in each file.

`python -m tests.benchmarks.reader_following [--quick]` prints a table; `follow` gives its rows. Each
way of following works in a process of its own, while another one writes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.reader_data import SETS, records

ROOT = Path(__file__).parents[2]
RUNS, PER_SECOND = 16, 2
PLACES = ("train", "validation")
POLL_S = 0.25

Row = dict[str, object]


def follow(quick: bool) -> list[Row]:
    """Follow for 20 seconds or (quick) 5, in every way; the share of a core that each takes.

    `looks` is how often folders were listed, `points` how many points were seen.
    """
    seconds = 5.0 if quick else 20.0
    rows: list[Row] = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder, _writer(folder):
            done = _python("follow", folder, way, str(seconds), capture_output=True)
            rows.append({"way": way, **json.loads(done.stdout)})
    return rows


@contextmanager
def _writer(folder: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.benchmarks.reader_following", "write", folder]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        writer.stdout.readline()
        yield
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def _python(*args: str, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks.reader_following", *args]
    return subprocess.run(command, cwd=ROOT, text=True, check=True, **more)


def write(folder: Path) -> None:
    """Append to all files for ever."""
    made = [record for record, _ in zip(records(SETS[0], 100_000, 1), range(5000), strict=False)]
    files = []
    for run in range(RUNS):
        for place in PLACES:
            path = folder / f"{run:02d}" / place / "events.out.tfevents.1"
            path.parent.mkdir(parents=True)
            files.append(path.open("ab", buffering=0))
            files[-1].write(made[0])
    print("ready", flush=True)
    began = time.monotonic()
    for number, record in enumerate(made[1:], 1):
        for place, file in enumerate(files):
            due = began + (number + place / len(files)) / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            file.write(record)


class Follower:
    """Readers of all runs, as the coordinator has them."""

    def __init__(self, folder: Path) -> None:
        from hprun.metrics import RunReader
        from hprun.model import Direction, Metric, Reduce

        name = f"validation//{SETS[0].tag}"
        self.metric = Metric(name, Reduce.MIN, Direction.LOW)
        self.runs = {path: RunReader(path, wanted=[name]) for path in sorted(folder.iterdir())}
        self.looks = 0

    def poll(self, run: Path, *, look: bool) -> None:
        self.looks += look
        reader = self.runs[run]
        if reader.poll(look_for_new=look):
            reader.reading(self.metric)

    def points(self) -> int:
        return sum(reader.reading(self.metric).points.size for reader in self.runs.values())


def idle(follower: Follower) -> Callable[[], None]:
    """Wake up as often, and do nothing."""
    return lambda: None


def creations(follower: Follower) -> Callable[[], None]:
    """Look at the known files; list folders where the system tells of something new."""
    from hprun.metrics.creations import Creations

    told = Creations()
    for run in follower.runs:
        told.watch(run)

    def step() -> None:
        for run in follower.runs:
            follower.poll(run, look=told.new_in(run))

    return step


def listing(follower: Follower) -> Callable[[], None]:
    """List the folders each time."""

    def step() -> None:
        for run in follower.runs:
            follower.poll(run, look=True)

    return step


def all_events(follower: Follower) -> Callable[[], None]:
    """Let watchdog tell of everything, and read what changed."""
    from watchdog.observers import Observer

    changed: set[Path] = set()
    lock = threading.Lock()

    class Handler:
        def __init__(self, run: Path) -> None:
            self.run = run

        def dispatch(self, event: object) -> None:
            with lock:
                changed.add(self.run)

    observer = Observer()
    for run in follower.runs:
        observer.schedule(Handler(run), str(run), recursive=True)
    observer.daemon = True
    observer.start()

    def step() -> None:
        with lock:
            runs = list(changed)
            changed.clear()
        for run in runs:
            follower.poll(run, look=True)

    return step


WAYS = {
    "idle": idle,
    "hprun": creations,
    "hprun, listing folders each time": listing,
    "watchdog, all events": all_events,
}


def _follow(folder: Path, way: str, seconds: float) -> None:
    follower = Follower(folder)
    step = WAYS[way](follower)
    step()
    looks = follower.looks
    began, cpu = time.monotonic(), time.process_time()
    while time.monotonic() < began + seconds:
        step()
        time.sleep(POLL_S)
    cpu = time.process_time() - cpu
    listing(follower)()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "share_of_a_core": cpu / (time.monotonic() - began),
                "looks": follower.looks - looks - len(follower.runs),
                "points": follower.points(),
            }
        ),
        flush=True,
    )
    os._exit(0)  # threads of observers need not be waited for


def table(rows: list[Row]) -> str:
    """The rows as text, a line each."""
    lines = [f"{'way':<34}{'% of a core':>12}{'looks':>7}{'points':>8}"]
    lines += [
        f"{row['way']:<34}{100 * float(str(row['share_of_a_core'])):>12.2f}"
        f"{row['looks']:>7}{row['points']:>8}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["follow"]:
        _follow(Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--quick", action="store_true")
        print(table(follow(parser.parse_args().quick)))
