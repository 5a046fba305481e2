"""What a sampler is told of a trial: which history becomes which observation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

from hprun.dataclass import dataclass
from hprun.model import Direction
from hprun.strategies.protocol import Known, Stand


class Kind(Enum):
    """What an observation is to a sampler."""

    RUNNING = "running"
    SCORED = "scored"
    STOPPED = "stopped"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An observation; `score` is finite where it is scored or stopped, else None."""

    kind: Kind
    score: float | None = None


def worst_score(history: Iterable[Known], direction: Direction) -> float | None:
    """The worst finite score so far, or None while there is none."""
    scores = [known.score for known in history if known.score is not None and known.scored]
    worst = max if direction is Direction.LOW else min
    return worst(scores, default=None)


def verdict(known: Known, worst: float | None) -> Verdict:
    """What to tell of a trial.

    A trial that failed tells nothing: the reason may lie outside of the search. One whose score
    is NaN or infinite ran and came to grief, so it counts as the worst seen so far.
    """
    if known.stand is Stand.OPEN:
        return Verdict(Kind.RUNNING)
    if known.stand is Stand.FAILED or known.score is None:
        return Verdict(Kind.NOTHING)
    if not math.isfinite(known.score):
        return Verdict(Kind.NOTHING) if worst is None else Verdict(Kind.SCORED, worst)
    return Verdict(Kind.STOPPED if known.stand is Stand.STOPPED else Kind.SCORED, known.score)
