"""What a terminal shows, by rich; imported where there is a terminal alone, for it takes a while."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hprun.report.words_in_colour import GAP, Coloured, Column

_NARROWEST = 4  # what a column is cut to at the most


class _Console(Console):
    """A console whose reader may go away; what that means is for the caller to say."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program here, and with it a search."""
        raise BrokenPipeError


def make_console(*, width: int | None, stderr: bool) -> Console:
    """A console that writes to a stream of this process, as wide as the terminal or as `width`."""
    return _Console(stderr=stderr, width=width, highlight=False, soft_wrap=width is not None)


def make_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str | Coloured]], width: int
) -> Table:
    """A table with a bold head and no lines, at most `width` columns of the terminal wide."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = _fit(columns, texts, width)
    for column, wide in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.title),
            width=wide,
            justify="right" if column.right else "left",
            no_wrap=not column.fold,
            overflow="fold" if column.fold else "ellipsis",
        )
    for row in texts:
        table.add_row(*row)
    return table


def _text(cell: str | Coloured) -> Text:
    return cell.__rich__() if isinstance(cell, Coloured) else Text(cell)


def _fit(columns: Sequence[Column], texts: Sequence[Sequence[Text]], width: int) -> list[int]:
    """How wide each column may be: those to keep as they are, the others cut to what is left."""
    natural = [
        max([len(column.title), *(row[number].cell_len for row in texts)])
        for number, column in enumerate(columns)
    ]
    kept = sum(w for w, column in zip(natural, columns, strict=True) if column.keep)
    left = width - kept - GAP * len(columns)
    others = [w for w, column in zip(natural, columns, strict=True) if not column.keep]
    cap = max(others, default=0)
    while cap > _NARROWEST and sum(min(w, cap) for w in others) > left:
        cap -= 1
    return [w if column.keep else min(w, cap) for w, column in zip(natural, columns, strict=True)]
