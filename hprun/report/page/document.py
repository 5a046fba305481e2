"""What a page shows, as one JSON document: a pure function of what was read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from hprun.model import Ended, Outcome, Value, state_word
from hprun.report.page.axes import Axis, axis_of, score_axis
from hprun.report.page.environment import environment
from hprun.report.page.evidence import Evidence, failed
from hprun.report.page.importances import importances
from hprun.report.page.thinning import thinned
from hprun.report.ranking_table import value_names
from hprun.report.results import Result, finite, metric_json, stopped_after
from hprun.report.words import score_words, time_words
from hprun.store import Part

SCHEMA = 1
_TRIALS = 5000  # more make the page slow, and nobody reads them
_POINTS = 300  # of a curve
_LISTED = 200  # runs that failed, or were stopped


def document(evidence: Evidence) -> dict[str, Any]:
    """All that the page holds; nothing in it but texts, finite numbers, truth, lists and objects.

    Trials are as in `hprun results --json`, their values in the order of `names`, of which the
    first `differing` differ between trials. `words` are these values as texts, None where a trial
    has none of that name, and `places` where they lie on `axes`.
    """
    ranked = evidence.ranked[:_TRIALS]
    names = value_names(ranked)
    axes = [axis_of(name, _values_of(name, ranked)) for name in names]
    scores = _score_axis(evidence, ranked)
    trials = [_trial(result, axes, scores, evidence) for result in ranked]
    differing = sum(len({trial["words"][n] for trial in trials}) > 1 for n in range(len(names)))
    return {
        "schema": SCHEMA,
        "search": evidence.search.name,
        "state": evidence.state,
        "metric": metric_json(evidence.metric),
        "metric_words": "" if evidence.metric is None else str(evidence.metric),
        "total": len(evidence.ranked),
        "names": names,
        "differing": differing,
        "axes": [axis.json() for axis in axes],
        "score_axis": None if scores is None else scores.json(),
        "trials": trials,
        "folds": any(len(result.parts) > 1 for result in ranked),
        "curves": list(_curves(evidence)),
        "no_curves": evidence.no_curves,
        "importances": _importances(axes[:differing], trials),
        "stopped": _stopped(evidence.ranked),
        "spared": evidence.spared,
        "failures": _failures(evidence),
        "best": None if evidence.best is None else evidence.best.trial,
        "changes": list(evidence.changes),
        "unchanged": evidence.unchanged,
        "environment": environment(evidence),
    }


def _values_of(name: str, ranked: Sequence[Result]) -> Iterator[Value]:
    return (result.values[name] for result in ranked if name in result.values)


def _score_axis(evidence: Evidence, ranked: Sequence[Result]) -> Axis | None:
    """None where no trial has a finite score."""
    if evidence.metric is None or all(finite(result.score) is None for result in ranked):
        return None
    scores = (result.score for result in ranked)
    return score_axis(str(evidence.metric), scores, evidence.metric.direction)


def _trial(
    result: Result, axes: Sequence[Axis], scores: Axis | None, evidence: Evidence
) -> dict[str, Any]:
    held = [axis.name in result.values for axis in axes]
    values = [result.values.get(axis.name) for axis in axes]
    return {
        "rank": result.rank,
        "trial": result.trial,
        "values": [_plain(value) for value in values],
        "words": [str(v) if has else None for v, has in zip(values, held, strict=True)],
        "places": [
            _place(axis, value) if has else None
            for axis, value, has in zip(axes, values, held, strict=True)
        ],
        "score": finite(result.score),
        "score_words": score_words(result.score) if result.score is not None else result.note,
        "score_place": None if scores is None else _place(scores, result.score),
        "std": finite(result.std),
        "n": result.n,
        "state": result.state,
        "after": stopped_after(result) if result.state == "stopped" else "",
        "seconds": round(result.seconds, 3),
        "time_words": time_words(result.seconds) if _over(result) else "-",
        "ended": _rounded(evidence.times.get(result.trial)),
        "runs": [_run(part) for part in result.parts],
    }


def _run(part: Part) -> dict[str, Any]:
    """One of the runs of a trial, and at which step its score was reached."""
    state, reading = part.run.state, part.reading
    return {
        "fold": part.run.fold,
        "repeat": part.run.repeat,
        "state": state_word(state),
        "score": finite(reading.value) if reading else None,
        "score_words": score_words(reading.value) if reading else "-",
        "step": reading.step if reading else None,
    }


def _over(result: Result) -> bool:
    return result.state not in ("queued", "running")


def _place(axis: Axis, value: Value) -> float | None:
    place = axis.place(value)
    return None if place is None else round(place, 4)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)


def _plain(value: Value) -> Any:
    """A value as JSON has it: numbers that it lacks are texts."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _curves(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Each curve with the trial, fold and repeat that it is of; a value that is no number is None."""
    for result in evidence.ranked:
        for part in result.parts:
            curve = evidence.curves.get(part.run.id)
            if curve is None:
                continue
            kept = thinned(curve.values, _POINTS)
            values = [curve.values[at] for at in kept]
            yield {
                "trial": result.trial,
                "fold": part.run.fold,
                "repeat": part.run.repeat,
                "points": len(curve.values),
                "steps": [curve.steps[at] for at in kept],
                "values": [float(f"{v:.6g}") if math.isfinite(v) else None for v in values],
                "best": None if part.reading is None else part.reading.step,
            }


