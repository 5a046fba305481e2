"""Whether a table of runs has room for their curves."""

from __future__ import annotations

from collections.abc import Sequence

from hprun.report.sparkline import CURVE
from hprun.report.words_in_colour import GAP, Coloured, Column, column_width

_WIDE = 100  # columns: a terminal that has these shows curves, and cuts what else there is
_SPARE = 8  # columns: what the numbers grow by does not take the curves away


def has_room(taken: int, width: int) -> bool:
    """Say whether a column of curves fits beside what takes so much of a terminal's width."""
    return width >= _WIDE or taken + _SPARE + GAP + CURVE <= width


def natural_width(columns: Sequence[Column], cells: Sequence[Sequence[str | Coloured]]) -> int:
    """How wide a table is with nothing cut, in columns of the terminal."""
    return sum(
        column_width(column, (row[number] for row in cells))
        for number, column in enumerate(columns)
    )
