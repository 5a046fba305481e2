"""The faithful way's lessons: each classifier from its own window of results, and its checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from hprun.dataclass import dataclass
from hprun.strategies.shac.cascade import Cascade, Level
from hprun.strategies.shac.cube import Cube
from hprun.strategies.shac.options import Schedule, ShacOptions
from hprun.strategies.shac.results import Results
from hprun.strategies.shac.training import Recipe, accuracy, train

_RECIPE = Recipe(trees=200, depth=3, rate=0.1)
"""What xgboost's own defaults were when pySHAC was written."""


@dataclass
class Windows:
    """Cuts results into windows and trains on each, as pySHAC does; remembers what it trained.

    A window is `Schedule.window` results of trials that passed every classifier there was when
    the window began, so there is no need to wait for a batch to end. Its better half is good, by
    strict comparison with its median. A classifier that fails its checks is dropped together
    with its window.
    """

    cube: Cube
    options: ShacOptions
    _trained: dict[Any, Level | None] = field(default_factory=dict)

    def grown(self, results: Results, beginning: Cascade) -> tuple[Cascade, bool]:
        """The cascade, and whether `early_stop` ends the search here."""
        total, batches = self.options.total_budget, self.options.num_batches
        assert total is not None
        assert batches is not None
        most = self.options.max_classifiers
        schedule = Schedule.of(total, total // batches, most)
        cascade, window = beginning, list[int]()
        for at, stage in _in_learning_order(results, presort=self.options.presort):
            if len(cascade) >= len(beginning) + schedule.classifiers:
                break
            if stage is not None and stage < len(cascade):
                continue  # drawn before the last cut: it says nothing of the region since
            window.append(at)
            if len(window) == schedule.window:
                level = self._level(results, tuple(window), cascade)
                window = []
                if level is not None:
                    cascade = cascade.then(level)
                elif self.options.early_stop:
                    return cascade, True
        return cascade, False

    def _level(self, results: Results, window: tuple[int, ...], cascade: Cascade) -> Level | None:
        key = tuple((results.numbers[at], float(results.losses[at])) for at in window)
        if key not in self._trained:
            self._trained[key] = self._train(results, list(window), cascade)
        return self._trained[key]

    def _train(self, results: Results, window: list[int], cascade: Cascade) -> Level | None:
        """A classifier that passes the checks, or None."""
        import numpy as np

        losses = results.losses[window]
        good = losses < np.median(losses)
        if good.all() or not good.any():
            return None
        rows = cascade.rows(self.cube, results.units[window])
        if not self.options.skip_cv_checks and accuracy(rows, good, _RECIPE) < 0.5:
            return None
        level = Level(train(rows, good, _RECIPE, seed=0))
        told = level.passes(rows)
        return None if told.all() or not told.any() else level


def _in_learning_order(results: Results, *, presort: bool) -> Iterator[tuple[int, int | None]]:
    """Where each result is, with its stage; None for those that were there before the search.

    The latter come from worst to best with `presort`: each window is then better than the last,
    as the windows of a search are.
    """
    before = list(range(results.prelude))
    if presort:
        before.sort(key=lambda at: -results.losses[at])
    yield from ((at, None) for at in before)
    for at in range(results.prelude, len(results.numbers)):
        yield at, max(results.stages[at], 0)