def _importances(axes: Sequence[Axis], trials: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Names with their shares; of places on the axes, so that what is far off does not decide."""
    scored = [t for t in trials if t["score_place"] is not None and t["rank"] is not None]
    columns = range(len(axes))
    found = importances(
        [axis.name for axis in axes],
        [[trial["places"][n] for n in columns] for trial in scored],
        [trial["score_place"] for trial in scored],
        {
            axis.name: sorted({t["places"][n] for t in scored} - {None})
            for n, axis in enumerate(axes)
            if axis.floor == 1
        },
    )
    return [[name, round(share, 4)] for name, share in found.items()]


def _stopped(ranked: Sequence[Result]) -> dict[str, Any]:
    """Runs that were stopped early, by trial; of many, the first."""
    runs = [
        {
            **_where(part),
            "why": part.run.state.detail if isinstance(part.run.state, Ended) else "",
            "values": _values_written(part),
            "score_words": score_words(part.reading.value if part.reading else None),
        }
        for result in sorted(ranked, key=lambda one: one.trial)
        for part in result.parts
        if state_word(part.run.state) == Outcome.STOPPED.value
    ]
    return {"total": len(runs), "runs": runs[:_LISTED]}


def _values_written(part: Part) -> int | None:
    track = ((part.reading.detail or {}) if part.reading else {}).get("track")
    return int(track["values"]) if track else None


def _failures(evidence: Evidence) -> dict[str, Any]:
    """Runs that failed, or did not write the metric, with the ends of the first ones' logs."""
    parts = list(failed(evidence.ranked))
    runs = [
        {
            **_where(part),
            "state": state_word(part.run.state),
            "why": _why(part),
            "path": str(evidence.cache.run(part.run.folder).log),
            "log": list(evidence.logs.get(part.run.id, ())),
        }
        for part in parts[:_LISTED]
    ]
    return {"total": len(parts), "runs": runs}


def _where(part: Part) -> dict[str, int]:
    return {"trial": part.trial, "fold": part.run.fold, "repeat": part.run.repeat}


def _why(part: Part) -> str:
    """Why a run counts as failed, in a sentence."""
    state, reading = part.run.state, part.reading
    if isinstance(state, Ended) and state.outcome is not Outcome.COMPLETED:
        return state.detail
    detail = (reading.detail or {}) if reading is not None else {}
    if reading is not None and reading.kind == "ambiguous":
        named = ", ".join(str(one[0]) for one in detail.get("candidates", []))
        return f"the metric could be any of these: {named}"
    return f"the metric is missing; written was: {', '.join(detail.get('tags', [])) or 'nothing'}"
