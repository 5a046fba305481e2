"""How a run's score came to be, at so many values of its curve that it can be kept.

A run is looked at after so many values, at marks: after each of the first hundred, and then
after about five in a hundred more each time. So a curve of a million values is kept as 290.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence

from hprun.dataclass import dataclass
from hprun.model import Direction, Metric, Reduce

_FINE = 100
_GROWTH = 1.05
_MARKS = list(range(1, _FINE + 1))


def mark(place: int) -> int:
    """How many values the mark number `place` stands for; places count from 0."""
    while len(_MARKS) <= place:
        _MARKS.append(math.ceil(_MARKS[-1] * _GROWTH))
    return _MARKS[place]


def place_of(values: float) -> int:
    """The place of the first mark with at least so many values."""
    while _MARKS[-1] < values:
        mark(len(_MARKS))
    return bisect_left(_MARKS, values)


@dataclass(frozen=True, slots=True)
class Track:
    """The score of a run at each mark that it has reached, were it to end there.

    `values` counts all values of its curve, also those behind the last mark.
    """

    scores: Sequence[float]
    values: int


class Tracker:
    """Follows one curve: tells the scores at the marks that it has reached since last time.

    The score is what `metrics.score` would give: the least or the greatest finite value so far,
    or the last value.
    """

    def __init__(self, metric: Metric) -> None:
        self._last = metric.reduce is Reduce.LAST
        high = metric.direction is Direction.HIGH if self._last else metric.reduce is Reduce.MAX
        self._sign = -1.0 if high else 1.0
        self._scores = array("d")
        self._values = 0
        self._best = math.nan
        self._improved = 0
        self._bests: list[int] = []
        self._seen: Sequence[float] = ()

    @property
    def track(self) -> Track:
        """All of it so far."""
        return Track(self._scores, self._values)

    def improved_at(self, place: int) -> int:
        """After how many values the best of those up to a mark was reached."""
        return self._bests[place]

    def follow(self, curve: Sequence[float], size: int) -> None:
        """Take in the first `size` values of a curve.

        A curve that went back, or that is another object than last time, is taken in from its
        beginning.
        """
        if curve is not self._seen or size < self._values:
            self._seen = curve
            self._scores, self._bests = array("d"), []
            self._values, self._best, self._improved = 0, math.nan, 0
        for number in range(self._values, size):
            self._add(curve[number], number + 1)
        self._values = size

    def _add(self, value: float, number: int) -> None:
        if math.isfinite(value) and not self._sign * value >= self._sign * self._best:
            self._best, self._improved = value, number
        if number == mark(len(self._scores)):
            as_it_is = self._last or math.isnan(self._best)
            self._scores.append(value if as_it_is else self._best)
            self._bests.append(self._improved)


def track_of(curve: Sequence[float], size: int, metric: Metric) -> Track:
    """The track of a curve that has come to its end."""
    tracker = Tracker(metric)
    tracker.follow(curve, size)
    return tracker.track
