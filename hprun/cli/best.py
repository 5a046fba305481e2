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
    shown,
    yes_option,
)
from hprun.engine.question import understand
from hprun.engine.writing_down import saved_settings
from hprun.errors import HprunError
from hprun.files import write_whole
from hprun.model import Metric, Values
from hprun.paths import Cache
from hprun.report.results import SCHEMA, Result, finite, metric_json, results
from hprun.report.terminal import stderr
from hprun.report.value_forms import FORMS
from hprun.report.words import score_words, time_words, value_words
from hprun.report.words_in_colour import diff_text
from hprun.script import unified_diff
from hprun.store import SearchRow, Store

_ARGUMENTS = "arguments behind --"


class _WithArguments(click.Command):
    """What stands behind `--` goes to the script, whether a search is named or not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take it away before click would see a search in it."""
        own = args[: args.index("--")] if "--" in args else args
        ctx.meta[_ARGUMENTS] = tuple(args[len(own) + 1 :])
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show it in the help."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGS…]"]


@click.command("best", cls=_WithArguments)
@click.argument("search", required=False)
@click.option("--as", "form", type=click.Choice(["flags", "json", "toml", "python"]),
    help="Print the values as --hp flags, a JSON object, TOML, or Python.",
)  # fmt: skip
@click.option("--apply", "apply_", is_flag=True, help="Write the values into the script.")
@click.option("--run", "run_", is_flag=True, help="Run the script once more with the values.")
@click.option("--hp", "changes", multiple=True, metavar="NAME=VALUE",
    help="With --run: another value, also of a name that was not searched: epochs=50. Repeatable.",
)  # fmt: skip
@yes_option
@json_option
@metric_options
@cache_option
def command(  # noqa: PLR0913 - one for each option
    search: str | None,
    *,
    form: str | None,
    apply_: bool,
    run_: bool,
    changes: tuple[str, ...],
    yes: bool,
    as_json: bool,
    metric: str | None,
    direction: str | None,
    cache: Cache,
) -> int:
    """Print the best values of SEARCH; with --apply, write them into the script after asking.

    With --run, run the script once more with them, in a folder of its own; ARGS go to the script
    behind those that the search gave it. No ranking looks there.
    """
    args: tuple[str, ...] = click.get_current_context().meta[_ARGUMENTS]
    _check(run_=run_, changes=changes, args=args, others=(apply_, as_json, form is not None))
    store = open_store(cache)
    row = find_search(store, search)
    chosen = asked_metric(store, cache, row, metric, direction)
    best, of = _best(store, row, chosen)
    if run_:
        return _run(replace(row, metric=chosen), best, cache, changes, args)
    if as_json:
        click.echo(json.dumps(_json(row, best, metric_json(chosen)), indent=1))
    else:
        said = f"trial {best.trial}, {of}: {chosen} {score_words(best.score)}"
        stderr().print(said, markup=False)
        click.echo(FORMS[form](best.values) if form is not None else value_words(best.values))
    if apply_:
        _apply(row, best.values, cache, yes=yes)
    return 0


def _check(
    *, run_: bool, changes: tuple[str, ...], args: tuple[str, ...], others: tuple[bool, bool, bool]
) -> None:
    """Refuse what cannot take effect. Raises UsageError."""
    if run_ and any(others):
        raise click.UsageError("--run goes alone: neither --apply, --json nor --as with it.")
    if others[1] and others[2]:
        raise click.UsageError("--json and --as exclude each other.")
    if not run_ and (changes or args):
        what = "--hp" if changes else "what stands behind --"
        raise click.UsageError(f"{what} is for --run.")


def _best(store: Store, row: SearchRow, metric: Metric | None) -> tuple[Result, str]:
    """The best trial, and among how many it is. Raises HprunError."""
    if metric is None:
        raise HprunError(f"{row.name} has no metric.", hint="Name one with --metric.")
    ranked = [r for r in results(store.trials(row.id, metric), metric) if r.rank is not None]
    if not ranked or finite(ranked[0].score) is None:
        raise HprunError(f"No trial of {row.name} has a {metric} yet.")
    return ranked[0], f"of {len(ranked)}" if len(ranked) > 1 else "the only one"


def _run(
    row: SearchRow, best: Result, cache: Cache, changes: tuple[str, ...], args: tuple[str, ...]
) -> int:
    """Run the script once more on this terminal; 0 if it succeeded, 1 if not, 128 + N if it was
    ended by a signal.
    """
    from hprun.engine.once_more import make_folder, prepare, run_again

    console = stderr()
    again = prepare(row, cache, best.values, changes, args)
    if row.digests != again.question.digests:
        console.print("Mind that the script has changed since these scores were reached.")
    paths = make_folder(row, cache)
    words = " ".join([again.question.settings.script, *again.argv])
    console.print(f"trial {best.trial} once more: {words}", markup=False)
    console.print(value_words(again.values), markup=False)
    ending = run_again(again, row, cache, paths, lambda text: console.print(text, markup=False))
    score = f", {row.metric} {score_words(ending.score)}" if ending.score is not None else ""
    before = f" (in the search {score_words(best.score)})" if score else ""
    console.print(
        f"Ended with status {ending.status} after {time_words(ending.seconds)}{score}{before}.",
        markup=False,
    )
    console.print(f"Its files are in {shown(paths.folder)}", markup=False)
    return ending.status if ending.status > 128 else min(ending.status, 1)


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
