"""One curve out of all that a run's files say about a tag, whatever was written twice.

A step smaller than the one before means that the script went back, as after a resume: the points
from that step on are replaced. Equal steps are kept, for a script that never passes a step logs
everything at 0. A session's start at step s does the same without a point.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from math import isfinite
from operator import le

from hprun.metrics.compact import Points
from hprun.metrics.points import FilePoints
from hprun.metrics.ranking import finite_best
from hprun.model import Curve, Reduce

_MANY = 256
"""How many steps are worth a look at whether NumPy is there."""


class MergedCurve:
    """A curve that grows; its steps never decrease.

    `restarts` counts how often steps went back, `refits` how many of these left no point.
    """

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")
        self._size = 0
        self._borrowed = False
        # By reduction: how many points were looked at, and which of them is the best.
        self._best: dict[Reduce, tuple[int, int | None]] = {}
        self.restarts = 0
        self.refits = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Append points in the order in which they were written."""
        held = steps if isinstance(steps, array) else array("q", steps)
        worth = values if isinstance(values, array) else array("d", values)
        at = 0
        for stop in (*falls(held), len(held)):
            if stop == at:
                continue
            if self._size and held[at] < self._steps[self._size - 1]:
                self.cut(held[at])
            self._own()
            self._steps.extend(held[at:stop])
            self._values.extend(worth[at:stop])
            self._size += stop - at
            at = stop

    def borrow(self, steps: array[int], values: array[float]) -> bool:
        """Use a file's own arrays up to their present ends, as long as they say all; else False."""
        if self._size and self._steps is not steps:
            return False
        # A fall between what is used and what is new counts too.
        if falls(steps, max(0, self._size - 1)):
            return False
        self._steps, self._values, self._size = steps, values, len(steps)
        self._borrowed = True
        return True

    def cut(self, step: int) -> None:
        """Drop the points at `step` and later."""
        at = bisect_left(self._steps, step, 0, self._size)
        if at == self._size:
            return
        self.restarts += 1
        self.refits += at == 0
        # Others may hold the arrays: they must not lose points.
        self._steps, self._values, self._size = self._steps[:at], self._values[:at], at
        self._borrowed = False
        self._best.clear()

    def go_on(self, step: int) -> None:
        """Take up a file whose first step is `step`.

        One that begins where the one before ended wrote that step again, as after a resume;
        where all steps are the same, they say nothing.
        """
        if self._size and self._steps[0] < step == self._steps[self._size - 1]:
            self.cut(step)

    def last(self) -> tuple[int, float] | None:
        """The last step and value; None where there is no point."""
        return self.points().last()

    def points(self) -> Points:
        """Give what there is now; it will not change."""
        return Points(self._steps, self._values, self._size)

    def curve(self) -> Curve:
        """Freeze what there is."""
        return self.points().curve()

    def score(self, reduce: Reduce) -> tuple[float, int]:
        """Score the curve, as `ranking.score` does; only points that are new are looked at."""
        at = self._size - 1
        if reduce is not Reduce.LAST:
            seen, best = self._best.get(reduce, (0, None))
            if seen < self._size:
                later = self._values[seen : self._size]
                found = _finite_best(later, reduce)
                if found is not None and (
                    best is None or _beats(reduce, later[found], self._values[best])
                ):
                    best = seen + found
                self._best[reduce] = self._size, best
            at = at if best is None else best
        return self._values[at], self._steps[at]

    def _own(self) -> None:
        if self._borrowed:
            self._steps = self._steps[: self._size]
            self._values = self._values[: self._size]
            self._borrowed = False

    def notes(self) -> list[str]:
        """Say what was replaced, in sentences without a full stop."""
        notes = []
        if self.restarts:
            times = "once" if self.restarts == 1 else f"{self.restarts} times"
            notes.append(f"step restarted {times}: later points replace earlier ones")
        if self.refits:
            fits = self.refits + 1
            notes.append(f"{fits} fits from the first step on: only the last one counts")
        return notes


Mark = tuple[FilePoints, int, int]
"""How much of a file a merge has used: the file, its points, its cuts."""


class SeriesMerge:
    """Keeps a series merged while its files grow, without beginning anew each time."""

    def __init__(self) -> None:
        self.merged = MergedCurve()
        self._marks: list[Mark] = []

    def update(self, files: Sequence[FilePoints], tag: str) -> MergedCurve:
        """Bring the curve of `tag` up to date; `files` in the order in which they began."""
        marks = [_mark(file, tag) for file in files]
        if marks == self._marks:
            return self.merged
        done = self._marks
        grew_last = len(done) == len(marks) and bool(done)
        grew_last = grew_last and done[:-1] == marks[:-1] and done[-1][0] is marks[-1][0]
        if grew_last:
            _append(self.merged, files[-1], tag, done[-1])
        else:
            self.merged = MergedCurve()
            for file in files:
                _append(self.merged, file, tag, (file, 0, 0))
        self._marks = marks
        return self.merged


def falls(steps: array[int], start: int = 0) -> Sequence[int]:
    """List the places, after `start`, where a step is smaller than the one before it."""
    np = sys.modules.get("numpy")
    if np is not None and len(steps) - start > _MANY:
        held = np.frombuffer(steps, np.int64)[start:]
        places: list[int] = (np.flatnonzero(held[1:] < held[:-1]) + (start + 1)).tolist()
        return places
    later = steps[start:] if start else steps
    if all(map(le, later, islice(later, 1, None))):
        return ()
    pairs = zip(later, islice(later, 1, None), strict=False)
    return [at for at, (one, two) in enumerate(pairs, start + 1) if two < one]


def _finite_best(values: array[float], reduce: Reduce) -> int | None:
    """Do what `finite_best` does, with NumPy if that is there."""
    np = sys.modules.get("numpy")
    if np is not None and len(values) > _MANY:
        held = np.frombuffer(values)
        at = int(held.argmin() if reduce is Reduce.MIN else held.argmax())
        # NaN, if there is any, is what is found; so is an infinity that would be the best.
        if isfinite(values[at]):
            return at
    return finite_best(values, reduce)


def _beats(reduce: Reduce, one: float, other: float) -> bool:
    return one < other if reduce is Reduce.MIN else one > other


def _mark(file: FilePoints, tag: str) -> Mark:
    points = file.tags.get(tag)
    if points is None:
        return file, 0, len(file.starts)
    return file, len(points), len(points.cuts)


def _append(merged: MergedCurve, file: FilePoints, tag: str, done: Mark) -> None:
    """Add what `file` holds of `tag` beyond `done`, its session starts in their places."""
    points = file.tags.get(tag)
    if points is None:
        for step in file.starts[done[2] :]:
            merged.cut(step)
        return
    if not points.cuts and merged.borrow(points.steps, points.values):
        return
    at = done[1]
    ends: list[tuple[int, int | None]] = [*points.cuts[done[2] :], (len(points.steps), None)]
    for place, back_to in ends:
        if at == 0 and place > 0:
            merged.go_on(points.steps[0])
        merged.extend(points.steps[at:place], points.values[at:place])
        if back_to is not None:
            merged.cut(back_to)
        at = place


def concurrent(files: Sequence[FilePoints], tag: str) -> bool:
    """Tell whether two files were written at the same time, as by two processes at once."""
    spans = sorted(
        (points.first, points.last) for file in files if (points := file.tags.get(tag)) is not None
    )
    reach = float("-inf")
    for first, last in spans:
        if first < reach:
            return True
        reach = max(reach, last)
    return False
