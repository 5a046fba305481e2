"""All that a page is made of, read once from the store and from the files of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from hprun import __version__
from hprun.autolog import lines, read_record, record_path
from hprun.dataclass import dataclass
from hprun.engine.provenance import calls
from hprun.errors import HprunError
from hprun.metrics import Resolved, read_run
from hprun.model import FAILURES, SCORED, Curve, Ended, Metric, Outcome
from hprun.paths import Cache
from hprun.report.log_tail import tail
from hprun.report.results import Result, results
from hprun.report.script_changes import changes
from hprun.report.spared import spared_words
from hprun.store import Part, SearchRow, Store

_CURVES = 10  # trials whose curves are read: as many as one can tell apart
_CURVE_RUNS = 120  # of them, at the most
_LOGS = 20  # failed runs whose logs are read
_LOG_LINES = 30


@dataclass(frozen=True, slots=True)
class Evidence:
    """A search as it was read, `written` seconds after the epoch.

    `ranked` are its trials, best first. `times` are the seconds from the begin of its first run to
    the end of each trial that has ended. `curves` and `logs` are by the ids of runs; `no_curves`
    counts the runs of leading trials whose files are gone. `best` is the first trial, if it has a
    score; `changes` is its diff as lines, or `unchanged` says why there is none. `spared` is a
    sentence on early stopping, `call` what was written down of the search's last call.
    """

    search: SearchRow
    state: str
    metric: Metric | None
    cache: Cache
    written: float
    ranked: Sequence[Result]
    times: Mapping[int, float]
    curves: Mapping[int, Curve]
    no_curves: int
    logs: Mapping[int, Sequence[str]]
    best: Result | None
    changes: Sequence[str]
    unchanged: str
    notes: Sequence[str]
    spared: str
    call: Mapping[str, Any] | None
    version: str = __version__


def gather(
    store: Store, cache: Cache, search: SearchRow, metric: Metric | None, state: str, now: float
) -> Evidence:
    """Read all that there is on a search, ranked by `metric`; files that are gone are no error."""
    trials = store.trials(search.id, metric)
    ranked = results(trials, metric)
    best = next((one for one in ranked if one.rank is not None and one.score is not None), None)
    curves, no_curves = _curves(store, cache, ranked, metric)
    found, unchanged = _changes(store, cache, search, best)
    return Evidence(
        search=search,
        state=state,
        metric=metric,
        cache=cache,
        written=now,
        ranked=ranked,
        times=_times(store, search, metric, ranked),
        curves=curves,
        no_curves=no_curves,
        logs={
            part.run.id: tail(cache.run(part.run.folder).log, _LOG_LINES)
            for part in islice(failed(ranked), _LOGS)
        },
        best=best,
        changes=found,
        unchanged=unchanged,
        notes=_notes(cache, best),
        spared="" if metric is None else spared_words(store.ended_parts(search.id, metric)),
        call=next(reversed(calls(cache, search.name)), None),
    )


def failed(ranked: Iterable[Result]) -> Iterable[Part]:
    """The runs that failed, or that ended without saying what the metric was, by trial."""
    for result in sorted(ranked, key=lambda one: one.trial):
        for part in result.parts:
            state = part.run.state
            if not isinstance(state, Ended):
                continue
            silent = part.reading is not None and part.reading.kind != "resolved"
            if state.outcome in FAILURES or (state.outcome is Outcome.COMPLETED and silent):
                yield part


def _times(
    store: Store, search: SearchRow, metric: Metric | None, ranked: Sequence[Result]
) -> dict[int, float]:
    """When each trial that is over had ended, counted from the begin of the first run."""
    over = {
        result.trial: max(
            part.run.state.seconds for part in result.parts if isinstance(part.run.state, Ended)
        )
        for result in ranked
        if all(isinstance(part.run.state, Ended) for part in result.parts)
    }
    progress = store.progress(search.id, metric)
    ends = {
        trial: max(part.ended for part in parts)
        for trial, parts in groupby(progress, key=lambda part: part.trial)
        if trial in over
    }
    ends = {trial: at for trial, at in ends.items() if at}
    begun = min((at - over[trial] for trial, at in ends.items()), default=0.0)
    return {trial: at - begun for trial, at in ends.items()}


def _curves(
    store: Store, cache: Cache, ranked: Sequence[Result], metric: Metric | None
) -> tuple[dict[int, Curve], int]:
    """The curves of the runs of the first trials, and how many could not be read any more."""
    if metric is None:
        return {}, 0
    leading = [result for result in ranked if result.score is not None][:_CURVES]
    parts = [part for result in leading for part in result.parts if _counts(part)]
    curves: dict[int, Curve] = {}
    for part in parts[:_CURVE_RUNS]:
        paths = cache.run(part.run.folder)
        reading = read_run(paths.folder, metric, log=paths.log, since=store.since(part.run.id))
        if isinstance(reading, Resolved) and reading.points.size:
            curves[part.run.id] = reading.curve
    return curves, len(parts) - len(curves)


def _counts(part: Part) -> bool:
    state = part.run.state
    return isinstance(state, Ended) and state.outcome in SCORED and part.reading is not None


def _changes(
    store: Store, cache: Cache, search: SearchRow, best: Result | None
) -> tuple[list[str], str]:
    """What the best trial changed in the script; or else why that cannot be shown."""
    if best is None:
        return [], "No trial has a score yet."
    (trial,) = store.trials(search.id, None, [best.trial])
    try:
        found = changes(search, cache, trial)
    except (HprunError, OSError) as error:
        return [], str(error)
    return found, "" if found else "It differs in nothing: its values came by the command line."


def _notes(cache: Cache, best: Result | None) -> list[str]:
    """What was added to the best trial's trainings, and what came of it."""
    if best is None or not best.parts:
        return []
    return lines(read_record(record_path(cache.run(best.parts[0].run.folder).checkpoint)))
