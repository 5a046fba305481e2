"""Where words and tables go: rich where there is a terminal, plain wide text where there is none."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hprun.report.words_in_colour import GAP, Coloured, Column

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 1000  # columns: a file or a pipe has no edge
_FORCED = ("FORCE_COLOR", "TTY_COMPATIBLE")  # with these, rich writes colours into a pipe too


class Plain:
    """A file or a pipe: takes what a console of rich's takes, and writes the words alone."""

    is_terminal = False
    width = _WIDE

    def __init__(self, *, stderr: bool) -> None:
        self.stderr = stderr

    def print(
        self, *words: str | Coloured, sep: str = " ", end: str = "\n", **_how: object
    ) -> None:
        """Write a line. Raises OSError when nobody reads it any more."""
        stream = sys.stderr if self.stderr else sys.stdout
        stream.write(sep.join(map(str, words)) + end)
        stream.flush()


def say(text: str | Coloured) -> None:
    """Print words for whoever is there to read them; a terminal that went away is no error."""
    with contextlib.suppress(OSError):
        stderr().print(text, markup=False)


def stdout() -> Console | Plain:
    """For data."""
    return _console(sys.stdout.isatty(), stderr=False)


def stderr() -> Console | Plain:
    """For words."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(terminal: bool, *, stderr: bool) -> Console | Plain:
    if terminal or any(os.environ.get(name) for name in _FORCED):
        return by_rich(stderr=stderr)
    return Plain(stderr=stderr)


def by_rich(*, stderr: bool = False) -> Console:
    """A console of rich's, also where there is no terminal."""
    from hprun.report.rich_console import make_console

    stream = sys.stderr if stderr else sys.stdout
    return make_console(width=None if stream.isatty() else _WIDE, stderr=stderr)


def print_table(
    console: Console | Plain, columns: Sequence[Column], rows: Iterable[Sequence[str | Coloured]]
) -> None:
    """Print a table whose columns are as wide as need be, and the terminal allows."""
    rows = list(rows)
    if isinstance(console, Plain):
        lines = plain_table(columns, rows)
        if lines is not None:
            console.print("\n".join(lines))
            return
        console = by_rich(stderr=console.stderr)
    from hprun.report.rich_console import make_table

    console.print(make_table(columns, rows, console.width), soft_wrap=False)


def plain_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str | Coloured]]
) -> list[str] | None:
    """The lines of a table as rich lays it out; None where that takes more than counting letters."""
    texts = [[column.title for column in columns], *([str(cell) for cell in row] for row in rows)]
    if not all(
        cell.isascii() and (not cell or cell.isprintable()) for row in texts for cell in row
    ):
        return None
    widths = [max(map(len, cells)) for cells in zip(*texts, strict=True)]
    if sum(widths) + GAP * len(widths) > _WIDE:
        return None
    return [
        (" " * GAP).join(
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        for row in texts
    ]
