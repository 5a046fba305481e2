"""The ranking as a table and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from hprun.model import Metric, Values
from hprun.report.results import Result, stopped_after
from hprun.report.terminal import Plain, print_table
from hprun.report.words import score_words, time_words
from hprun.report.words_in_colour import Coloured, Column, state_text

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
    differing = [n for n in names if len({repr(r.values.get(n, _ABSENT)) for r in results}) > 1]
    return differing + [name for name in names if name not in differing]


_ABSENT = object()


def print_ranking(
    console: Console | Plain, results: Sequence[Result], metric: Metric | None
) -> None:
    """One line for each trial, in the order given."""
    names = value_names(results)
    folds = any(len(result.parts) > 1 for result in results)
    columns = [Column("#", right=True, keep=True), Column("trial", right=True, keep=True)]
    columns += [Column(name, right=True) for name in names]
    if metric is not None:
        columns.append(Column(str(metric), right=True, keep=True))
        if folds:
            columns += [Column("std", right=True, keep=True), Column("n", right=True, keep=True)]
    columns += [Column("time", right=True, keep=True), Column("state", keep=True)]
    rows: list[list[str | Coloured]] = []
    for result in results:
        row: list[str | Coloured] = [str(result.rank or "-"), str(result.trial)]
        row += [str(result.values[n]) if n in result.values else "-" for n in names]
        if metric is not None:
            row.append(
                score_words(result.score) if result.score is not None else result.note or "-"
            )
            if folds:
                row += [score_words(result.std), str(result.n)]
        took = time_words(result.seconds) if result.state not in ("queued", "running") else "-"
        after = f" {stopped_after(result)}" if result.state == "stopped" else ""
        rows.append([*row, took, state_text(result.state, after)])
    print_table(console, columns, rows)


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
