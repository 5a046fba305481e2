"""Consoles and tables: rich where there is a terminal, plain wide text where there is none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
    """Print a table whose columns are as wide as need be."""
    console.print(make_table(columns, rows), soft_wrap=False)


def make_table(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table with a bold head, and no lines."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    for number, column in enumerate(columns):
        widths = [row[number].cell_len for row in texts] if column.keep else []
        table.add_column(
            column.title,
            min_width=max([len(column.title), *widths]) if column.keep else None,
            justify="right" if column.right else "left",
            no_wrap=not column.fold,
            overflow="fold" if column.fold else "ellipsis",
        )
    for row in texts:
        table.add_row(*row)
    return table


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
