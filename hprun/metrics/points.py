"""What one event file has logged so far, tag by tag, in the order of its records."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from hprun.metrics.events import Event


class TagPoints:
    """The points of one tag in one file.

    `cuts` are the session starts: (how many points came before it, its step). `first` and
    `last` are the wall times of the first and the last point, in seconds since the epoch.
    """

    __slots__ = ("cuts", "first", "last", "steps", "values")

    def __init__(self, cuts: list[tuple[int, int]], first: float) -> None:
        self.steps = array("q")
        self.values = array("d")
        self.cuts = cuts
        self.first = first
        self.last = first

    def __len__(self) -> int:
        return len(self.steps)


class FilePoints:
    """All scalars of one event file.

    `tags` has None for a tag that `keep` turned down. `began` is the first record's wall time,
    `newest` the latest one's; `starts` are the steps of all session starts.
    """

    def __init__(self, keep: Callable[[str], bool] | None = None) -> None:
        self._keep = keep
        self.tags: dict[str, TagPoints | None] = {}
        self.starts: list[int] = []
        self.hparams = False
        self.began: float | None = None
        self.newest: float | None = None

    def add(self, event: Event) -> None:
        """Take one event in."""
        wall_time, step, scalars, start, hparams = event
        self.see(wall_time)
        for tag, value in scalars:
            points = self.open(tag, wall_time)
            if points is not None:
                points.steps.append(step)
                points.values.append(value)
                points.last = wall_time
        if start:
            self.starts.append(step)
            for points in self.tags.values():
                if points is not None:
                    points.cuts.append((len(points), step))
        self.hparams |= hparams

    def see(self, wall_time: float) -> None:
        """Note a record's wall time."""
        if self.newest is None:
            self.began = self.newest = wall_time
        elif wall_time > self.newest:
            self.newest = wall_time

    def wants(self, tag: str) -> bool:
        """Note that there is a tag, and tell whether its points are kept."""
        if tag not in self.tags:
            if self._keep is None or self._keep(tag):
                return True
            self.tags[tag] = None
        return self.tags[tag] is not None

    def open(self, tag: str, wall_time: float) -> TagPoints | None:
        """Give a tag's points, begun now if it is new; None for a tag that is not wanted.

        The session starts before a tag cut what earlier files hold of it.
        """
        if tag not in self.tags and self.wants(tag):
            self.tags[tag] = TagPoints([(0, step) for step in self.starts], wall_time)
        return self.tags[tag]

    def extend(self, tag: str, steps: bytes, values: bytes, first: float, last: float) -> None:
        """Add points as 64-bit numbers in the machine's order, and the ends of their wall times."""
        points = self.open(tag, first)
        if points is not None:
            points.steps.frombytes(steps)
            points.values.frombytes(values)
            points.last = last
