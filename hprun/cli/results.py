"""`hprun results`: rank the trials of a search."""

from __future__ import annotations

import json
import sys

import click

from hprun.cli.options import (
    asked_metric,
    cache_option,
    find_search,
    json_option,
    metric_options,
    open_store,
)
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.ranking_table import print_ranking, write_csv
from hprun.report.results import results, results_json
from hprun.report.terminal import stderr, stdout

_SHOWN = 1000  # rows of a table that anybody reads


@click.command("results")
@click.argument("search", required=False)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@metric_options
@cache_option
def command(
    search: str | None,
    *,
    top: int | None,
    as_csv: bool,
    as_json: bool,
    metric: str | None,
    direction: str | None,
    cache: Cache,
) -> int:
    """Rank the trials of SEARCH (default: the one last used), also while it runs."""
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other.")
    store = open_store(cache)
    row = find_search(store, search)
    chosen = asked_metric(store, cache, row, metric, direction)
    if top is not None:
        ranked = leaders(store, row.id, chosen, top)
    else:
        ranked = results(store.trials(row.id, chosen), chosen)
    if as_json:
        click.echo(json.dumps(results_json(row.name, chosen, ranked, cache), indent=1))
    elif as_csv:
        write_csv(sys.stdout, ranked)
    else:
        print_ranking(stdout(), ranked[:_SHOWN], chosen)
        if len(ranked) > _SHOWN:
            stderr().print(f"… and {len(ranked) - _SHOWN:,} more: --csv or --json has them all")
    return 0
