"""Attempts that hang: all their threads wait for a lock, and none does anything.

That is what a fork at the wrong moment looks like, whatever library it was (a lock was held by a
thread that the child does not have). The test before each server's first fork catches all cases
that are known; this catches the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hprun.dataclass import dataclass

STUCK_S = 120.0
"""So long must an attempt do nothing at all."""
_STATE, _USER, _SYSTEM = 0, 11, 12  # places in /proc/PID/stat behind the name (proc(5))


@dataclass(frozen=True, slots=True)
class Sample:
    """What an attempt's processes have used, in clock ticks, and whether all threads wait for locks."""

    ticks: int
    waits: bool


class Stillness:
    """How long an attempt has been doing nothing; pure."""

    def __init__(self) -> None:
        self._ticks = -1
        self._since = 0.0

    def seconds(self, sample: Sample, now: float) -> float:
        """For how long, as of this sample; 0 if it does something, or waits for something else."""
        if not sample.waits or sample.ticks != self._ticks:
            self._ticks, self._since = sample.ticks, now
        return now - self._since if sample.waits else 0.0


def sample(keeper: int) -> Sample | None:
    """Look at the processes below a keeper; None where they cannot be seen, or there are none."""
    import psutil

    ticks, threads, waiting = 0, 0, 0
    try:
        below = psutil.Process(keeper).children(recursive=True)
        for process in below:
            for used, waits in _threads(process.pid):
                ticks, threads, waiting = ticks + used, threads + 1, waiting + waits
    except (psutil.Error, OSError, ValueError, IndexError):
        return None
    return Sample(ticks, waiting == threads) if threads else None


def _threads(pid: int) -> Iterator[tuple[int, bool]]:
    """The ticks of each thread, and whether it waits for a lock (futex(2))."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = (task / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            where = (task / "wchan").read_text("ascii")
            used = int(fields[_USER]) + int(fields[_SYSTEM])
            yield used, fields[_STATE] == "S" and where.startswith("futex")
