"""Reading the metric of runs that have ended."""

from __future__ import annotations

from hprun.metrics import Ambiguous, Missing, Reading, Resolved, read_run
from hprun.model import Metric
from hprun.paths import Cache, RunPaths
from hprun.store import ReadingRow, Store

_CANDIDATES = 12  # as many as a person reads


def read_metric(paths: RunPaths, metric: Metric, since: float) -> ReadingRow:
    """Read a metric out of what a run wrote. Odd files are no error: they say nothing."""
    return to_row(read_run(paths.folder, metric, log=paths.log, since=since))


def to_row(reading: Reading) -> ReadingRow:
    """A reading as the store keeps it."""
    match reading:
        case Resolved():
            detail = {"rule": reading.rule, "notes": list(reading.notes)}
            return ReadingRow("resolved", reading.value, reading.step, reading.series, detail)
        case Ambiguous():
            candidates = [
                [c.series, c.n, c.last_step, c.last_value] for c in reading.candidates[:_CANDIDATES]
            ]
            return ReadingRow("ambiguous", detail={"candidates": candidates})
        case Missing():
            detail = {"tags": list(reading.tags), "near": list(reading.near)}
            return ReadingRow("missing", detail=detail)


def fill_readings(store: Store, cache: Cache, search: int, metric: Metric) -> int:
    """Read `metric` in the ended runs of a search where it was not read before; how many."""
    found: dict[int, ReadingRow] = {}
    for run, folder in store.unread(search, metric):
        found[run] = read_metric(cache.run(folder), metric, store.since(run))
    if found:
        store.put_readings(found, metric)
    return len(found)
