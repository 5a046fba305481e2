"""The rules by which runs are ended early."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import ClassVar

from hprun.dataclass import dataclass
from hprun.stoppers.protocol import Seen
from hprun.stoppers.tracks import mark, place_of

_LEAST = 10  # nothing is stopped before so small a part of the budget, unless the user says so
_ANY = 1000  # a budget that has as many rungs as one that is not known yet
_LOOKS = 20  # how often a rule that compares looks at a run, at the most


@dataclass(frozen=True, slots=True)
class Limits:
    """What all rules have: `max` is the budget, `min` how many values a run may write in any case."""

    max: int | None = None
    min: int | None = None

    def least(self, budget: int) -> float:
        """How many values a run writes before it is judged."""
        return budget / _LEAST if self.min is None else self.min


class _Rule:
    """What rules do unless they say otherwise: look at all runs alike, always from `min` on."""

    __slots__ = ()
    limits: Limits

    @property
    def max(self) -> int | None:
        """The budget, if the user has named it."""
        return self.limits.max

    def bracket(self, trial: int) -> int:
        """All together."""
        return 0

    def looks_at(self, place: int, bracket: int, budget: int) -> bool:
        """Always, from the least number of values on."""
        return self.limits.least(budget) <= mark(place) < budget


@lru_cache(maxsize=64)
def _rungs(least: int | None, factor: int, budget: int) -> tuple[int, ...]:
    """The places of the rungs, the first one first.

    Upwards from what the user says; else downwards from the budget, to a tenth of it.
    """
    wanted: list[float] = []
    if least is not None:
        while (values := least * factor ** len(wanted)) < budget:
            wanted.append(values)
    else:
        while factor ** (len(wanted) + 1) <= _LEAST:
            wanted.append(budget / factor ** (len(wanted) + 1))
    lowest = 1 if least is not None else budget / _LEAST
    places = sorted({place_of(max(int(values), lowest)) for values in wanted})
    return tuple(place for place in places if mark(place) < budget)


def _rank_words(seen: Seen) -> str:
    return f"{seen.better} of {seen.others} were better after {seen.values}"


@dataclass(frozen=True)
class Halving(_Rule):
    """Asynchronous successive halving: at each rung the best of `factor` parts go on.

    With `brackets`, as many sorts of trials begin at a higher rung each, the last at none: that is
    Hyperband, whose brackets get as many trials as in the paper.
    Sources: L. Li et al., A System for Massively Parallel Hyperparameter Tuning, 2020
    (arXiv 1810.05934), as its stopping variant; L. Li et al., Hyperband, 2018 (arXiv 1603.06560).
    """

    limits: Limits
    factor: int = 3
    hyperband: bool = False
    compares: ClassVar[bool] = True

    @cached_property
    def _shares(self) -> tuple[int, ...]:
        """The bracket of each of the trials 0, 1, … after which it begins anew."""
        budget = _ANY if self.max is None else self.max
        brackets = len(_rungs(self.limits.min, self.factor, budget)) + 1
        sizes = [
            -(-brackets * self.factor ** (brackets - 1 - skipped) // (brackets - skipped))
            for skipped in range(brackets)
        ]
        total = sum(sizes)
        due = [0.0] * brackets
        order = []
        for _ in range(total):  # each as evenly as its share allows
            due = [d + size / total for d, size in zip(due, sizes, strict=True)]
            chosen = max(range(brackets), key=lambda b: (due[b], -b))
            due[chosen] -= 1
            order.append(chosen)
        return tuple(order)

    def bracket(self, trial: int) -> int:
        """Which rungs a trial leaves out."""
        return self._shares[trial % len(self._shares)] if self.hyperband else 0

    def looks_at(self, place: int, bracket: int, budget: int) -> bool:
        """At the rungs."""
        return place in _rungs(self.limits.min, self.factor, budget)[bracket:]

    def verdict(self, seen: Seen, budget: int) -> str:
        """Stop what is not among the best of `factor` parts."""
        going_on = max(1, (seen.others + 1) // self.factor)
        return _rank_words(seen) if seen.better >= going_on else ""


@dataclass(frozen=True, slots=True)
class Percentile(_Rule):
    """Stop what is not among the best `keep` percent of those that came as far; 50: the median rule.

    `startup` runs must have come as far before. Source: D. Golovin et al., Google Vizier, 2017.
    """

    limits: Limits
    keep: float = 50.0
    startup: int = 5
    compares: ClassVar[bool] = True

    def looks_at(self, place: int, bracket: int, budget: int) -> bool:
        """About twenty times."""
        values = mark(place)
        if not self.limits.least(budget) <= values < budget:
            return False
        step = budget / _LOOKS
        return step <= 1 or place == place_of(values // step * step)

    def verdict(self, seen: Seen, budget: int) -> str:
        """Compare with the others' scores at the same mark."""
        if seen.others < self.startup:
            return ""
        return _rank_words(seen) if seen.better > seen.others * self.keep / 100 else ""


@dataclass(frozen=True, slots=True)
class Threshold(_Rule):
    """Stop what has not come to a score of `worst` or better, or is no number."""

    limits: Limits
    worst: float
    low: bool
    compares: ClassVar[bool] = False

    def verdict(self, seen: Seen, budget: int) -> str:
        """Compare with the bound."""
        good = seen.score <= self.worst if self.low else seen.score >= self.worst
        return "" if good else f"{seen.score:.6g} after {seen.values} is worse than {self.worst:g}"


@dataclass(frozen=True, slots=True)
class Patient(_Rule):
    """Stop what was not better than before for `patience` values."""

    limits: Limits
    patience: int
    compares: ClassVar[bool] = False

    def verdict(self, seen: Seen, budget: int) -> str:
        """Count."""
        idle = seen.idle
        return f"no better for {idle} values, after {seen.values}" if idle >= self.patience else ""
