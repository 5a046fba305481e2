"""`hprun status`: how searches stand."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from functools import partial
from typing import Any

import click

from hprun.cli.options import cache_option, find_search, json_option, live_state, now, open_store
from hprun.files import is_locked
from hprun.model import FAILURES
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.results import SCHEMA, Result, finite, metric_json
from hprun.report.terminal import print_table, stdout
from hprun.report.words import score_words, value_words
from hprun.report.words_in_colour import Coloured, Column, state_text
from hprun.store import SearchRow, Store

_WATCH_S = 1.0
_STATES = ("queued", "running", "completed", "stopped", "failed", "out-of-memory", "timed-out",
           "cancelled")  # fmt: skip


_COLUMNS = [
    Column("search", keep=True), Column("state", keep=True), Column("done", right=True, keep=True), Column("running", right=True, keep=True),
    Column("queued", right=True, keep=True), Column("failed", right=True, keep=True), Column("best", keep=True),
    Column("values"),
]  # fmt: skip


@click.command("status")
@click.argument("search", required=False)
@click.option(
    "--watch",
    "-w",
    is_flag=True,
    help="Show the search as it goes on: its runs, their curves; keys sort, filter, stop.",
)
@json_option
@cache_option
def command(search: str | None, *, watch: bool, as_json: bool, cache: Cache) -> int:
    """Say how SEARCH stands, or all searches of the cache."""
    store = open_store(cache)
    if as_json:
        click.echo(json.dumps(_json(store, cache, search), indent=1))
    elif watch:
        _watch(store, cache, search)
    else:
        print_table(stdout(), _COLUMNS, _cells(store, cache, search))
        for line in _at_once_lines(store, cache, search):
            stdout().print(line, markup=False)
    return 0


def _rows(store: Store, search: str | None) -> list[SearchRow]:
    return [find_search(store, search)] if search else store.searches()


def _json(store: Store, cache: Cache, search: str | None) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "searches": [
            {
                "name": row.name,
                "state": live_state(cache, row, store_counts),
                "script": row.request["settings"]["script"],
                "metric": metric_json(row.metric),
                "trials": store.trial_count(row.id),
                "counts": {s: store_counts.get(s, 0) for s in _STATES},
                "jobs": _jobs_json(row),
                "best": _best_json(store, row),
            }
            for row in _rows(store, search)
            for store_counts in [store.counts(row.id)]
        ],
    }


def _jobs_json(row: SearchRow) -> dict[str, Any]:
    """What was asked for (null: nothing), and how many at once that has come to, and why."""
    asked, found = row.request["settings"].get("jobs") or None, row.at_once
    if found is None:
        return {"asked": asked, "at_once": None, "why": None}
    return {"asked": asked, "at_once": found.count, "why": found.why}


def _at_once_lines(store: Store, cache: Cache, search: str | None) -> list[str]:
    """How many at once those searches have come to that run, and why."""
    return [
        f"{row.name}: {row.at_once.count} at once: {row.at_once.why}"
        for row in _rows(store, search)
        if row.at_once is not None and live_state(cache, row, store.counts(row.id)) == "running"
    ]


def _best(store: Store, row: SearchRow) -> Result | None:
    """The best trial of those that are complete."""
    if row.metric is None:
        return None
    first = leaders(store, row.id, row.metric, 1)
    return first[0] if first and first[0].rank and finite(first[0].score) is not None else None


def _best_json(store: Store, row: SearchRow) -> dict[str, Any] | None:
    best = _best(store, row)
    if best is None:
        return None
    return {"trial": best.trial, "score": best.score, "values": dict(best.values)}


def _cells(store: Store, cache: Cache, search: str | None) -> list[list[str | Coloured]]:
    rows: list[list[str | Coloured]] = []
    for row in _rows(store, search):
        counts = store.counts(row.id)
        total = sum(counts.values())
        waiting, running = counts.get("queued", 0), counts.get("running", 0)
        failed = sum(counts.get(s, 0) for s in (outcome.value for outcome in FAILURES))
        best = _best(store, row)
        rows.append(
            [
                row.name,
                state_text(live_state(cache, row, counts)),
                f"{total - waiting - running}/{total}",
                str(running),
                str(waiting),
                str(failed),
                f"{row.metric} {score_words(best.score)}" if best else "-",
                f"trial {best.trial}: {value_words(best.values)}" if best else "-",
            ]
        )
    return rows


def _watch(store: Store, cache: Cache, search: str | None) -> None:
    """On a terminal the search itself, else a line whenever something has changed."""
    if sys.stdout.isatty():
        from hprun.report.watch import Watch

        row = find_search(store, search)

        def stop(trial: int) -> None:
            if is_locked(cache.search_lock(row.name)):
                store.ask_to_stop(row.id, trial, now())

        Watch(store, cache, row, partial(live_state, cache), stop).run()
        return
    with contextlib.suppress(KeyboardInterrupt):
        _tell_changes(store, cache, search)


def _tell_changes(store: Store, cache: Cache, search: str | None) -> None:
    """A line for each search that stands otherwise than before, until none runs."""
    before: list[list[str]] = []
    while True:
        now_ = [[str(cell) for cell in cells] for cells in _cells(store, cache, search)]
        for cells in now_:
            if cells not in before:
                name, state, done, *_, best, values = cells
                of_best = "" if best == "-" else f", best {best}, {values}"
                click.echo(f"{name}: {state}, {done} done{of_best}")
        before = now_
        if all(cells[1] != "running" for cells in now_):
            return
        time.sleep(_WATCH_S)
