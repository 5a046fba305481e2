"""Consoles and tables: rich where there is a terminal, plain wide text where there is none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hprun.dataclass import dataclass

_GAP = 2  # blanks between columns
_NARROWEST = 4  # what a column is cut to at the most
_WIDE = 1000  # columns: a file or a pipe has no edge


class _Console(Console):
    """A console whose reader may go away; what that means is for the caller to say."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program here, and with it a search."""
        raise BrokenPipeError


def say(text: str | Text) -> None:
    """Print words for whoever is there to read them; a terminal that went away is no error."""
    with contextlib.suppress(OSError):
        stderr().print(text, markup=False)


def stdout() -> Console:
    """For data."""
    return _console(sys.stdout.isatty(), stderr=False)


def stderr() -> Console:
    """For words."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(terminal: bool, *, stderr: bool) -> Console:
    return _Console(
        stderr=stderr, width=None if terminal else _WIDE, highlight=False, soft_wrap=not terminal
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title; numbers stand to the right.

    `fold` lets it break over lines; `keep` gives it its whole width on a narrow terminal, where
    others are cut.
    """

    title: str
    right: bool = False
    fold: bool = False
    keep: bool = False


def print_table(
    console: Console, columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]
) -> None:
    """Print a table whose columns are as wide as need be, and the terminal allows."""
    console.print(make_table(columns, rows, console.width), soft_wrap=False)


def make_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str | Text]], width: int
) -> Table:
    """A table with a bold head and no lines, at most `width` columns of the terminal wide."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = _fit(columns, texts, width)
    for column, wide in zip(columns, widths, strict=True):
        table.add_column(
            column.title,
            width=wide,
            justify="right" if column.right else "left",
            no_wrap=not column.fold,
            overflow="fold" if column.fold else "ellipsis",
        )
    for row in texts:
        table.add_row(*row)
    return table


def _fit(columns: Sequence[Column], texts: Sequence[Sequence[Text]], width: int) -> list[int]:
    """How wide each column may be: those to keep as they are, the others cut to what is left."""
    natural = [
        max([len(column.title), *(row[number].cell_len for row in texts)])
        for number, column in enumerate(columns)
    ]
    kept = sum(w for w, column in zip(natural, columns, strict=True) if column.keep)
    left = width - kept - _GAP * len(columns)
    others = [w for w, column in zip(natural, columns, strict=True) if not column.keep]
    cap = max(others, default=0)
    while cap > _NARROWEST and sum(min(w, cap) for w in others) > left:
        cap -= 1
    return [w if column.keep else min(w, cap) for w, column in zip(natural, columns, strict=True)]


_COLOURS = {
    "completed": "green",
    "complete": "green",
    "running": "cyan",
    "queued": "dim",
    "stopped": "yellow",
    "interrupted": "yellow",
    "cancelled": "yellow",
    "failed": "red",
    "timed-out": "red",
    "out-of-memory": "red",
}


def state_text(state: str) -> Text:
    """A state in its colour; the word alone says it too."""
    return Text(state, style=_COLOURS.get(state, ""))


def diff_text(lines: Iterable[str]) -> Text:
    """A unified diff in colours."""
    text = Text()
    for line in lines:
        style = ""
        if line.startswith(("+++", "---")):
            style = "bold"
        elif line.startswith("@@"):
            style = "cyan"
        elif line.startswith("+"):
            style = "green"
        elif line.startswith("-"):
            style = "red"
        text.append(line.rstrip("\r\n") + "\n", style=style)
    return text
