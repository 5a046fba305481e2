"""One curve out of all that a run's files say about a tag, whatever was written twice.

A step smaller than the one before means that the script went back, as after a resume: the points
from that step on are replaced. Equal steps are kept, for a script that never passes a step logs
everything at 0. A session's start at step s does the same without a point.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from hprun.metrics.points import FilePoints
from hprun.model import Curve


class MergedCurve:
    """A curve that grows; its steps never decrease.

    `restarts` counts how often steps went back, `refits` how many of these left no point.
    """

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")
        self.restarts = 0
        self.refits = 0

    def __len__(self) -> int:
        return len(self._steps)

    def extend(self, steps: Iterable[int], values: Iterable[float]) -> None:
        """Append points in the order in which they were written."""
        own_steps, own_values = self._steps, self._values
        last = own_steps[-1] if own_steps else None
        for step, value in zip(steps, values, strict=True):
            if last is not None and step < last:
                self.cut(step)
            own_steps.append(step)
            own_values.append(value)
            last = step

    def cut(self, step: int) -> None:
        """Drop the points at `step` and later."""
        at = bisect_left(self._steps, step)
        if at == len(self._steps):
            return
        self.restarts += 1
        self.refits += at == 0
        del self._steps[at:]
        del self._values[at:]

    def go_on(self, step: int) -> None:
        """Take up a file whose first step is `step`.

        One that begins where the one before ended wrote that step again, as after a resume;
        where all steps are the same, they say nothing.
        """
        if self._steps and self._steps[0] < step == self._steps[-1]:
            self.cut(step)

    def last(self) -> tuple[int, float] | None:
        """The last step and value; None where there is no point."""
        return (self._steps[-1], self._values[-1]) if self._steps else None

    def curve(self) -> Curve:
        """Freeze what there is."""
        return Curve(tuple(self._steps), tuple(self._values))

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
