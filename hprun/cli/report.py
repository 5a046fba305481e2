"""`hprun report`: a search as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from hprun.cli.options import (
    asked_metric,
    cache_option,
    find_search,
    live_state,
    metric_options,
    now,
    open_store,
)
from hprun.errors import HprunError
from hprun.files import write_plainly, write_whole
from hprun.paths import Cache


@click.command("report")
@click.argument("search", required=False)
@click.option(
    "--output", "-o", metavar="FILE", help="Where to (default: report-SEARCH.html; - is stdout)."
)
@metric_options
@cache_option
def command(
    search: str | None,
    *,
    output: str | None,
    metric: str | None,
    direction: str | None,
    cache: Cache,
) -> int:
    """Write all about SEARCH into one HTML page that needs no network, also while it runs."""
    from hprun.report.page.assembling import page
    from hprun.report.page.document import document
    from hprun.report.page.evidence import gather

    store = open_store(cache)
    row = find_search(store, search)
    to = Path(f"report-{row.name}.html" if output is None else output)
    if output != "-":
        _check(to)
    chosen = asked_metric(store, cache, row, metric, direction)
    state = live_state(cache, row, store.counts(row.id))
    text = page(document(gather(store, cache, row, chosen, state, now())))
    if output == "-":
        click.echo(text, nl=False)
        return 0
    try:
        if to.exists() and not to.is_file():  # a pipe or a terminal: nothing to put in its place
            write_plainly(to, text.encode())
        else:
            write_whole(to.resolve(), text.encode())
    except OSError as error:
        raise HprunError(f"{to} cannot be written: {error.strerror}.") from error
    click.echo(to)
    return 0


def _check(to: Path) -> None:
    """Refuse a place that cannot be before anything is computed. Raises HprunError."""
    if to.is_dir():
        raise HprunError(f"{to} is a folder.", hint=f"Name a file: {to / 'report.html'}.")
    if not to.parent.is_dir():
        raise HprunError(
            f"There is no folder {to.parent} to write {to.name} in.", hint="Make it first."
        )
