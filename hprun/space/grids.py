"""Domains that a grid can enumerate: lists, ranges by step, by count and by draws.

Each knows how many values it has without making them, makes them lazily, and prints itself as a
spec. One that means nothing cannot be made: it raises DomainError.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.space.literals import value_text
from hprun.space.numbers import (
    DomainError,
    Number,
    check_log,
    check_order,
    exact,
    linear_between,
    log_between,
    log_grid_is_whole,
    random_fraction,
    rounded,
    too_close,
    whole,
)

_TOO_CLOSE = "are closer together than floats can tell apart"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a list, in its order; 1, 1.0 and True are three different values."""

    values: tuple[Value, ...]

    @classmethod
    def distinct(cls, values: Iterable[Value]) -> Values:
        """A list where a value that stands again counts once, where it stood first."""
        kept: dict[str, Value] = {}
        for value in values:
            kept.setdefault(repr(value), value)
        return cls(tuple(kept.values()))

    @property
    def count(self) -> int:
        """How many values a grid gets."""
        return len(self.values)

    def grid(self, seed: int, name: str) -> Iterator[Value]:
        """The values in order."""
        return iter(self.values)

    def __str__(self) -> str:
        return ",".join(value_text(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Steps:
    """`first:step:last`: first, first+step, … never past last; ints if all three are."""

    first: Number
    step: Number
    last: Number

    def __post_init__(self) -> None:
        span, step = exact(self.last) - exact(self.first), exact(self.step)
        if not step:
            raise DomainError(
                "a step of 0 never arrives", hint="write a step that is not 0", part="middle"
            )
        if span * step < 0:
            raise self._wrong_way()
        if abs(step) > abs(span) and (span or not self._by_one):
            raise self._too_long()
        if not self.whole and too_close(abs(step), max(abs(self.first), abs(self.last))):
            raise DomainError(f"the values {_TOO_CLOSE}", hint="write a longer step", part="middle")

    def _wrong_way(self) -> DomainError:
        way = "up" if self.step > 0 else "down"
        return DomainError(
            f"a step of {self.step} goes {way} from {self.first}, away from {self.last}: "
            "the range is empty",
            hint=f"write {self.first}:{-self.step}:{self.last}"
            + (f", or {self.last}:{self.first}" if self.step == 1 else ""),
            part="middle",
        )

    def _too_long(self) -> DomainError:
        ends = (self.first, self.last)
        elsewhere = (
            f"write a shorter step, or a number of values: {self.first}:u5:{self.last}; "
            f"a strategy that samples takes {min(ends)}:u:{max(ends)}"
        )
        return DomainError(
            f"a step of {self.step} from {self.first} is past {self.last} at once, "
            "so the range would hold one value only",
            hint=elsewhere if self.first != self.last else f"write {self.first}",
            part="middle",
        )

    @property
    def _by_one(self) -> bool:
        """Whether it is written without a step; from 3 to 3 it counts, and holds the 3."""
        return whole(self.step) and self.step == 1

    @property
    def whole(self) -> bool:
        """Whether the values are ints."""
        return whole(self.first, self.step, self.last)

    @property
    def count(self) -> int:
        """How many values a grid gets."""
        return math.floor((exact(self.last) - exact(self.first)) / exact(self.step)) + 1

    def grid(self, seed: int, name: str) -> Iterator[Value]:
        """The values in order."""
        if self.whole:
            first, step = int(self.first), int(self.step)
            return iter(range(first, first + step * self.count, step))
        return (self.at(index) for index in range(self.count))

    def at(self, index: int) -> Number:
        """Value number `index`, from 0."""
        return rounded(exact(self.first) + index * exact(self.step), to_int=self.whole)

    def __str__(self) -> str:
        middle = "" if self._by_one else f"{self.step}:"
        return f"{self.first}:{middle}{self.last}"


@dataclass(frozen=True, slots=True)
class Spaced:
    """`first:uN:last`, or `lN` where equal steps multiply: N values, both ends exact.

    Ints if both ends are ints and every value between is one.
    """

    first: Number
    count: int
    last: Number
    log: bool = False

    def __post_init__(self) -> None:
        _check_count(self.count)
        if self.log:
            check_log(self.first, self.last)
        if self.first == self.last and self.count > 1:
            raise DomainError(
                f"{self.count} values from {self.first} to {self.last} are all the same",
                hint=f"write {self.first}",
                part="middle",
            )
        if self.first != self.last and self.count == 1:
            raise DomainError(
                f"one value cannot be both ends, {self.first} and {self.last}",
                hint=f"write {self.first} for one value, or a count of 2 or more",
                part="middle",
            )
        if not self.whole and self._too_close():
            raise DomainError(
                f"{self.count} values {_TOO_CLOSE}", hint="write a lower count", part="middle"
            )

    def _too_close(self) -> bool:
        if self.count == 1:
            return False
        top = max(abs(self.first), abs(self.last))
        if not self.log:
            return too_close(abs(exact(self.last) - exact(self.first)) / (self.count - 1), top)
        ratio = abs(math.log(self.last) - math.log(self.first))
        return too_close(Fraction(ratio) / (self.count - 1), 1)

    @property
    def whole(self) -> bool:
        """Whether the values are ints."""
        first, last, steps = self.first, self.last, self.count - 1
        if not (isinstance(first, int) and isinstance(last, int)):
            return False
        if not steps:
            return True
        return log_grid_is_whole(first, last, steps) if self.log else (last - first) % steps == 0

    def grid(self, seed: int, name: str) -> Iterator[Value]:
        """The values in order."""
        to_int = self.whole
        return (self._at(index, to_int=to_int) for index in range(self.count))

    def at(self, index: int) -> Number:
        """Value number `index`, from 0."""
        return self._at(index, to_int=self.whole)

    def _at(self, index: int, *, to_int: bool) -> Number:
        if index in {0, self.count - 1}:
            end = self.last if index else self.first
            return end if to_int else float(end)
        between = log_between if self.log else linear_between
        part = Fraction(index, self.count - 1)
        return rounded(between(exact(self.first), exact(self.last), part), to_int=to_int)

    def __str__(self) -> str:
        return f"{self.first}:{'l' if self.log else 'u'}{self.count}:{self.last}"


@dataclass(frozen=True, slots=True)
class Draws:
    """`low:rN:high`, or `rlN` on a log scale: N different values drawn from the range.

    Ints, both ends included, if both ends are ints. The draws depend on the search's seed and on
    the parameter's name, and on nothing else.
    """

    low: Number
    count: int
    high: Number
    log: bool = False

    def __post_init__(self) -> None:
        _check_count(self.count)
        check_order(self.low, self.high)
        if self.log:
            check_log(self.low, self.high)
        if self.whole:
            self._check_room()
        elif too_close((exact(self.high) - exact(self.low)) / (2 * self.count), self._top):
            raise DomainError(
                f"{self.count} draws {_TOO_CLOSE}", hint="write a lower count", part="middle"
            )

    def _check_room(self) -> None:
        room = int(self.high) - int(self.low) + 1
        if self.count > room:
            low, high = float(self.low), float(self.high)
            raise DomainError(
                f"there are only {room} whole numbers from {self.low} to {self.high}, "
                f"not {self.count}",
                hint=f"for fractions write {low}:{self._letters}{self.count}:{high}",
                part="middle",
            )

    @property
    def _letters(self) -> str:
        return "rl" if self.log else "r"

    @property
    def _top(self) -> Number:
        return max(abs(self.low), abs(self.high))

    @property
    def whole(self) -> bool:
        """Whether the values are ints."""
        return whole(self.low, self.high)

    def grid(self, seed: int, name: str) -> Iterator[Value]:
        """The draws in the order in which they were drawn."""
        seen: set[Number] = set()
        draw = 0
        while len(seen) < self.count:
            value = self._at(random_fraction(seed, name, draw))
            draw += 1
            if value not in seen:
                seen.add(value)
                yield value

    def _at(self, part: Fraction) -> Number:
        """The value `part` of the way through; each int owns what rounds to it, ends included."""
        margin = Fraction(1, 2) if self.whole else Fraction(0)
        between = log_between if self.log else linear_between
        value = between(exact(self.low) - margin, exact(self.high) + margin, part)
        return min(max(rounded(value, to_int=self.whole), self.low), self.high)

    def __str__(self) -> str:
        return f"{self.low}:{self._letters}{self.count}:{self.high}"


def _check_count(count: int) -> None:
    if count < 1:
        raise DomainError(
            f"{count} values are no values", hint="write a count of 1 or more", part="middle"
        )
