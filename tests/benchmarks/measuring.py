"""Measuring commands: what to run, and what it took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_METER = Path(__file__).with_name("meter.py")


@dataclass(frozen=True)
class Task:
    """A command in a folder.

    `input` is read by it, `output` gets what it says, in `ended` each trial leaves a line. With
    `kill_at` it is killed after so many trials, and called again; with `marks` it is told to end
    when so many trials as the last one says have ended, and its CPU is noted at each.
    """

    command: Sequence[str]
    folder: str
    ended: str = ""
    input: str = ""
    output: str = os.devnull
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_s: float = 900.0
    kill_at: int = 0
    marks: Sequence[int] = ()


def measure(task: Task) -> dict[str, Any]:
    """The figures of one task: seconds, MB, counts; see meter.py."""
    environment = plain_environment() | dict(task.environment)
    if task.ended:
        environment["TRIALS_ENDED"] = task.ended
    command = [sys.executable, "-I", str(_METER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as meter:
        try:
            said, _ = meter.communicate(json.dumps(asdict(task) | {"environment": environment}))
        except BaseException:
            meter.terminate()  # and it ends what it has started
            raise
    if meter.returncode:
        raise RuntimeError(f"the meter of {task.command[0]} ended with {meter.returncode}")
    return json.loads(said)


def plain_environment() -> dict[str, str]:
    """The environment without what would make hprun or Python other than a user has them.

    PYTHONDONTWRITEBYTECODE above all: with it, each start compiles all that it imports.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HPRUN_", "PYTHON"))}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def median(figures: Sequence[Mapping[str, Any]], name: str) -> float:
    """The median of one figure over repetitions."""
    return statistics.median(one[name] for one in figures)


@dataclass(frozen=True)
class Pace:
    """How often one thing is measured.

    At least `least` times; then until `most`, as long as all of it stays within `seconds`.
    """

    least: int = 1
    most: int = 5
    seconds: float = 60.0

    def goes_on(self, taken: Sequence[float]) -> bool:
        """Say whether to measure again after these times."""
        if len(taken) < self.least:
            return True
        return len(taken) < self.most and sum(taken) + taken[-1] <= self.seconds


def interleave(
    paces: Mapping[Hashable, Pace], once: Callable[[Any], dict[str, Any]]
) -> dict[Any, list[dict[str, Any]]]:
    """Measure each in turn, again and again, so that a change of the machine hits them all."""
    figures: dict[Any, list[dict[str, Any]]] = {name: [] for name in paces}
    taken: dict[Any, list[float]] = {name: [] for name in paces}
    while going := [name for name, pace in paces.items() if pace.goes_on(taken[name])]:
        for name in going:
            figure = once(name)
            figures[name].append(figure)
            taken[name].append(figure["seconds"])
    return figures
