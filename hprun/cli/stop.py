"""`hprun stop`: stop a search, or a trial of it."""

from __future__ import annotations

import click

from hprun.cli.holding import lock_search
from hprun.cli.looping import stop_runs
from hprun.cli.options import (
    cache_option,
    find_search,
    find_trial,
    is_trial,
    now,
    open_store,
    parse_trial,
)
from hprun.engine.writing_down import saved_settings
from hprun.files import is_locked
from hprun.model import Ended
from hprun.paths import Cache
from hprun.report.terminal import stderr
from hprun.store import SearchRow, Store


@click.command("stop")
@click.argument("what", metavar="[SEARCH|TRIAL]", required=False)
@click.option("--search", help="The search that TRIAL belongs to (default: the one last used).")
@cache_option
def command(what: str | None, *, search: str | None, cache: Cache) -> int:
    """Stop SEARCH (default: the one last used), to be resumed later; or end TRIAL for good."""
    store = open_store(cache)
    if what is not None and is_trial(what):
        row = find_search(store, search)
        number, _ = parse_trial(what)
        find_trial(store, row, number)
        _stop_trial(store, cache, row, number)
        return 0
    row = find_search(store, what or search)
    if is_locked(cache.search_lock(row.name)):
        store.ask_to_stop(row.id, None, now())
        stderr().print(f"Asked {row.name} to stop.", markup=False)
        return 0
    if store.counts(row.id).get("running"):
        # Its coordinator is dead and its runs live on: end them here.
        settings, _ = saved_settings(row, cache)
        with lock_search(store, cache, row):
            stop_runs(store, cache, row, settings.grace)
            store.set_search_state(row.id, "stopped", now())
        stderr().print(f"Stopped what was left of {row.name}.", markup=False)
        return 0
    stderr().print(f"{row.name} is not running.", markup=False)
    return 0


def _stop_trial(store: Store, cache: Cache, row: SearchRow, number: int) -> None:
    if is_locked(cache.search_lock(row.name)):
        store.ask_to_stop(row.id, number, now())
        stderr().print(f"Asked trial {number} of {row.name} to stop.", markup=False)
        return
    trial = find_trial(store, row, number)
    if all(isinstance(part.run.state, Ended) for part in trial.parts):
        stderr().print(f"Trial {number} of {row.name} has ended already.", markup=False)
        return
    settings, _ = saved_settings(row, cache)
    with lock_search(store, cache, row):
        with store.transaction():
            store.cancel_queued(row.id, number)
        stop_runs(store, cache, row, settings.grace, number)
    stderr().print(f"Cancelled trial {number} of {row.name}.", markup=False)
