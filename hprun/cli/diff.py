"""`hprun diff`: what a trial changed in the script."""

from __future__ import annotations

import click

from hprun.cli.options import cache_option, find_search, find_trial, open_store, parse_trial
from hprun.paths import Cache
from hprun.report.script_changes import files_of, original, rendered
from hprun.report.terminal import stdout
from hprun.report.words_in_colour import diff_text
from hprun.script import unified_diff
from hprun.store import SearchRow, Store


@click.command("diff")
@click.argument("trial")
@click.argument("other", required=False)
@click.option("--search", help="The search (default: the one last used).")
@cache_option
def command(trial: str, other: str | None, *, search: str | None, cache: Cache) -> int:
    """Show what TRIAL changed in the script, or how TRIAL and OTHER differ."""
    store = open_store(cache)
    row = find_search(store, search)
    for name in files_of(row, cache):
        if other is None:
            before = original(row, cache, name)
            after = _rendered(store, row, cache, trial, name)
        else:
            before = _rendered(store, row, cache, trial, name)
            after = _rendered(store, row, cache, other, name)
        stdout().print(diff_text(unified_diff(before, after, name)), end="")
    return 0


def _rendered(store: Store, row: SearchRow, cache: Cache, trial: str, name: str) -> bytes:
    number, fold = parse_trial(trial)
    return rendered(row, cache, find_trial(store, row, number), fold, name)
