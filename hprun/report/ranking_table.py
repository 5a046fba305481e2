"""The ranking as a table and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from hprun.model import Metric, Values
from hprun.report.results import Result, stopped_after
from hprun.report.terminal import Plain, print_table
from hprun.report.words import score_words, time_words, value_words
from hprun.report.words_in_colour import Coloured, Column, column_width, state_text

if TYPE_CHECKING:
    from rich.console import Console


class HasValues(Protocol):
    """A trial, a result, a place: whatever has values by name."""

    @property
    def values(self) -> Values:
        """By name."""


def value_names(results: Sequence[HasValues]) -> list[str]:
    """All names of values; those that differ between trials first, each kind in its order."""
    names = list(dict.fromkeys(name for result in results for name in result.values))
    differing = _differing(names, results)
    return differing + [name for name in names if name not in differing]


def _differing(names: Sequence[str], results: Sequence[HasValues]) -> list[str]:
    return [n for n in names if len({repr(r.values.get(n, _ABSENT)) for r in results}) > 1]


_ABSENT = object()
_LONG = 24  # letters of a value; a longer one is cut rather than that others go elsewhere


def print_ranking(
    console: Console | Plain, results: Sequence[Result], metric: Metric | None
) -> None:
    """One line for each trial, in the order given; what is the same in all of them, once below.

    Where the terminal is too narrow, the values that have no room follow in tables of their own.
    """
    names = value_names(results)
    same = [n for n in names if n not in _differing(names, results)] if len(results) > 1 else []
    head = [_column("#", [str(r.rank or "-") for r in results], keep=True)]
    head.append(_column("trial", [str(r.trial) for r in results], keep=True))
    values = [_column(n, [_text(r, n) for r in results]) for n in names if n not in same]
    tail = _scores(results, metric)
    for number, some in enumerate(_blocks(head, values, tail, console.width)):
        if number:
            console.print()
        columns = [*head, *some, *(() if number else tail)]
        rows = zip(*(cells for _, cells in columns), strict=True)
        print_table(console, [column for column, _ in columns], rows)
    if same:
        console.print(f"all of these: {value_words({n: results[0].values[n] for n in same})}",
                      markup=False)  # fmt: skip


_Cells = tuple[Column, list[str | Coloured]]


def _column(title: str, cells: Sequence[str], *, keep: bool = False) -> _Cells:
    return Column(title, right=True, keep=keep), list(cells)


def _text(result: Result, name: str) -> str:
    return str(result.values[name]) if name in result.values else "-"


def _scores(results: Sequence[Result], metric: Metric | None) -> list[_Cells]:
    """What stands behind the values: the score, the time, the state."""
    found: list[_Cells] = []
    if metric is not None:
        scores = [score_words(r.score) if r.score is not None else r.note or "-" for r in results]
        found.append(_column(str(metric), scores, keep=True))
        if any(len(result.parts) > 1 for result in results):
            found.append(_column("std", [score_words(r.std) for r in results], keep=True))
            found.append(_column("n", [str(r.n) for r in results], keep=True))
    times = [
        time_words(r.seconds) if r.state not in ("queued", "running") else "-" for r in results
    ]
    found.append(_column("time", times, keep=True))
    states: list[str | Coloured] = [
        state_text(r.state, f" {stopped_after(r)}" if r.state == "stopped" else "") for r in results
    ]
    return [*found, (Column("state", keep=True), states)]


def _blocks(
    head: Sequence[_Cells], values: Sequence[_Cells], tail: Sequence[_Cells], width: int
) -> list[list[_Cells]]:
    """The columns of values, cut up so that each table fits, where it is wide enough for one."""
    blocks: list[list[_Cells]] = [[]]
    used = sum(column_width(*cells) for cells in (*head, *tail))
    for column in values:
        wide = min(column_width(*column), _LONG)
        if used + wide > width and (blocks[-1] or len(blocks) == 1):
            blocks.append([])
            used = sum(column_width(*cells) for cells in head)
        blocks[-1].append(column)
        used += wide
    return blocks


def write_csv(file: TextIO, results: Sequence[Result]) -> None:
    """All trials with a header; numbers in full."""
    from hprun.strategies.listed import cell_text

    names = value_names(results)
    writer = csv.writer(file)
    writer.writerow(["rank", "trial", *names, "score", "std", "n", "seconds", "state"])
    for result in results:
        writer.writerow([
            result.rank if result.rank is not None else "",
            result.trial,
            *(cell_text(result.values[n]) if n in result.values else "" for n in names),
            *("" if number is None else repr(number) for number in (result.score, result.std)),
            result.n,
            round(result.seconds, 3),
            result.state,
        ])  # fmt: skip
