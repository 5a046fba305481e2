"""Options and look-ups that several verbs share, each declared once."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hprun.config import cache_folder, read_file
from hprun.errors import CacheError, HprunError
from hprun.files import is_locked
from hprun.model import Metric
from hprun.paths import Cache
from hprun.store import SearchRow, Store, TrialRow

if TYPE_CHECKING:
    from hprun.engine.question import Question

F = TypeVar("F", bound=Callable[..., Any])


def cache_option(function: F) -> F:
    """`--cache`, with what the environment and the file say behind it."""
    return click.option(
        "--cache",
        "cache",
        metavar="FOLDER",
        callback=lambda _ctx, _param, flag: Cache(cache_folder(flag, read_file(Path.cwd()))),
        help="Where hprun keeps everything (default: cache; HPRUN_CACHE).",
    )(function)


def json_option(function: F) -> F:
    """`--json`: a document on stdout and nothing else."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def metric_options(function: F) -> F:
    """`--metric` and `--direction`, to rank by another metric than the search's."""
    function = click.option(
        "--direction",
        envvar="HPRUN_DIRECTION",
        type=click.Choice(["min", "max"]),
        help="Which scores are better, where the name does not say.",
    )(function)
    return click.option(
        "--metric",
        metavar="NAME[:min|:max|:last]",
        help="Rank by this metric instead; runs nothing.",
    )(function)


def yes_option(function: F) -> F:
    """`--yes`: do not ask."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)


def open_store(cache: Cache, *, create: bool = False) -> Store:
    """The store of a cache; closed when the command ends, for that puts its log of writes away.

    Raises CacheError, also for one that is not there and not to be created.
    """
    store = Store(cache.database, create=create)
    click.get_current_context().call_on_close(store.close)
    return store


def find_search(store: Store, name: str | None) -> SearchRow:
    """The search of that name, or the one last used. Raises CacheError."""
    rows = store.searches()
    if not rows:
        raise CacheError("There is no search in this cache yet.")
    if name is None:
        return rows[0]
    found = [row for row in rows if row.name == name]
    if not found:
        names = ", ".join(row.name for row in rows[:8])
        raise CacheError(f"There is no search named {name}.", hint=f"There are: {names}.")
    return found[0]


def question_of(row: SearchRow, cache: Cache, jobs: int | str | None = None) -> Question:
    """What a search asked, understood anew; `jobs` replaces the number that it had.

    Raises HprunError where the script is not there, or is not what it was.
    """
    from hprun.engine.question import understand
    from hprun.engine.writing_down import saved_settings

    settings, workspace = saved_settings(row, cache)
    if jobs is not None:
        settings = replace(settings, jobs=jobs)
    if not (workspace / settings.script).exists():
        raise HprunError(
            f"{row.name} searches over {workspace / settings.script}, which is not there.",
            hint="The cache finds the script beside it: move both together.",
        )
    return understand(settings, workspace, large_is_fine=True)


def understood(row: SearchRow, cache: Cache) -> Question | None:
    """What a search asked, to be looked at; None where the script is gone, or is not what it was."""
    from hprun.engine.question import understand
    from hprun.engine.writing_down import saved_settings

    with contextlib.suppress(HprunError):
        settings, workspace = saved_settings(row, cache)
        return understand(settings, workspace, large_is_fine=True, to_run=False)
    return None


def find_trial(store: Store, row: SearchRow, number: int, metric: Metric | None = None) -> TrialRow:
    """One trial of a search. Raises HprunError."""
    trials = store.trials(row.id, metric, [number])
    if not trials:
        count = store.trial_count(row.id)
        raise HprunError(
            f"{row.name} has no trial {number}.", hint=f"Its trials are 0 to {count - 1}."
        )
    return trials[0]


def parse_trial(text: str) -> tuple[int, int | None]:
    """`TRIAL` or `TRIAL/FOLD` as numbers. Raises HprunError."""
    trial, _, fold = text.partition("/")
    try:
        return int(trial), int(fold) if fold else None
    except ValueError:
        raise HprunError(
            f"{text} is no trial.", hint="A trial is a number, as in `hprun show 7`."
        ) from None


def is_trial(text: str) -> bool:
    """Say whether an argument names a trial rather than a search."""
    return text.partition("/")[0].isdigit()


def asked_metric(
    store: Store, cache: Cache, row: SearchRow, metric: str | None, direction: str | None
) -> Metric | None:
    """The metric to rank by; its values are read where they were not yet."""
    if metric is None:
        if direction is not None:
            raise HprunError("--direction goes with --metric.")
        chosen = row.metric
    else:
        from hprun.metrics import parse_metric

        chosen = parse_metric(metric, direction)
    if chosen is not None and chosen != row.metric:
        from hprun.engine.readings import fill_readings

        fill_readings(store, cache, row.id, chosen)
    return chosen


def live_state(cache: Cache, row: SearchRow, counts: Mapping[str, int]) -> str:
    """A search's state, given its counts: one that runs and has no coordinator was cut off.

    One that met its goal is complete, whatever waits in it.
    """
    if is_locked(cache.search_lock(row.name)):
        return "running"
    waits = counts.get("queued") or counts.get("running")
    if row.state == "complete" or (not waits and not _proposes(row)):
        return "complete"
    return "interrupted" if row.state == "running" else "stopped"


def _proposes(row: SearchRow) -> bool:
    """Whether a strategy may have more trials for it than are queued."""
    settings = row.request["settings"]
    return any(settings.get(name) for name in ("search", "trials"))


def shown(path: Path) -> str:
    """A path as one sees it from here, where that is shorter."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("..") else str(path)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()
