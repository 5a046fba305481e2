"""The dimensions of a space, as a search sees them: each the unit interval, cut or whole."""

from __future__ import annotations

import math
from enum import Enum
from fractions import Fraction

from hprun.dataclass import dataclass


class Scale(Enum):
    """How the values along a dimension lie."""

    SMOOTH = "smooth"  # a quantile of a distribution: any number from 0 to 1
    ORDERED = "ordered"  # a count of values, one after the other
    UNORDERED = "unordered"  # a count of values, none nearer to another


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing to choose; `count` is how many values there are, or None for a smooth one.

    The path is the parameter's name; behind it `/2` for what is inside of option 2 of a choice,
    and `[3]` for item 3 of an array. Every quantile from 0 to 1 is as likely as every other.
    """

    path: str
    scale: Scale
    count: int | None = None

    def index(self, unit: float) -> int:
        """The number, from 0, of the value that a quantile stands for."""
        assert self.count is not None
        return index_at(unit, self.count)

    def middle(self, index: int) -> float:
        """The middle of the quantiles of a value."""
        assert self.count is not None
        return middle_of(index, self.count)


def index_at(unit: float, count: int) -> int:
    """Which of `count` equal cells of the unit interval a number is in, from 0."""
    cell = math.floor(Fraction(unit) * count) if count > 2**50 else int(unit * count)
    return min(max(cell, 0), count - 1)


def middle_of(index: int, count: int) -> float:
    """A number in the middle of one of `count` equal cells, as near as floats come."""
    middle = float(Fraction(2 * index + 1, 2 * count))
    near = (middle, math.nextafter(middle, 0.0), math.nextafter(middle, 1.0))
    return next((unit for unit in near if index_at(unit, count) == index), middle)
