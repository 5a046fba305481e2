"""`hprun retry`: run failed runs again."""

from __future__ import annotations

import click

from hprun.cli.options import (
    cache_option,
    find_search,
    find_trial,
    is_trial,
    open_store,
    parse_trial,
)
from hprun.cli.resume import resume_search
from hprun.files import is_locked
from hprun.paths import Cache
from hprun.report.terminal import stderr
from hprun.report.words import count_words


@click.command("retry")
@click.argument("what", metavar="[SEARCH|TRIAL]", required=False)
@click.option("--search", help="The search that TRIAL belongs to (default: the one last used).")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@cache_option
def command(what: str | None, *, search: str | None, quiet: bool, cache: Cache) -> int:
    """Queue the runs of SEARCH or TRIAL again that did not complete, and run them."""
    store = open_store(cache)
    number = parse_trial(what)[0] if what is not None and is_trial(what) else None
    row = find_search(store, search if number is not None else what or search)
    if number is not None:
        find_trial(store, row, number)
    count = store.retry(row.id, number)
    if not quiet:
        stderr().print(f"{count_words(count, 'run')} of {row.name} queued again.", markup=False)
    if is_locked(cache.search_lock(row.name)):
        return 0  # its coordinator sees them
    store.close()
    return resume_search(row, cache, None, quiet=quiet)
