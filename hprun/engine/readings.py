"""Reading the metric of runs that have ended."""

from __future__ import annotations

from typing import Any

from hprun.metrics import Ambiguous, Missing, Reading, Resolved, read_run
from hprun.model import Metric
from hprun.paths import Cache, RunPaths
from hprun.store import ReadingRow, Store

_CANDIDATES = 12  # as many as a person reads


def read_metric(
    paths: RunPaths, metric: Metric, since: float, *, tracked: bool = False
) -> ReadingRow:
    """Read a metric out of what a run wrote. Odd files are no error: they say nothing.

    With `tracked`, the row says how the score came to be, too, which stoppers compare.
    """
    reading = read_run(paths.folder, metric, log=paths.log, since=since)
    return to_row(reading, metric if tracked else None)


def to_row(reading: Reading, tracked: Metric | None = None) -> ReadingRow:
    """A reading as the store keeps it."""
    match reading:
        case Resolved():
            detail: dict[str, Any] = {"rule": reading.rule, "notes": list(reading.notes)}
            if tracked is not None:
                from hprun.stoppers.tracks import track_of

                track = track_of(reading.points.values, reading.points.size, tracked)
                detail["track"] = {"values": track.values, "scores": list(track.scores)}
            return ReadingRow("resolved", reading.value, reading.step, reading.series, detail)
        case Ambiguous():
            candidates = [
                [c.series, c.n, c.last_step, c.last_value] for c in reading.candidates[:_CANDIDATES]
            ]
            return ReadingRow("ambiguous", detail={"candidates": candidates})
        case Missing():
            detail = {"tags": list(reading.tags), "near": list(reading.near)}
            return ReadingRow("missing", detail=detail)


def fill_readings(
    store: Store, cache: Cache, search: int, metric: Metric, *, tracked: bool = False
) -> int:
    """Read `metric` in the ended runs of a search where it was not read before; how many.

    With `tracked`, also where it is not known how the score came to be.
    """
    found: dict[int, ReadingRow] = {}
    again = dict(store.untracked(search, metric)) if tracked else {}
    for run, folder in [*store.unread(search, metric), *again.items()]:
        row = read_metric(cache.run(folder), metric, store.since(run), tracked=tracked)
        if row.kind == "resolved" or run not in again:  # its files may be gone
            found[run] = row
    if found:
        store.put_readings(found, metric)
    return len(found)
