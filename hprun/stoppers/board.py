"""What all runs of a search had at the marks where they are compared."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence

from hprun.dataclass import dataclass
from hprun.model import Direction
from hprun.stoppers.protocol import Seen, Stopper
from hprun.stoppers.tracks import Track, Tracker, mark

Part = tuple[int, int]
"""Fold and repeat: runs are compared with runs on the same part of the data."""


@dataclass(eq=False)
class _Entry:
    """A run; `entered` counts its marks that are on the board."""

    trial: int
    part: Part
    scores: Sequence[float]
    entered: int = 0


class Board:
    """Compares runs; each is entered once at each mark, and judged when it gets there."""

    def __init__(self, stoppers: Sequence[Stopper], direction: Direction) -> None:
        self._stoppers = stoppers
        self._sign = 1.0 if direction is Direction.LOW else -1.0
        self._entries: dict[int, _Entry] = {}
        self._at: dict[tuple[int, int, Part, int], array[float]] = {}  # the best first
        self._longest = 0

    def budget(self, stopper: Stopper) -> int | None:
        """How many values a whole run writes; None while nobody knows."""
        return stopper.max or self._longest or None

    def learn(self, run: int, trial: int, part: Part, track: Track, *, completed: bool) -> None:
        """Take in a run that has ended."""
        self._enter(run, trial, part, track.scores)
        if completed and track.values > self._longest:
            self._longest = track.values
            self._begin_anew()

    def see(self, run: int, trial: int, part: Part, tracker: Tracker) -> None:
        """Take in how far a run is, without judging it."""
        self._enter(run, trial, part, tracker.track.scores)

    def judge(
        self, run: int, trial: int, part: Part, tracker: Tracker, *, comparing: bool = True
    ) -> str:
        """Why to stop a run that has come to new marks; "" to let it go on.

        Without `comparing`, only by stoppers that look at nothing but the run.
        """
        scores = tracker.track.scores
        entry = self._entries.get(run)
        why = ""
        for place in range(entry.entered if entry else 0, len(scores)):
            idle = mark(place) - tracker.improved_at(place)
            why = why or self._verdict(trial, part, place, scores[place], idle, comparing)
            self._enter(run, trial, part, scores, place + 1)
        return why

    def _verdict(
        self, trial: int, part: Part, place: int, score: float, idle: int, comparing: bool
    ) -> str:
        for number, stopper in enumerate(self._stoppers):
            if stopper.compares and not comparing:
                continue
            budget, bracket = self.budget(stopper), stopper.bracket(trial)
            if budget is None or not stopper.looks_at(place, bracket, budget):
                continue
            others = self._at.get((number, bracket, part, place), ())
            better = bisect_left(others, self._key(score))
            seen = Seen(mark(place), score, better, len(others), idle)
            if why := stopper.verdict(seen, budget):
                return why
        return ""

    def _enter(
        self, run: int, trial: int, part: Part, scores: Sequence[float], upto: int | None = None
    ) -> None:
        entry = self._entries.setdefault(run, _Entry(trial, part, scores))
        entry.scores = scores
        upto = len(scores) if upto is None else upto
        for place in range(entry.entered, upto):
            self._put(entry, place)
        entry.entered = max(entry.entered, upto)

    def _put(self, entry: _Entry, place: int) -> None:
        for number, stopper in enumerate(self._stoppers):
            budget = self.budget(stopper) if stopper.compares else None
            bracket = stopper.bracket(entry.trial)
            if budget is not None and stopper.looks_at(place, bracket, budget):
                key = (number, bracket, entry.part, place)
                insort(self._at.setdefault(key, array("d")), self._key(entry.scores[place]))

    def _begin_anew(self) -> None:
        """The marks have moved, because a run was longer than all before."""
        if all(stopper.max is not None for stopper in self._stoppers):
            return
        self._at.clear()
        for entry in self._entries.values():
            for place in range(min(entry.entered, len(entry.scores))):
                self._put(entry, place)

    def _key(self, score: float) -> float:
        """What sorts scores, best first; what is no finite number is worst."""
        return self._sign * score if math.isfinite(score) else math.inf
