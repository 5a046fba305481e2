"""How large each measurement is: in full, and quickly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.measuring import Pace

_ONCE = Pace(least=1, most=1)
_FIVE = Pace(least=5, most=5)
_A_MOMENT = Pace(least=1, most=5, seconds=15)
_MINUTES = Pace(least=2, most=5, seconds=200)
_A_FEW = Pace(least=3, most=5, seconds=15)


@dataclass(frozen=True)
class Plan:
    """Counts of trials and runs, and how often each is measured.

    `ours` is the pace of the floor and hprun, `peers` that of the others; `keras` and `peers_keras`
    are those where a trial takes seconds, and `rivals` that of the fastest there. With names of
    `competitors`, only these are measured beside the floor. `marks` are the runs between which a coordinator's CPU
    is taken. Slow peers make `slow` times as many trials.

    Strategies are measured over so many `seeds` and `evaluations`, on `problems` (none named: all)
    by `strategies` (the same), each search ended after `limit_s` at the latest; what they found is
    kept in a folder.
    """

    peers_in: Path | None
    trials: int = 200
    keras_trials: int = 40
    restart_trials: int = 100
    killed_trials: int = 40
    sizes: tuple[int, ...] = (1_000, 100_000)
    marks: tuple[int, int] = (50, 350)
    slow: float = 0.25
    ours: Pace = _FIVE
    peers: Pace = _A_MOMENT
    keras: Pace = _MINUTES
    peers_keras: Pace = _ONCE
    rivals: Pace = _FIVE
    queue: Pace = _A_FEW
    competitors: tuple[str, ...] = ()
    quick: bool = False
    seeds: int = 10
    evaluations: int = 200
    problems: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    limit_s: float = 500.0
    keep: Path | None = None

    def of_slow(self, trials: int) -> int:
        """How many of these trials a slow peer makes."""
        return max(2, round(trials * self.slow))


def quick(plan: Plan) -> Plan:
    """In two minutes: whether it works, and roughly what it says."""
    return replace(
        plan,
        trials=40,
        keras_trials=4,
        restart_trials=20,
        killed_trials=12,
        sizes=(1_000, 10_000),
        marks=(10, 60),
        ours=Pace(least=3, most=3),
        peers=_ONCE,
        keras=_ONCE,
        peers_keras=_ONCE,
        rivals=_ONCE,
        queue=Pace(least=2, most=2),
        quick=True,
        seeds=2,
        evaluations=20,
    )
