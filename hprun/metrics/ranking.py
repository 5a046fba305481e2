"""From curves to scores, from folds to trials, from trials to an order."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from heapq import nsmallest

from hprun.dataclass import dataclass
from hprun.model import Curve, Direction, Reduce


@dataclass(frozen=True, slots=True)
class TrialScore:
    """A trial's score over its folds.

    `mean` is None while no fold has a value, and no finite number if a fold's is none. `std` is
    the population's standard deviation (divided by n, as in scikit-learn's `cv_results_`). `n`
    counts the folds that have a value.
    """

    mean: float | None
    std: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A trial's place: `rank` counts from 1, and is None for a trial without a score."""

    rank: int | None
    trial: int
    score: TrialScore


def score(curve: Curve, reduce: Reduce) -> tuple[float, int]:
    """Reduce a curve to a value, and say at which step it was reached (first).

    NaN and the infinities are worst: the minimum and the maximum are those of the finite values.
    Where there is none, and for the last value, the last point counts as it is. Raises ValueError
    for a curve without points.
    """
    if not curve.steps:
        raise ValueError("a curve without points has no score")
    at = best_place(curve.values, reduce)
    return curve.values[at], curve.steps[at]


def best_place(values: Sequence[float], reduce: Reduce) -> int:
    """Give the place of the value that `score` takes; there must be at least one."""
    at = None if reduce is Reduce.LAST else finite_best(values, reduce)
    return len(values) - 1 if at is None else at


def finite_best(values: Sequence[float], reduce: Reduce) -> int | None:
    """Give the first place of the least or greatest finite value; None where there is none."""
    # A sum tells of many values at once that none of them is odd.
    finite = values if math.isfinite(sum(values)) else filter(math.isfinite, values)
    best = min(finite, default=None) if reduce is Reduce.MIN else max(finite, default=None)
    return None if best is None else values.index(best)


def trial_score(values: Sequence[float | None]) -> TrialScore:
    """Average a trial's folds; those without a value are left out.

    A fold that is NaN makes the mean NaN; one that is infinite makes it infinite (NaN, if they
    have both signs). The result does not depend on the order of the folds.
    """
    held = [value for value in values if value is not None]
    if not held:
        return TrialScore(None, None, 0)
    count = len(held)
    odd = {value for value in held if not math.isfinite(value)}
    if odd:
        return TrialScore(odd.pop() if len(odd) == 1 else math.nan, math.nan, count)
    mean = _mean(held)
    return TrialScore(
        mean, math.sqrt(_mean([(value - mean) * (value - mean) for value in held])), count
    )


def better(a: float, b: float, direction: Direction) -> bool:
    """Say whether score `a` beats `b`; what is no number never does."""
    if not math.isfinite(a):
        return False
    if not math.isfinite(b):
        return True
    return a < b if direction is Direction.LOW else a > b


def rank(
    scores: Iterable[tuple[int, TrialScore]],
    direction: Direction,
    *,
    incomplete: Collection[int] = (),
    top: int | None = None,
) -> list[Ranked]:
    """Order trials, given by number, best first.

    First those with a finite score, then those in `incomplete` (fewer folds than asked have
    ended) with one, then those that are NaN or infinite, then those without a score, which get no
    rank. Equal scores are ordered by trial number. The order of the input does not matter. With
    `top`, only so many are given.
    """
    unfinished = frozenset(incomplete)
    sign = 1.0 if direction is Direction.LOW else -1.0

    def place(item: tuple[int, TrialScore]) -> tuple[int, bool, float, int]:
        trial, held = item
        late = trial in unfinished
        if held.mean is None:
            return 2, False, 0.0, trial
        if not math.isfinite(held.mean):
            return 1, late, 0.0, trial
        return 0, late, sign * held.mean, trial

    ordered = sorted(scores, key=place) if top is None else nsmallest(top, scores, key=place)
    return [
        Ranked(None if held.mean is None else number, trial, held)
        for number, (trial, held) in enumerate(ordered, start=1)
    ]


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return sum(value / len(values) for value in sorted(values))
