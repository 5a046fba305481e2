"""A search goes on under fire until it is complete, and what came of it is counted.

It goes on as a user goes on: the same command again, `hprun retry` for what failed. When it is
complete before the kills are used up, the grid is widened, in the same cache.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.crash.evidence import (
    LOST,
    ORPHAN,
    TWICE,
    WRONG,
    Evidence,
    Fault,
    Stored,
    Violation,
    allowed,
    judge,
    leftovers,
    read_lines,
    read_store,
)
from tests.crash.kills import KILLS, PYTHON, REQUESTS, RUN, SHELL, Killer, Plan
from tests.crash.scratch import PATIENCE_S, Scratch, busy

_RETRY, _WIDENED = "`hprun retry`", "grid widened, in the same cache"
_REFUSED = "start refused, since the killed coordinator was not quite dead"
_USUAL = (0, 1, 75, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault: how often it hit something that lived, and what it did."""

    fault: str
    times: int
    lost: int
    twice: int
    orphans: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it all; `seconds` is how long it took."""

    plan: Plan
    faults: Sequence[Fault]
    violations: Sequence[Violation]
    allowed: dict[str, int]
    runs: int
    attempts: int
    coordinators: int
    seconds: float

    def rows(self) -> list[Row]:
        """One per kind of fault."""
        return [self._row(kind) for kind in (*KILLS, *REQUESTS)]

    def _row(self, kind: str) -> Row:
        of_kind = [v.kind for v in self.violations if v.after == kind]
        times = sum(fault.kind == kind for fault in self.faults)
        return Row(kind, times, *(of_kind.count(what) for what in (LOST, TWICE, ORPHAN)))

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "schema": 1,
            **asdict(self.plan),
            "seconds": round(self.seconds, 1),
            "runs_at_the_end": self.runs,
            "attempts": self.attempts,
            "coordinators": self.coordinators,
            "rows": [asdict(row) for row in self.rows()],
            "violations": [asdict(violation) for violation in self.violations],
            "allowed": self.allowed,
        }


def shoot_at(folder: Path, plan: Plan) -> Verdict:
    """Carry a plan out in an empty folder; leaves no process behind."""
    began = time.monotonic()
    campaign = Campaign(folder.resolve(), plan)
    with busy(plan.load), contextlib.ExitStack() as last:
        last.callback(campaign.clear)
        campaign.carry_out()
        evidence = campaign.evidence()
        violations = [*campaign.odd, *judge(evidence), *campaign.disagreements(evidence.final)]
    return Verdict(
        plan,
        evidence.faults,
        sorted(violations, key=lambda v: v.at),
        allowed(evidence) | campaign.counts,
        len(evidence.final),
        sum(line.value is None for line in evidence.lines),
        campaign.coordinators,
        time.monotonic() - began,
    )


class HangError(Exception):
    """A search that nobody hindered did not go on, or could not be started."""


class Campaign:
    """One coordinator after another, and the killer at each of them."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.coordinators = 0
        self.odd: list[Violation] = []
        self.counts = dict.fromkeys((_RETRY, _WIDENED, _REFUSED), 0)
        self._plan = plan
        self._draws = random.Random(plan.seed)
        self._trials = self._step = max(1, plan.runs // 2)
        self._hits = 0  # faults by the time the grid was last widened
        self._scratch = Scratch(folder, plan.seed)
        self._killer = Killer(self._scratch, plan, self._draws)
        self._coordinator: subprocess.Popen[bytes] | None = None

    def carry_out(self) -> None:
        """Until the kills are used up and the search says that it is complete."""
        words = self._run()
        try:
            while True:
                status = self._one_life(words)
                if status == 0 and not self._killer.todo:
                    return
                if status == 0:
                    self._widen()
                if status == 1:
                    self.counts[_RETRY] += 1
                words = ["retry"] if status == 1 else self._run()
        except HangError as hang:
            self._blame(str(hang))
            self._end_coordinator(signal.SIGTERM)

    def _widen(self) -> None:
        """Ask for more runs; for more each time while the search is over before a fault hits it."""
        hits = len(self._killer.faults)
        self._step = max(1, self._plan.runs // 8) if hits > self._hits else 2 * self._step
        self._hits = hits
        self._trials += self._step
        self.counts[_WIDENED] += 1

    def _run(self) -> list[str]:
        return [
            "run", "--hp", f"x=1:{self._trials}", "--cv", "2", "--metric", "loss",
            "--jobs", str(self._plan.jobs), "--grace", "3", "--python", sys.executable, "train.py",
        ]  # fmt: skip

    def _one_life(self, words: list[str]) -> int:
        """From the start of a coordinator to its end, with the faults that come between."""
        self._coordinator = coordinator = self._scratch.start(*words)
        self.coordinators += 1
        self._harass(coordinator)
        status = coordinator.wait()
        text = self._scratch.errors()
        if "is being searched already" in text:  # what was killed is not quite dead
            self.counts[_REFUSED] += 1
            if self.counts[_REFUSED] > 20 + len(self._killer.faults):
                raise HangError(f"the search stays locked: {text[-500:]}")
        elif status not in _USUAL or ("Traceback" in text and "KeyboardInterrupt" not in text):
            self._blame(f"exit status {status}: {text[-2000:]}")
        if len(self.odd) > 20:
            raise HangError("too much goes wrong to go on")
        self._pause()
        return status

    def _blame(self, text: str) -> None:
        self.odd.append(Violation(WRONG, text, time.time(), self._killer.last))

    def _harass(self, coordinator: subprocess.Popen[bytes]) -> None:
        if self._killer.todo and self._draws.random() < 3 / 4:  # else: while it starts up
            self._await_work(coordinator)
        due = time.monotonic() + self._delay()
        progress, since = -1, time.monotonic()
        while coordinator.poll() is None:
            now = time.monotonic()
            if (size := self._scratch.progress()) != progress:
                progress, since = size, now
            elif now - since > PATIENCE_S:
                raise HangError(f"nothing goes on for {PATIENCE_S:.0f} seconds: {self._open()}")
            if self._killer.todo and now >= due:
                hit = self._killer.inject(coordinator)
                due = time.monotonic() + (self._delay() if hit else 0.02)
            with contextlib.suppress(subprocess.TimeoutExpired):
                coordinator.wait(max(0.005, min(0.1, due - time.monotonic())))

    def _await_work(self, coordinator: subprocess.Popen[bytes]) -> None:
        """Until the coordinator holds the lock of a search."""
        deadline = time.monotonic() + PATIENCE_S
        while coordinator.poll() is None and time.monotonic() < deadline:
            if self._scratch.is_coordinated_by(coordinator.pid):
                return
            time.sleep(0.01)

    def _delay(self) -> float:
        """Longer while the kills are ahead of the runs, so that both last equally long."""
        looks = self._killer.looks
        done = len(looks[-1].completed) / (2 * self._trials) if looks else 0.0
        return self._draws.uniform(0.0, 1.0 if self._killer.share() > done else 0.3)

    def _pause(self) -> None:
        """Between two coordinators: runs end, or are killed, while nobody looks."""
        if not self._killer.todo:
            return
        time.sleep(self._draws.choice([0.0, 0.0, 0.05, 0.3]))
        if self._killer.todo[0] in (PYTHON, SHELL, RUN) and self._draws.random() < 1 / 2:
            self._killer.inject(None)

    def _open(self) -> str:
        stored = read_store(self._scratch.cache).values()
        return ", ".join(f"{s.run} {s.state}" for s in stored if s.state != "completed")

    def evidence(self) -> Evidence:
        """Everything there is, when nothing runs any more."""
        return Evidence(
            faults=self._killer.faults,
            lines=read_lines(self._scratch.log),
            looks=self._killer.looks,
            final=read_store(self._scratch.cache),
            leftovers=leftovers(self._scratch.cache),
            expected=frozenset(f"{x}/{f}" for x in range(1, self._trials + 1) for f in (0, 1)),
        )

    def disagreements(self, final: dict[str, Stored]) -> list[Violation]:
        """Where `hprun results --json` does not say what the store holds."""
        told = self._scratch.results()
        return [
            Violation(LOST, f"{run} is said to be {told.get(run)}", time.time(), self._killer.last)
            for run, stored in final.items()
            if told.get(run) != (stored.state, stored.value)
        ]

    def clear(self) -> None:
        """End what was started here, whatever went wrong."""
        self._end_coordinator(signal.SIGKILL)
        self._scratch.clear()

    def _end_coordinator(self, number: signal.Signals) -> None:
        if self._coordinator is None:
            return
        self._coordinator.send_signal(number)  # does nothing once it was waited for
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._coordinator.wait(PATIENCE_S)
