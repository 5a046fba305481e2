"""The first trials of a ranking, out of however many, without reading the others."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby, islice

from hprun.metrics import TrialScore, rank, trial_score
from hprun.model import Direction, Metric
from hprun.report.results import Result, results
from hprun.store import Store

_PATIENCE = 200  # values looked at beyond ten for each trial that is asked for
_SLACK = 1e-12  # of a score: what rounding may do to a mean


def leaders(store: Store, search: int, metric: Metric | None, top: int) -> list[Result]:
    """The best `top` trials: the same as the first ones of `results`."""
    if metric is None:
        return results(store.trials(search, None, store.first_trials(search, top)), None)
    found = _best_of(store, search, metric, top)
    return found if found is not None else _out_of_all(store, search, metric, top)


def _best_of(store: Store, search: int, metric: Metric, top: int) -> list[Result] | None:
    """Walk through single values, best first, until no unseen trial can be among the best.

    A trial's mean is no better than its best value, so all that come after a value that is worse
    than the last of `top` means can be left out (R. Fagin, Combining fuzzy information from
    multiple systems, 1996). None where that would take long, or too few trials are complete.
    """
    sign = 1.0 if metric.direction is Direction.LOW else -1.0
    best: list[tuple[float, int, Result]] = []  # in order
    seen = set[int]()
    for value, trial in islice(store.by_value(search, metric), 10 * top + _PATIENCE):
        if len(best) == top and sign * value > best[-1][0] + abs(best[-1][0]) * _SLACK:
            return [replace(result, rank=n) for n, (_, _, result) in enumerate(best, 1)]
        if trial in seen:
            continue
        seen.add(trial)
        (result,) = results(store.trials(search, metric, [trial]), metric)
        if result.rank is not None and result.score is not None and math.isfinite(result.score):
            insort(best, (sign * result.score, trial, result))
            del best[top:]
    return None


def _out_of_all(store: Store, search: int, metric: Metric, top: int) -> list[Result]:
    """Rank by values alone, and read the rest for those that come first."""
    parts = store.runs_per_trial(search)
    scores, incomplete = _scores(store.standings(search, metric), parts)
    ranked = rank(scores, metric.direction, incomplete=incomplete, top=top)
    places = {r.trial: None if r.trial in incomplete else r.rank for r in ranked}
    if len(places) < top:  # those without a score follow in their order
        scored = {trial for trial, _ in scores}
        more = store.first_trials(search, top + len(scored))
        places |= dict.fromkeys([t for t in more if t not in scored][: top - len(places)])
    found = {r.trial: r for r in results(store.trials(search, metric, list(places)), metric)}
    return [replace(found[trial], rank=place) for trial, place in places.items()]


def _scores(
    standings: Iterable[tuple[int, float | str | None, bool]], parts: int
) -> tuple[list[tuple[int, TrialScore]], set[int]]:
    """The score of each trial that has one, and which of these lack runs."""
    scores: list[tuple[int, TrialScore]] = []
    incomplete = set[int]()
    for trial, rows in groupby(standings, key=lambda row: row[0]):
        values = [float(value) for _, value, counts in rows if counts and value is not None]
        if values:
            scores.append((trial, trial_score(values)))
            if len(values) < parts:
                incomplete.add(trial)
    return scores, incomplete
