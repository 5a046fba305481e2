"""`hprun propose`: what a search would try next."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence

import click

from hprun.cli.looping import asking
from hprun.cli.options import cache_option, find_search, json_option, open_store, question_of
from hprun.dataclass import dataclass
from hprun.engine.history import History
from hprun.engine.question import Question
from hprun.errors import ConfigError, HprunError
from hprun.model import Values
from hprun.paths import Cache
from hprun.report.ranking_table import value_names
from hprun.report.results import SCHEMA
from hprun.report.terminal import print_table, stdout
from hprun.report.words_in_colour import Column
from hprun.store import SearchRow, Store


@dataclass(frozen=True, slots=True)
class _Next:
    """A trial to come; `trial` is its number, if it waits in the queue already."""

    trial: int | None
    values: Values


@click.command("propose")
@click.argument("search", required=False)
@click.option("-n", "--number", "count", type=click.IntRange(1), default=5, metavar="N",
    help="How many trials (default 5).",
)  # fmt: skip
@click.option("--classifiers", type=click.IntRange(0), metavar="K",
    help="Of shac: trials that pass the first K classifiers.",
)  # fmt: skip
@json_option
@cache_option
def command(
    search: str | None, *, count: int, classifiers: int | None, as_json: bool, cache: Cache
) -> int:
    """Print what SEARCH (default: the one last used) would try next; run and write nothing.

    First what waits in its queue, then what its strategy would propose if it were asked now,
    whatever its --trials.
    """
    store = open_store(cache)
    row = find_search(store, search)
    question = question_of(row, cache)
    if classifiers is not None:
        found = [
            _Next(None, values) for values in _predicted(store, row, question, count, classifiers)
        ]
    else:
        waiting = store.waiting_trials(row.id, count)
        found = [_Next(number, values) for number, values in waiting]
        more = _proposed(store, cache, row, question, count - len(found))
        found += [_Next(None, values) for values in more]
    if not found:
        raise HprunError(f"{row.name} has nothing more to try.", hint=_what_else(question))
    if as_json:
        trials = [{"trial": one.trial, "values": dict(one.values)} for one in found]
        click.echo(json.dumps({"schema": SCHEMA, "search": row.name, "trials": trials}, indent=1))
    else:
        _print(found)
    return 0


def _proposed(
    store: Store, cache: Cache, row: SearchRow, question: Question, count: int
) -> Sequence[Values]:
    ask = asking(question, cache, store, row, lambda text: click.echo(text, err=True))
    if ask is None or not count:
        return []
    with contextlib.redirect_stdout(sys.stderr):  # what a brought strategy prints is no data
        found = [proposal.values for proposal in ask.look_ahead(count)]
    if not found and question.chosen is not None and question.chosen.name == "shac":
        found = _predicted(store, row, question, count, None)  # its total_budget is used up
    return found


def _predicted(
    store: Store, row: SearchRow, question: Question, count: int, classifiers: int | None
) -> list[Values]:
    """Trials from the region that shac's classifiers leave."""
    from hprun.strategies.shac import Shac

    strategy = question.chosen.strategy if question.chosen is not None else None
    if not isinstance(strategy, Shac):
        raise ConfigError(
            f"--classifiers has no effect: {row.name} has none.", hint="They are part of shac."
        )
    return strategy.predict(History(store, row.id, row.metric).known(), count, classifiers)


def _what_else(question: Question) -> str:
    if question.chosen is None:
        return "All of its grid has been begun: take more values, or `hprun add` a trial by hand."
    return "All of its space has been tried, or its strategy waits for trials that are not over."


def _print(found: Sequence[_Next]) -> None:
    names = value_names(found)
    columns = [Column("trial", right=True, keep=True)]
    columns += [Column(name, right=True) for name in names]
    print_table(
        stdout(),
        columns,
        [
            [
                "new" if one.trial is None else str(one.trial),
                *(str(one.values[name]) if name in one.values else "-" for name in names),
            ]
            for one in found
        ],
    )
