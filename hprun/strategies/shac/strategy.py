"""SHAC: successive halving of the space by classifiers (Kumar et al., arXiv 1805.10255).

A batch of trials is drawn, a classifier learns to tell the better half, and the next batch is
drawn from where every classifier so far says "better". The default differs from the paper in
three ways: each classifier learns from all results so far, its cut is set so that about half of
the region is left, and points come from a pool that wanders within the region, not from
rejected draws. The faithful mode is the paper's, with pySHAC's parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from hprun.model import Direction, Values
from hprun.strategies.protocol import Known, Proposal, Stand
from hprun.strategies.shac.cascade import Cascade
from hprun.strategies.shac.cube import Cube, Floats
from hprun.strategies.shac.growth import Growth
from hprun.strategies.shac.options import ShacOptions
from hprun.strategies.shac.pools import Pools
from hprun.strategies.shac.rejection import passing
from hprun.strategies.shac.results import NOTE, Reader, Results, signature
from hprun.strategies.shac.seeds import generator
from hprun.strategies.shac.spacing import farthest
from hprun.strategies.shac.windows import Windows

if TYPE_CHECKING:
    import numpy as np

_CANDIDATES, _LATE_CANDIDATES, _LATE = 4, 2, 9
"""Of so many members of the pool the one farthest from open trials is proposed; of fewer behind
nine classifiers, where the region is one part in five hundred and is to be gone into."""

_DRAWS = 2**12
"""Draws that the faithful mode makes for a point before it takes one from a pool, which is spread
alike: behind twelve classifiers two points in three still come from draws. Checks are relaxed
among the draws only; a pool of which nothing passes a level serves on behind it."""

_LAST_DRAWS = 1024
"""Draws from the whole space for a trial that is new, when the region has none left."""


class Shac:
    """The strategy: proposals from the region that the results so far leave.

    `trials` is the number of trials that the search will have, None where nobody knows.
    `beginning` is a cascade from elsewhere that this one goes on from.
    """

    def __init__(
        self,
        cube: Cube,
        direction: Direction,
        seed: int = 0,
        trials: int | None = None,
        options: ShacOptions | None = None,
        beginning: Cascade | None = None,
    ) -> None:
        self._cube, self._seed = cube, seed
        self._options = options or ShacOptions()
        faithful = self._options.faithful
        self._beginning = beginning or Cascade(one_hot=not faithful)
        self._reader = Reader(cube, direction)
        self._pools = Pools(cube, seed)
        self._windows = Windows(cube, self._options) if faithful else None
        self._growth = Growth(cube, seed, trials, self._options, self._pools)

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next trials, none twice; none at all where the space has no other trial left."""
        results = self._reader.read(history)
        cascade, over = self._grown(results)
        if over:
            return ()
        placed = [stage for stage in results.stages + results.open_stages if stage >= 0]
        if self._options.total_budget is not None:
            count = min(count, self._options.total_budget - len(placed))
        drawn = placed.count(len(cascade))
        return [
            Proposal(values, {NOTE: len(cascade)})
            for values in self._drawn(cascade, results, drawn, _next(history), count)
        ]

    def cascade(self, history: Sequence[Known]) -> Cascade:
        """The classifiers that a history gives: to be looked at, exported or gone on from."""
        return self._grown(self._reader.read(history))[0]

    def predict(
        self, history: Sequence[Known], count: int, classifiers: int | None = None
    ) -> list[Values]:
        """Trials that pass the first so many classifiers (None: all); nothing is run.

        Trials of the history are not among them. Raises ConfigError for more classifiers than
        there are.
        """
        results = self._reader.read(history)
        cascade = self._grown(results)[0].first(classifiers)
        return list(self._drawn(cascade, results, 0, _next(history), count))

    def _grown(self, results: Results) -> tuple[Cascade, bool]:
        if self._windows is not None:
            return self._windows.grown(results, self._beginning)
        return self._growth.grown(results, self._beginning), False

    def _drawn(
        self, cascade: Cascade, results: Results, drawn: int, first: int, count: int
    ) -> Iterator[Values]:
        """New trials; `drawn` have come from this region before, `first` is the first's number.

        What each is depends on its number and on what came before it, so it does not matter
        whether two are asked for at once or one after the other.
        """
        import numpy as np

        seen, others = set(results.seen), results.open_units
        for index in range(count):
            rng = generator(self._seed, "draw", first + index)
            candidates = self._candidates(cascade, drawn + index, rng)
            point = self._chosen(cascade, candidates, others, seen, rng)
            if point is None:
                return
            values = self._cube.values(point.tolist())
            seen.add(signature(values))
            where = self._cube.point(values)
            others = np.vstack([others, point if where is None else np.asarray(where, float)])
            yield values

    def _candidates(
        self, cascade: Cascade, drawn: int, rng: np.random.Generator
    ) -> Iterable[Floats]:
        """Points of the region, in the order in which they are to be looked at."""
        if self._windows is None:
            return self._pooled(cascade, drawn, rng)
        draws = passing(cascade, self._cube, rng, draws=_DRAWS, relax=self._options.relax_checks)
        return chain(draws, self._pooled(cascade, drawn, rng))

    def _pooled(self, cascade: Cascade, drawn: int, rng: np.random.Generator) -> Iterator[Floats]:
        """The pool in a random order; it is not made before it is needed."""
        yield from rng.permutation(self._pools.at(cascade, drawn))

    def _chosen(
        self,
        cascade: Cascade,
        candidates: Iterable[Floats],
        others: Floats,
        seen: set[Any],
        rng: np.random.Generator,
    ) -> Floats | None:
        """The point to propose: one that is no trial yet, and far from the open ones."""
        import numpy as np

        wanted = _CANDIDATES if len(cascade) < _LATE else _LATE_CANDIDATES
        if self._windows is not None or not len(others):
            wanted = 1
        fresh = []
        for point in candidates:
            if signature(self._cube.values(point.tolist())) not in seen:
                fresh.append(point)
                if len(fresh) == wanted:
                    break
        if not fresh:
            return self._last_resort(cascade, seen, rng)
        if len(fresh) == 1:
            return fresh[0]
        pool = self._pools.at(cascade, 0)
        return fresh[farthest(np.array(fresh), others, pool, cascade, self._cube)]

    def _last_resort(
        self, cascade: Cascade, seen: set[Any], rng: np.random.Generator
    ) -> Floats | None:
        """Where the region holds no trial that is new: one that fails as few levels as can be."""
        import numpy as np

        units = rng.random((_LAST_DRAWS, len(self._cube.options)))
        order = np.argsort(cascade.failures(self._cube, units), kind="stable")
        for at in order:
            if signature(self._cube.values(units[at].tolist())) not in seen:
                found: Floats = units[at]
                return found
        return None


def _next(history: Sequence[Known]) -> int:
    """The number that the next trial will have."""
    return max((known.number for known in history), default=-1) + 1


def known_table(rows: Iterable[tuple[Values, float]]) -> list[Known]:
    """A table of values and scores as a history, to fit a cascade on: `Shac.cascade(...)`."""
    return [
        Known(number, values, Stand.COMPLETE, score, number)
        for number, (values, score) in enumerate(rows)
    ]
