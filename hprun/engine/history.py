"""The history of a search as strategies are given it. Pure but for the store that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from hprun.metrics import trial_score
from hprun.model import FAILURES, SCORED, Metric, Outcome, Values
from hprun.store import Store, TrialPart
from hprun.strategies import Known, Stand

_FAILED = {outcome.value for outcome in (*FAILURES, Outcome.CANCELLED)}
_COMPLETED = Outcome.COMPLETED.value
_SCORED = {outcome.value for outcome in SCORED}


class History:
    """Follows a search's trials; what they were proposed with is read once."""

    def __init__(self, store: Store, search: int, metric: Metric | None) -> None:
        self._store = store
        self._search = search
        self._metric = metric
        self._proposed: list[tuple[int, Values, Mapping[str, Any]]] = []

    def known(self) -> list[Known]:
        """All trials, in the order in which they were proposed."""
        last = self._proposed[-1][0] if self._proposed else -1
        self._proposed += self._store.proposed(self._search, after=last)
        return told(self._proposed, self._store.progress(self._search, self._metric))


def told(
    proposed: Sequence[tuple[int, Values, Mapping[str, Any]]], parts: Iterable[TrialPart]
) -> list[Known]:
    """What a strategy is told of each trial, given how its runs stand. Pure."""
    stands = {trial: _stand(list(runs)) for trial, runs in groupby(parts, key=lambda p: p.trial)}
    over = [(stands[n][2], n) for n in stands if stands[n][0] is not Stand.OPEN]
    order = {number: place for place, (_, number) in enumerate(sorted(over))}
    return [
        Known(number, values, stands[number][0], stands[number][1], order.get(number), note)
        for number, values, note in proposed
    ]


def _stand(runs: Sequence[TrialPart]) -> tuple[Stand, float | None, float]:
    """How a trial stands, its score, and when its last run ended."""
    at = max(run.ended for run in runs)
    if any(run.word in _FAILED for run in runs):
        return Stand.FAILED, None, at
    if any(run.word not in _SCORED for run in runs):
        return Stand.OPEN, None, at
    stopped = any(run.word == Outcome.STOPPED.value for run in runs)
    # Of a trial whose remaining folds were left out, those count that there are.
    values = [run.value for run in runs if run.word == _COMPLETED or run.value is not None]
    score = trial_score(values).mean
    if score is None or None in values:
        return Stand.FAILED, None, at
    return Stand.STOPPED if stopped else Stand.COMPLETE, score, at
