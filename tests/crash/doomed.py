"""hprun that kills itself with SIGKILL at one of its acts: `doomed.py PLAN WORDS…`.

The acts are what others can see: each statement that writes to the queue, and each start of an
attempt, before and after. So a death lies between any two of them, also between what a strategy
proposes and what is written down, and in the middle of a transaction. PLAN is a `Doom` as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ENTERED = "the loop begins"


@dataclass(frozen=True, slots=True)
class Doom:
    """Die at the `nth` act that begins with the words `act`, counted from `since` on.

    With an `nth` of 0 there is no death. `since` begins an act too; "" is the very start. `all`
    kills whatever works in the cache first. The acts are listed in `journal`, one a line.
    """

    journal: str
    nth: int = 0
    act: str = ""
    since: str = ""
    all: bool = False

    def to_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


class Clock:
    """Counts acts, and kills when it is time."""

    def __init__(self, doom: Doom) -> None:
        self._doom = doom
        self._journal = os.open(doom.journal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._counting = not doom.since
        self._count = 0

    def strike(self, act: str) -> None:
        """Take note of an act, just before it is done."""
        os.write(self._journal, f"{act}\n".encode())
        self._counting |= act.startswith(self._doom.since)
        if not self._counting or not act.startswith(self._doom.act):
            return
        self._count += 1
        if self._count == self._doom.nth:
            if self._doom.all:
                _kill_all(Path("cache").absolute())
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, sql: str) -> None:
        """Take note of a statement that writes to the file."""
        words = " ".join(sql.split()[:3])
        own = "INTO plan" in words  # a table of the connection's own
        if not own and words.startswith(("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")):
            self.strike(words)


def _kill_all(cache: Path) -> None:
    """Kill what works in the cache: shells, scripts, the server of warm starts."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(cache):
                process.kill()


def _watch(clock: Clock) -> None:
    from hprun.engine.loop import Loop
    from hprun.executors import LocalExecutor

    connect, run, start = sqlite3.connect, Loop.run, LocalExecutor.start

    def connected(*args: Any, **more: Any) -> sqlite3.Connection:
        found = connect(*args, **more)
        found.set_trace_callback(clock.statement)
        return found

    def around(act: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **more: Any) -> Any:
            clock.strike(act)
            answer = do(*args, **more)
            clock.strike(f"after {act}")
            return answer

        return done

    sqlite3.connect = connected  # type: ignore[assignment]
    Loop.run = around(ENTERED, run)  # type: ignore[method-assign]
    LocalExecutor.start = around("start", start)  # type: ignore[method-assign]


def main() -> None:
    """Run hprun with the words, until it is over or dies."""
    plan, *sys.argv[1:] = sys.argv[1:]
    clock = Clock(Doom(**json.loads(plan)))
    _watch(clock)
    from hprun.cli.main import main as hprun

    hprun()


if __name__ == "__main__":
    main()
