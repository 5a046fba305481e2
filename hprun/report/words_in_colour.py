"""Words with their colours, and the columns of tables: what is shown, wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hprun.dataclass import dataclass

if TYPE_CHECKING:
    from rich.text import Text


GAP = 2
"""Blanks between the columns of a table."""


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


@dataclass(frozen=True, slots=True)
class Coloured:
    """Pieces of text, each with its style; without them it is `str` of this."""

    pieces: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces)

    def __rich__(self) -> Text:
        """For rich, which asks for this by its name."""
        from rich.text import Text

        return Text.assemble(*self.pieces)


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


def state_text(state: str, after: str = "") -> Coloured:
    """A state in its colour, with what is to be said after it; the word alone says it too."""
    colour = _COLOURS.get(state, "")
    return Coloured(((f"{state}{after}", colour),))


def diff_text(lines: Iterable[str]) -> Coloured:
    """A unified diff in colours."""
    pieces = []
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
        pieces.append((line.rstrip("\r\n") + "\n", style))
    return Coloured(tuple(pieces))


def column_width(column: Column, cells: Iterable[str | Coloured]) -> int:
    """How much room a column takes with nothing cut, with the gap behind it."""
    return max(map(len, (column.title, *map(str, cells)))) + GAP
