"""The history as SHAC reads it: points, losses and the stage that each trial was proposed at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hprun.dataclass import dataclass
from hprun.model import Direction, Values
from hprun.strategies.protocol import Known, Stand
from hprun.strategies.shac.cube import Cube, Floats

NOTE = "shac"
"""The key in a trial's note: how many classifiers it has passed."""

Signature = frozenset[tuple[str, bool, Any]]
"""What makes two trials the same."""

FOREIGN = -1
"""The stage of a trial that somebody else proposed."""


@dataclass(frozen=True, eq=False)
class Results:
    """The ended trials in the order in which they ended, and what is still open.

    `losses` are lower for better ones, and infinite for a trial that failed or whose score is
    NaN or infinite. `stages` counts the classifiers a trial had passed. `open_units` are the
    points without a result, `open_stages` their stages. `seen` holds every trial's values.
    """

    numbers: tuple[int, ...]
    units: Floats
    losses: Floats
    stages: tuple[int, ...]
    open_units: Floats
    open_stages: tuple[int, ...]
    seen: frozenset[Signature]

    @property
    def prelude(self) -> int:
        """How many trials of others had ended before the first of our own did."""
        return next((at for at, stage in enumerate(self.stages) if stage >= 0), len(self.stages))

    @property
    def own(self) -> tuple[int, ...]:
        """Where the trials of our own are among the ended ones."""
        return tuple(at for at, stage in enumerate(self.stages) if stage >= 0)


def signature(values: Values) -> Signature:
    """What makes two trials the same: True is not 1, and 1 is 1.0."""
    return frozenset((name, isinstance(value, bool), value) for name, value in values.items())


class Reader:
    """Reads histories of one space; a trial's point is worked out once, as its values stay."""

    def __init__(self, cube: Cube, direction: Direction) -> None:
        self._cube = cube
        self._sign = 1.0 if direction is Direction.LOW else -1.0
        self._points: dict[Signature, Sequence[float] | None] = {}

    def read(self, history: Sequence[Known]) -> Results:
        """The results in a history; trials that the space has no point for are left out."""
        import numpy as np

        placed = [(known, self._point(known.values)) for known in history]
        open_ones = [(k, p) for k, p in placed if k.stand is Stand.OPEN and p is not None]
        ended = [(k, p) for k, p in placed if k.stand is not Stand.OPEN and p is not None]
        ended.sort(
            key=lambda pair: (math.inf if (e := pair[0].ended) is None else e, pair[0].number)
        )
        width = len(self._cube.options)
        return Results(
            numbers=tuple(known.number for known, _ in ended),
            units=np.array([point for _, point in ended], float).reshape(-1, width),
            losses=np.array([self._loss(known) for known, _ in ended], float),
            stages=tuple(_stage(known.note) for known, _ in ended),
            open_units=np.array([point for _, point in open_ones], float).reshape(-1, width),
            open_stages=tuple(_stage(known.note) for known, _ in open_ones),
            seen=frozenset(signature(known.values) for known in history),
        )

    def _loss(self, known: Known) -> float:
        """Of a stopped trial what there was of its score: it may be stopped for being done."""
        if known.stand is Stand.FAILED or known.score is None or not math.isfinite(known.score):
            return math.inf
        return self._sign * known.score

    def _point(self, values: Values) -> Sequence[float] | None:
        key = signature(values)
        if key not in self._points:
            self._points[key] = self._cube.point(values)
        return self._points[key]


def _stage(note: Mapping[str, Any]) -> int:
    stage = note.get(NOTE)
    return stage if isinstance(stage, int) and stage >= 0 else FOREIGN
