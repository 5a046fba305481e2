"""Rows of the database become words of the program, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hprun.model import Direction, Ended, Metric, Outcome, Queued, Reduce, Run, Running, State
from hprun.store.rows import AtOnce, Claimed, Part, ReadingRow, SearchRow, TrialRow

SEARCH = "SELECT id, name, request, metric, digests, created, touched, state, at_once FROM search"
RUN = (
    "run.id, run.identity, run.folder, part.fold, part.repeat, run.state, run.outcome,"
    " run.attempts, run.started, run.seconds, run.detail"
)
ASKED_AGAIN = (
    "state = 'queued', outcome = NULL, lost = 0, detail = '', failures = 0, full = 0,"
    " fresh = attempts"
)
"""What a run is set to that had ended and is to be tried once more."""
CLAIM = "owner.name, run.lost, run.failures, run.boot, run.ending, run.asked, run.full"


def to_search(row: Sequence[Any]) -> SearchRow:
    """A search, from the columns of `SEARCH`."""
    number, name, request, metric, digests, created, touched, state, at_once = row
    return SearchRow(
        number, name, json.loads(request), to_metric(metric), json.loads(digests),
        created, touched, state, AtOnce(*json.loads(at_once)) if at_once else None,
    )  # fmt: skip


def metric_json(metric: Metric | None) -> str | None:
    """A metric as one text."""
    if metric is None:
        return None
    return json.dumps([metric.name, metric.reduce.value, metric.direction.value])


def to_metric(text: str | None) -> Metric | None:
    """The metric that such a text means."""
    if text is None:
        return None
    name, reduce, direction = json.loads(text)
    return Metric(name, Reduce(reduce), Direction(direction))


def to_run(row: Sequence[Any]) -> Run:
    """A run, from the columns of `RUN`."""
    run, identity, folder, fold, repeat, *state = row
    return Run(run, identity, folder, fold, repeat, to_state(*state))


def to_claimed(row: Sequence[Any]) -> Claimed:
    """A claimed run, from the columns of `RUN` and `CLAIM`."""
    owner, lost, failures, boot, ending, asked, full = row[11:]
    return Claimed(to_run(row[:11]), owner or "", lost, failures, boot, ending, asked or 0.0, full)


def to_state(
    state: str,
    outcome: str | None,
    attempts: int,
    started: float | None,
    seconds: float | None,
    detail: str,
) -> State:
    """A state, from the columns that are only there in some of them."""
    if state == "queued":
        return Queued(attempts)
    if state == "running":
        return Running(attempts, started or 0.0)
    return Ended(Outcome(outcome), attempts, seconds or 0.0, detail)


def to_trials(rows: Iterable[Sequence[Any]]) -> Iterator[TrialRow]:
    """Trials out of rows that each hold a trial, a run and a reading, ordered by trial."""
    number, values = -1, ""
    parts: list[Part] = []
    for row in rows:
        if row[0] != number and parts:
            yield TrialRow(number, to_values(values), tuple(parts))
            parts = []
        number, values = row[0], row[1]
        parts.append(Part(number, to_run(row[2:13]), to_reading(row[13:])))
    if parts:
        yield TrialRow(number, to_values(values), tuple(parts))


def to_values(text: str) -> dict[str, Any]:
    """A trial's values, from their column."""
    return with_tuples(json.loads(text))


def with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays come back as tuples, which JSON does not know."""
    return {name: _with_tuples(value) for name, value in values.items()}


def _with_tuples(value: Any) -> Any:
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def to_reading(row: Sequence[Any]) -> ReadingRow | None:
    """A reading, or None where the metric was not read."""
    kind, value, step, series, detail = row
    if kind is None:
        return None
    parsed = json.loads(detail)
    return ReadingRow(kind, float("nan") if parsed.get("nan") else value, step, series, parsed)
