"""The history of a search as strategies are given it. Pure but for the store that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from hprun.metrics import trial_score
from hprun.model import FAILURES, SCORED, Metric, Outcome, Values
from hprun.store import GivenTrial, Store, TrialPart
from hprun.strategies import Known, Stand

_FAILED = {outcome.value for outcome in (*FAILURES, Outcome.CANCELLED)}
_COMPLETED = Outcome.COMPLETED.value
_SCORED = {outcome.value for outcome in SCORED}


class History:
    """Follows a search's trials; what they were proposed with is read once.

    What the search was given to begin with comes before all others: it ended first, and has
    numbers below 0.
    """

    def __init__(self, store: Store, search: int, metric: Metric | None) -> None:
        self._store = store
        self._search = search
        self._metric = metric
        self._proposed: list[tuple[int, Values, Mapping[str, Any]]] = []
        self._given = foreign(store.given(search))

    def known(self) -> list[Known]:
        """All trials, in the order in which they were proposed."""
        last = self._proposed[-1][0] if self._proposed else -1
        self._proposed += self._store.proposed(self._search, after=last)
        parts = self._store.progress(self._search, self._metric)
        return [*self._given, *told(self._proposed, parts, before=len(self._given))]


def told(
    proposed: Sequence[tuple[int, Values, Mapping[str, Any]]],
    parts: Iterable[TrialPart],
    *,
    before: int = 0,
) -> list[Known]:
    """What a strategy is told of each trial, given how its runs stand. Pure.

    So many trials from elsewhere had ended `before` all of them.
    """
    stands = _stands(parts)
    order = {n: place for place, (_, n) in enumerate(_in_order(stands), before)}
    return [
        Known(number, values, stands[number][0], stands[number][1], order.get(number), note)
        for number, values, note in proposed
    ]


def foreign(given: Sequence[GivenTrial]) -> list[Known]:
    """Trials from elsewhere as a strategy is told of them: numbered up to -1. Pure."""
    return [
        Known(
            place - len(given),
            one.values,
            Stand.STOPPED if one.early else Stand.COMPLETE,
            one.score,
            place,
        )
        for place, one in enumerate(given)
    ]


def ended_scores(parts: Iterable[TrialPart]) -> list[tuple[float, int, float | None]]:
    """When each trial ended that has, its number and its score, in that order. Pure."""
    stands = _stands(parts)
    return [(at, number, stands[number][1]) for at, number in _in_order(stands)]


_HowItStands = tuple[Stand, float | None, float]


def _stands(parts: Iterable[TrialPart]) -> dict[int, _HowItStands]:
    return {trial: _stand(list(runs)) for trial, runs in groupby(parts, key=lambda p: p.trial)}


def _in_order(stands: Mapping[int, _HowItStands]) -> list[tuple[float, int]]:
    """When the trials ended that have, with their numbers."""
    return sorted((at, n) for n, (stand, _, at) in stands.items() if stand is not Stand.OPEN)


def _stand(runs: Sequence[TrialPart]) -> _HowItStands:
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
