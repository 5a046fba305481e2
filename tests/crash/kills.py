"""The killer: what there is to do to a search, in which order, and to which process."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.crash.evidence import MARK, Fault, Look, Stored, look, read_store
from tests.crash.scratch import Scratch

COORDINATOR = "kill -9 of the coordinator"
GROUP = "kill -9 of the coordinator's process group"
ALL = "kill -9 of the coordinator and all runs at once"
PYTHON = "kill -9 of a run's Python"
SHELL = "kill -9 of a run's shell"
RUN = "kill -9 of a run's process group"
TERM, INT, STOP = "SIGTERM to the coordinator", "SIGINT to the coordinator", "`hprun stop`"
KILLS = (COORDINATOR, PYTHON, ALL, RUN, GROUP, SHELL)
REQUESTS = (TERM, INT, STOP)
_KILLS_PER_REQUEST = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills` with SIGKILL over a search of at first `runs` runs, `jobs` of them at once.

    `load` processes keep the machine busy meanwhile.
    """

    kills: int = 200
    runs: int = 200
    seed: int = 0
    jobs: int = 2
    load: int = 2

    def kinds(self) -> list[str]:
        """What to do, in order: each kind of kill in turn, and now and then a request to stop."""
        kinds = []
        for number in range(self.kills):
            kinds.append(KILLS[number % len(KILLS)])
            requests, rest = divmod(number + 1, _KILLS_PER_REQUEST)
            if not rest:
                kinds.append(REQUESTS[(requests - 1) % len(REQUESTS)])
        return kinds


class Killer:
    """Does what the plan says, one thing at a time, each after a look at what is finished."""

    def __init__(self, scratch: Scratch, plan: Plan, draws: random.Random) -> None:
        self.todo = plan.kinds()
        self.faults: list[Fault] = []
        self.looks: list[Look] = []
        self._scratch, self._draws = scratch, draws

    @property
    def last(self) -> str:
        """What was done last."""
        return self.faults[-1].kind if self.faults else ""

    def share(self) -> float:
        """How much of the plan is done, from 0 to 1."""
        return len(self.faults) / max(1, len(self.faults) + len(self.todo))

    def inject(self, coordinator: subprocess.Popen[bytes] | None) -> bool:
        """Do what is next; False if there was nothing alive to do it to."""
        stored = self.look()
        kind = self.todo[0]
        victims = self._victims(stored)
        doing: dict[str, Callable[[], str]] = {
            COORDINATOR: lambda: _kill(coordinator),
            GROUP: lambda: _kill(coordinator, group=True),
            ALL: lambda: self._kill_all(coordinator, victims),
            PYTHON: lambda: self._kill_one(victims, "python"),
            SHELL: lambda: self._kill_one(victims, "shell"),
            RUN: lambda: self._kill_one(victims, "group"),
            TERM: lambda: _kill(coordinator, signal.SIGTERM),
            INT: lambda: _kill(coordinator, signal.SIGINT),
            STOP: self._stop,
        }
        at = time.time()
        hit = doing[kind]()
        if hit:
            self.faults.append(Fault(kind, at, hit))
            self.todo.pop(0)
        return bool(hit)

    def look(self) -> dict[str, Stored]:
        """Remember what is finished by now."""
        at = time.time()
        stored = read_store(self._scratch.cache)
        self.looks.append(look(stored, at))
        return stored

    def _victims(self, stored: dict[str, Stored]) -> list[tuple[psutil.Process, Stored]]:
        """The living shells of runs, whichever coordinator started them."""
        found = []
        for run in stored.values():
            if run.state != "running":
                continue
            with contextlib.suppress(psutil.Error, OSError, ValueError):
                lock = (self._scratch.cache / f"{run.folder}.lock").read_text("ascii")
                shell = psutil.Process(int(lock))
                mark = f":{run.attempts}:{self._scratch.cache / run.folder}"
                if shell.environ().get(MARK, "").endswith(mark) and _lives(shell):
                    found.append((shell, run))
        return found

    def _kill_one(self, victims: list[tuple[psutil.Process, Stored]], what: str) -> str:
        if not victims:
            return ""
        shell, run = self._draws.choice(victims)
        with contextlib.suppress(psutil.Error, OSError):
            if what == "group":
                os.killpg(shell.pid, signal.SIGKILL)
            else:
                hit = shell.children()[:1] if what == "python" else [shell]
                if not hit or not _lives(hit[0]):
                    return ""
                hit[0].kill()
            return f"{run.run}, attempt {run.attempts}"
        return ""

    def _kill_all(
        self,
        coordinator: subprocess.Popen[bytes] | None,
        victims: list[tuple[psutil.Process, Stored]],
    ) -> str:
        """The coordinator, shells and scripts; what the scripts started lives on."""
        processes = [shell for shell, _ in victims]
        for shell in list(processes):
            with contextlib.suppress(psutil.Error):
                processes += shell.children()
        hit = _kill(coordinator) if processes else ""
        for process in processes if hit else ():
            with contextlib.suppress(psutil.Error):
                process.kill()
        return hit and f"{hit} and {len(victims)} runs"

    def _stop(self) -> str:
        done = self._scratch.ask("stop")
        return done.stderr.strip() if done.stderr.startswith("Asked") else ""


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _kill(
    coordinator: subprocess.Popen[bytes] | None,
    number: signal.Signals = signal.SIGKILL,
    *,
    group: bool = False,
) -> str:
    """Signal a coordinator that lives; "" if it does not."""
    if coordinator is None or coordinator.poll() is not None:
        return ""
    if group:
        os.killpg(coordinator.pid, number)
    else:
        coordinator.send_signal(number)
    return f"process {coordinator.pid}"
