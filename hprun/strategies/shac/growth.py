"""The default way's classifiers: each from all results so far, its cut set on the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hprun.strategies.shac.cascade import Cascade, Level
from hprun.strategies.shac.cube import Cube
from hprun.strategies.shac.options import ShacOptions
from hprun.strategies.shac.pool import median_cut
from hprun.strategies.shac.pools import Pools
from hprun.strategies.shac.results import Results
from hprun.strategies.shac.stages import Lesson, lessons
from hprun.strategies.shac.training import Recipe, train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_RECIPE = Recipe(trees=100, depth=4, rate=0.1, share=0.8)
_KEEP = 0.5
"""The share of the region that a new classifier leaves."""


class Growth:
    """Grows the cascade lesson by lesson; keeps the levels whose lessons have not changed."""

    def __init__(
        self, cube: Cube, seed: int, trials: int | None, options: ShacOptions, pools: Pools
    ) -> None:
        self._cube, self._seed, self._trials = cube, seed, trials
        self._options, self._pools = options, pools
        self._kept: list[tuple[Any, Level]] = []

    def grown(self, results: Results, beginning: Cascade) -> Cascade:
        """The cascade that the results give, upon one from elsewhere."""
        cascade = beginning
        for at, lesson in enumerate(lessons(results, self._trials, self._options)):
            key = _key(results, lesson)
            if at >= len(self._kept) or self._kept[at][0] != key:
                del self._kept[at:]
                self._kept.append((key, self._learned(results, lesson, cascade)))
            cascade = cascade.then(self._kept[at][1])
        return cascade

    def _learned(self, results: Results, lesson: Lesson, cascade: Cascade) -> Level:
        """A level, without a forest where the results are all alike or the pool's scores are."""
        good = _good(results, lesson)
        if good.all() or not good.any():
            return Level()
        rows = cascade.rows(self._cube, results.units[: lesson.upto])
        forest = train(rows, good, _RECIPE, seed=(self._seed + len(cascade)) % 2**32)
        pool = self._pools.at(cascade, 0)
        cut = median_cut(forest.scores(cascade.rows(self._cube, pool)), _KEEP)
        return Level() if cut is None else Level(forest, cut)


def _good(results: Results, lesson: Lesson) -> NDArray[np.bool_]:
    """What is better than the limit; where nothing is (scores in steps), what is as good."""
    import numpy as np

    losses = results.losses[: lesson.upto]
    good = losses < lesson.limit
    return good if good.any() else (losses <= lesson.limit) & np.isfinite(losses)


def _key(results: Results, lesson: Lesson) -> Any:
    """What a level depends on, besides the levels before it."""
    return (
        lesson,
        results.numbers[: lesson.upto],
        results.losses[: lesson.upto].tobytes(),
    )
