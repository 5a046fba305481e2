"""`hprun diff`: what a trial changed in the script."""

from __future__ import annotations

import click

from hprun.cli.options import cache_option, find_search, find_trial, open_store, parse_trial
from hprun.engine.assemble import saved_settings
from hprun.errors import HprunError
from hprun.paths import Cache
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
    settings, workspace = saved_settings(row, cache)
    names = [settings.script, *(sub.split(":", 1)[0] for sub in settings.sub)]
    for name in dict.fromkeys(names):
        if other is None:
            original = workspace / name
            if not original.exists():
                raise HprunError(f"{original} is not there any more.")
            before = original.read_bytes()
            after = _rendered(store, row, cache, trial, name)
        else:
            before = _rendered(store, row, cache, trial, name)
            after = _rendered(store, row, cache, other, name)
        stdout().print(diff_text(unified_diff(before, after, name)), end="")
    return 0


def _rendered(store: Store, row: SearchRow, cache: Cache, trial: str, name: str) -> bytes:
    """What a trial ran, or would run: from its folder if it is there, else rendered anew."""
    number, fold = parse_trial(trial)
    found = find_trial(store, row, number)
    for part in found.parts:
        file = cache.run(part.run.folder).folder / name
        if fold in (None, part.run.fold) and file.exists():
            return file.read_bytes()
    from hprun.engine.assemble import understand
    from hprun.engine.plan import render

    question = understand(*saved_settings(row, cache), large_is_fine=True, to_run=False)
    return render(question.template, found.values, question.shape, fold or 0, 0).files[name]
