"""`hprun best`: the best values, printed or written into the script."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from hprun.cli.options import (
    asked_metric,
    cache_option,
    find_search,
    json_option,
    metric_options,
    open_store,
    yes_option,
)
from hprun.engine.assemble import saved_settings, understand
from hprun.errors import HprunError
from hprun.files import write_whole
from hprun.model import Values
from hprun.paths import Cache
from hprun.report.results import SCHEMA, Result, finite, metric_json, results
from hprun.report.terminal import stderr
from hprun.report.words import score_words, value_words
from hprun.report.words_in_colour import diff_text
from hprun.script import unified_diff
from hprun.store import SearchRow


@click.command("best")
@click.argument("search", required=False)
@click.option("--apply", "apply_", is_flag=True, help="Write the values into the script.")
@yes_option
@json_option
@metric_options
@cache_option
def command(
    search: str | None,
    *,
    apply_: bool,
    yes: bool,
    as_json: bool,
    metric: str | None,
    direction: str | None,
    cache: Cache,
) -> int:
    """Print the best values of SEARCH; with --apply, write them into the script after asking."""
    store = open_store(cache)
    row = find_search(store, search)
    chosen = asked_metric(store, cache, row, metric, direction)
    if chosen is None:
        raise HprunError(f"{row.name} has no metric.", hint="Name one with --metric.")
    ranked = [r for r in results(store.trials(row.id, chosen), chosen) if r.rank is not None]
    if not ranked or finite(ranked[0].score) is None:
        raise HprunError(f"No trial of {row.name} has a {chosen} yet.")
    best = ranked[0]
    if as_json:
        click.echo(json.dumps(_json(row, best, metric_json(chosen)), indent=1))
    else:
        of = f"of {len(ranked)}" if len(ranked) > 1 else "the only one"
        said = f"trial {best.trial}, {of}: {chosen} {score_words(best.score)}"
        stderr().print(said, markup=False)
        click.echo(value_words(best.values))
    if apply_:
        _apply(row, best.values, cache, yes=yes)
    return 0


def _json(row: SearchRow, best: Result, metric: dict[str, str] | None) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "search": row.name,
        "metric": metric,
        "trial": best.trial,
        "values": dict(best.values),
        "score": finite(best.score),
        "std": finite(best.std),
        "n": best.n,
    }


def _apply(row: SearchRow, values: Values, cache: Cache, *, yes: bool) -> None:
    """Show the change and write it; folds and seeds in the script stay as they are."""
    settings, workspace = saved_settings(row, cache)
    alone = replace(settings, cv=0, repeats=1)
    question = understand(alone, workspace, large_is_fine=True, to_run=False)
    rendering = question.template.render(values)
    changed: list[tuple[Path, bytes]] = []
    console = stderr()
    for path, after in rendering.files.items():
        before = (workspace / path).read_bytes()
        if before != after:
            changed.append((workspace / path, after))
            console.print(diff_text(unified_diff(before, after, path)), end="")
    if list(rendering.argv) != list(settings.args):
        console.print(f"Call it as: {settings.script} {' '.join(rendering.argv)}", markup=False)
    if row.digests != question.digests:
        console.print("Mind that the script has changed since these scores were reached.")
    if any(site.rule == "reads" for site in question.template.sites):
        console.print("Mind that this puts values in place of every read of the names.")
    if not changed:
        if list(rendering.argv) == list(settings.args):
            console.print("The files have these values already.")
        return
    names = " and ".join(str(path.relative_to(workspace)) for path, _ in changed)
    if not yes:
        if not sys.stdin.isatty():
            raise HprunError(f"Writing {names} needs a yes.", hint="Say --yes.")
        click.confirm(f"Write {names}?", abort=True, err=True)
    try:
        for file, after in changed:
            write_whole(file, after)
    except OSError as error:
        raise HprunError(
            f"{file.relative_to(workspace)} cannot be written: {error.strerror}."
        ) from error
    console.print(f"Wrote {names}.", markup=False)
