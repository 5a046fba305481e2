"""A search that has been understood is written into the queue, or found there."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain
from pathlib import Path

from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.plan import planned_trials
from hprun.engine.question import Question
from hprun.engine.repair import record_search
from hprun.paths import Cache
from hprun.store import Linked, PlannedTrial, SearchRow, Store


@dataclass(frozen=True, slots=True)
class Begun:
    """A search that has been written down; `edited` are the files that changed since last time."""

    row: SearchRow
    linked: Linked
    edited: tuple[str, ...]


def write_down(question: Question, store: Store, cache: Cache, now: float) -> Begun:
    """Put a search and all its runs into the queue. Raises CacheError."""
    settings = question.settings
    workspace = os.path.relpath(question.workspace, cache.root)
    request = {"workspace": workspace, "settings": settings.to_json()}
    stem = Path(settings.script).stem[:40]
    key = search_key(question, cache)
    known = store.search_by_key(key)
    row = store.put_search(key, stem, request, now)
    record_search(cache, key, row)
    if known is not None and _runs_otherwise(settings, saved_settings(known, cache)[0]):
        store.retry(row.id, None)
    before = row.digests
    choices = question.choices() if question.chosen is None else []
    # What was proposed, or added by hand, stands, also when the script has changed.
    more = [(n, values) for n, values, _ in store.proposed(row.id, after=len(choices) - 1)]
    trials = chain(planned_trials(choices), (PlannedTrial(n, values) for n, values in more))
    runs = (question.plan(row.name, cache, [values], number) for number, values in more)
    linked = store.link(
        row.id,
        trials,
        chain(question.plan(row.name, cache, choices), chain.from_iterable(runs)),
        question.digests,
        whole=question.stops is None,
    )
    if question.metric is not None or row.metric is None:
        store.set_metric(row.id, question.metric)
        row = replace(row, metric=question.metric)
    edited = tuple(
        path
        for path in sorted({*before, *question.digests})
        if before and before.get(path) != question.digests.get(path)
    )
    return Begun(row, linked, edited)


def search_key(question: Question, cache: Cache) -> str:
    """The hash by which the cache knows a question."""
    workspace = os.path.relpath(question.workspace, cache.root)
    return question.settings.key(workspace, question.specs)


def _runs_otherwise(new: Settings, old: Settings) -> bool:
    """Say whether what failed may succeed now, because it would be run in another way."""
    return any(
        getattr(new, name) != getattr(old, name)
        for name in (
            "link",
            "python",
            "timeout",
            "max_retries",
            "gpu_memory",
            "gpu_memory_per_run",
        )
    )


def saved_settings(row: SearchRow, cache: Cache) -> tuple[Settings, Path]:
    """The settings and the workspace of a search that was written down."""
    workspace = Path(os.path.normpath(cache.root / row.request["workspace"]))
    return Settings.from_json(row.request["settings"]), workspace
