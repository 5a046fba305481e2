"""Domains of countably many values, as numbered rungs that can be found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.space.grids import Spaced, Steps


@dataclass(frozen=True, slots=True)
class Rungs:
    """`count` values: `at` gives number i, from 0, and `find` the number of a value, or None."""

    count: int
    at: Callable[[int], Value]
    find: Callable[[Value], int | None]


def kind_and_value(value: Value) -> tuple[object, ...]:
    """What two values have in common that are the same: 1 is 1.0, and not True."""
    if isinstance(value, tuple):
        return ("tuple", *map(kind_and_value, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("number", value)
    return (type(value).__name__, value)


def is_number(value: Value) -> bool:
    """Whether it is an int or a float; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def listed(values: Iterable[Value]) -> Rungs:
    """The values of a list, in its order."""
    rungs = tuple(values)
    numbers: dict[tuple[object, ...], int] = {}
    for number, value in enumerate(rungs):
        numbers.setdefault(kind_and_value(value), number)
    return Rungs(len(rungs), rungs.__getitem__, lambda value: numbers.get(kind_and_value(value)))


def stepped(domain: Steps | Spaced) -> Rungs:
    """The values of a range, found by halving it."""
    rising = domain.first <= domain.last

    def find(value: Value) -> int | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        low, high = 0, domain.count - 1
        while low < high:
            middle = (low + high) // 2
            rung = domain.at(middle)
            past = rung < value if rising else rung > value
            low, high = (middle + 1, high) if past else (low, middle)
        return low if domain.at(low) == value else None

    return Rungs(domain.count, domain.at, find)


def whole_numbers(low: int, high: int) -> Rungs:
    """The whole numbers from low up to, and not including, high."""

    def find(value: Value) -> int | None:
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value // 1:
            return None
        return int(value) - low if low <= value < high else None

    return Rungs(high - low, lambda index: low + index, find)
