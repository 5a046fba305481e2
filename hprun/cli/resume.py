"""`hprun resume`: go on with a search."""

from __future__ import annotations

import click

from hprun.cli.endings import COMPLETE, STOPPED
from hprun.cli.options import cache_option, find_search, live_state, open_store, question_of
from hprun.cli.quantities import Jobs
from hprun.cli.searching import search as carry_out
from hprun.paths import Cache
from hprun.report.terminal import stderr
from hprun.store import SearchRow


@click.command("resume")
@click.argument("search", required=False)
@click.option("--all", "all_", is_flag=True, help="All searches that are not complete, in turn.")
@click.option("--jobs", "-j", type=Jobs(), metavar="N", help="Run N at once from now on, or auto.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing (for scripts at boot).")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@cache_option
def command(
    search: str | None, *, all_: bool, jobs: int | str | None, yes: bool, quiet: bool, cache: Cache
) -> int:
    """Go on with SEARCH (default: the one last used) where it was."""
    del yes  # nothing is asked so far; the unit files of machines say it all the same
    store = open_store(cache)
    if all_ and search:
        raise click.UsageError("--all and a search exclude each other.")
    if all_:
        rows = [
            row
            for row in store.searches()
            if live_state(cache, row, store.counts(row.id)) not in _OVER
        ]
        rows.sort(key=lambda row: row.created)
        if not rows and not quiet:
            stderr().print("All searches are complete.")
    else:
        rows = [find_search(store, search)]
    store.close()
    worst = COMPLETE
    for row in rows:
        status = resume_search(row, cache, jobs, quiet=quiet)
        if status == STOPPED or status > 128:
            return status
        worst = max(worst, status)
    return worst


_OVER = ("complete", "running")


def resume_search(row: SearchRow, cache: Cache, jobs: int | str | None, *, quiet: bool) -> int:
    """Ask a search's question again; returns the exit status. Raises HprunError."""
    question = question_of(row, cache, jobs)
    return carry_out(question, cache, as_json=False, quiet=quiet, verbose=False)
