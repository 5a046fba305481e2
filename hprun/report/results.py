"""The trials of a search as people and programs want them: ranked, with their folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hprun.dataclass import dataclass
from hprun.metrics import TrialScore, rank, trial_score
from hprun.model import SCORED, Ended, Metric, Queued, Running, Values, state_word
from hprun.paths import Cache
from hprun.store import Part, TrialRow

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A trial with its score over folds and repeats.

    `rank` counts from 1 and is None for a trial that cannot be ranked: not all of its runs
    have ended, or none wrote the metric. `note` says why there is no score, where that is odd.
    """

    rank: int | None
    trial: int
    values: Values
    score: float | None
    std: float | None
    n: int
    state: str
    note: str
    seconds: float
    parts: tuple[Part, ...]


def results(trials: Sequence[TrialRow], metric: Metric | None) -> list[Result]:
    """Rank trials, best first: complete ones, then those still going, then those without score."""
    if metric is None:
        return [_result(trial, trial_score([]), None, metric) for trial in trials]
    values = {trial.number: [_value(part) for part in trial.parts] for trial in trials}
    incomplete = {number for number, of_runs in values.items() if None in of_runs}
    scores = [(number, trial_score(of_runs)) for number, of_runs in values.items()]
    rows = {trial.number: trial for trial in trials}
    return [
        _result(rows[r.trial], r.score, None if r.trial in incomplete else r.rank, metric)
        for r in rank(scores, metric.direction, incomplete=incomplete)
    ]


def _value(part: Part) -> float | None:
    """The metric of a run that counts: one that completed, or was stopped early."""
    state = part.run.state
    if not isinstance(state, Ended) or part.reading is None:
        return None
    if state.outcome not in SCORED:
        return None
    return part.reading.value


def _result(trial: TrialRow, score: TrialScore, rank: int | None, metric: Metric | None) -> Result:
    return Result(
        rank=rank,
        trial=trial.number,
        values=trial.values,
        score=score.mean,
        std=score.std,
        n=score.n,
        state=trial_state(trial),
        note=_note(trial, metric),
        seconds=sum(p.run.state.seconds for p in trial.parts if isinstance(p.run.state, Ended)),
        parts=trial.parts,
    )


def trial_state(trial: TrialRow) -> str:
    """A trial's state: running while any of its runs is to come and any has begun."""
    states = [part.run.state for part in trial.parts]
    if all(isinstance(state, Queued) for state in states):
        return "queued"
    if any(isinstance(state, Queued | Running) for state in states):
        return "running"
    worst = ("failed", "out-of-memory", "timed-out", "cancelled", "stopped", "completed")
    return min((state_word(state) for state in states), key=worst.index)


def stopped_after(result: Result) -> str:
    """Where a trial was stopped early: `after 9`, of so many values, or `1 of 5 folds`."""
    stopped = [part for part in result.parts if state_word(part.run.state) == "stopped"]
    if len(result.parts) > 1:
        return f"{len(stopped)} of {len(result.parts)} runs"
    tracks = [(part.reading.detail or {}).get("track") for part in stopped if part.reading]
    return f"after {tracks[0]['values']}" if tracks and tracks[0] else ""


def _note(trial: TrialRow, metric: Metric | None) -> str:
    if metric is None:
        return ""
    kinds = {part.reading.kind for part in trial.parts if part.reading is not None}
    if "ambiguous" in kinds:
        return "?"
    if "missing" in kinds:
        return "no metric"
    return ""


def results_json(
    name: str, metric: Metric | None, ranked: Sequence[Result], cache: Cache
) -> dict[str, Any]:
    """The document of `hprun results --json`."""
    return {
        "schema": SCHEMA,
        "search": name,
        "metric": metric_json(metric),
        "trials": [_trial_json(result, cache) for result in ranked],
    }


def metric_json(metric: Metric | None) -> dict[str, str] | None:
    """A metric, for JSON."""
    if metric is None:
        return None
    direction = metric.direction.value
    return {"name": metric.name, "reduce": metric.reduce.value, "direction": direction}


def _trial_json(result: Result, cache: Cache) -> dict[str, Any]:
    return {
        "rank": result.rank,
        "trial": result.trial,
        "values": dict(result.values),
        "score": finite(result.score),
        "std": finite(result.std),
        "n": result.n,
        "state": result.state,
        "folds": [_fold_json(part, cache) for part in result.parts],
    }


def _fold_json(part: Part, cache: Cache) -> dict[str, Any]:
    state, reading = part.run.state, part.reading
    attempts = state.attempt if isinstance(state, Running) else state.attempts
    found: dict[str, Any] = {
        "fold": part.run.fold,
        "repeat": part.run.repeat,
        "score": finite(reading.value) if reading else None,
        "state": state_word(state),
        "attempts": attempts,
        "seconds": round(state.seconds, 3) if isinstance(state, Ended) else None,
        "path": str(cache.root / part.run.folder),
    }
    if reading is not None:
        found["step"], found["series"] = reading.step, reading.series
        detail = reading.detail or {}
        if reading.kind == "ambiguous":
            found["candidates"] = [c[0] for c in detail.get("candidates", [])]
        if reading.kind == "missing":
            found["tags"] = detail.get("tags", [])
    if isinstance(state, Ended) and state.detail:
        found["detail"] = state.detail
    return found


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity: they are null."""
    return value if value is not None and math.isfinite(value) else None
