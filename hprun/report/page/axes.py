"""Where values lie on an axis: from 0 at one end to 1 at the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from hprun.dataclass import dataclass
from hprun.model import Direction, Value

_FEW = 8  # so many different numbers are marked one by one,
_SHORT = 6  # if none has more letters
_MOST_WORDS = 4  # beside numbers; with more of them, all are words
_SLOT = 0.14  # of an axis of numbers, for each word beside them
_WIDE = 10.0  # the ratio from which a logarithm is thought of
_FAR = 4.0  # the worst are cut off that are so many times as far away as nine in ten


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of numbers from `low` to `high`, of `words`, or of numbers with words below them.

    Numbers take the part from `floor` to 1, evenly or by their logarithm. Those beyond the ends
    are drawn at the ends, which `cut` says. `marks` are the numbers themselves where they are few.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    floor: float = 1.0
    cut: bool = False
    marks: tuple[float, ...] = ()
    keys: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def place(self, value: Value) -> float | None:
        """Where a value lies; None for one that the axis does not have."""
        number = _number(value)
        if number is not None and self.floor < 1:
            return self.floor + (1 - self.floor) * self._along(number)
        key = repr(value)
        if key not in self.keys:
            return None
        room = 1.0 if self.floor == 1 else self.floor
        return room * (self.keys.index(key) + 0.5) / len(self.keys)

    def _along(self, number: float) -> float:
        low, high = self.low, self.high
        if low == high:
            return 0.5
        number = min(max(number, low), high)
        if self.log:
            along = math.log(number / low) / math.log(high / low)
        else:  # by halves: the whole may overflow
            along = (number / 2 - low / 2) / (high / 2 - low / 2)
        return min(max(along, 0.0), 1.0)

    def json(self) -> dict[str, Any]:
        """As the page has it."""
        return {
            "name": self.name, "low": self.low, "high": self.high, "log": self.log,
            "floor": self.floor, "cut": self.cut, "marks": self.marks, "words": self.words,
        }  # fmt: skip


def axis_of(name: str, values: Iterable[Value]) -> Axis:
    """The axis for all values that a name had."""
    by_key = {repr(value): value for value in values}
    numbers = sorted(
        {number for value in by_key.values() if (number := _number(value)) is not None}
    )
    words = {key: value for key, value in by_key.items() if _number(value) is None}
    if not numbers or len(words) > _MOST_WORDS or (words and _are_few(numbers)):
        keys = sorted(by_key, key=lambda key: _order(by_key[key]))
        return Axis(name, keys=tuple(keys), words=tuple(str(by_key[key]) for key in keys))
    keys = sorted(words, key=lambda key: _order(words[key]))
    return Axis(
        name,
        numbers[0],
        numbers[-1],
        log=_lies_by_logarithm(numbers),
        floor=_SLOT * len(keys),
        marks=tuple(numbers) if _are_few(numbers) else (),
        keys=tuple(keys),
        words=tuple(str(words[key]) for key in keys),
    )


def score_axis(name: str, scores: Iterable[float | None], direction: Direction) -> Axis:
    """The axis for scores: from the best to the worst, or to nine in ten if the rest is far off."""
    finite = [score for score in scores if score is not None and math.isfinite(score)]
    if not finite:
        return Axis(name)
    ordered = sorted(finite, reverse=direction is Direction.HIGH)
    best, worst, most = ordered[0], ordered[-1], ordered[(len(ordered) * 9) // 10]
    log = _lies_by_logarithm(sorted(set(finite)))
    ends = [math.log(one) if log else one for one in (best, worst, most)]
    cut = len(ordered) >= 10 and 0 < _FAR * abs(ends[2] - ends[0]) < abs(ends[1] - ends[0])
    kept = (best, most if cut else worst)
    return Axis(name, min(kept), max(kept), log=log, floor=0.0, cut=cut)


def _number(value: Value) -> float | None:
    """A finite number; truth is none, nor is what no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _are_few(numbers: Sequence[float]) -> bool:
    """Whether they look like a list that somebody wrote."""
    return len(numbers) <= _FEW and all(len(f"{number:g}") <= _SHORT for number in numbers)


def _order(value: Value) -> tuple[int, float, str]:
    """Numbers first, by size; then words."""
    number = _number(value)
    return (1, 0.0, str(value)) if number is None else (0, number, "")


def _lies_by_logarithm(numbers: Sequence[float]) -> bool:
    """Whether these, in order, lie more evenly by their logarithms."""
    low, high = numbers[0], numbers[-1]
    if low <= 0 or not math.isfinite(high / low) or high / low < _WIDE:
        return False
    middle = median(numbers)
    plain = (middle - low) / (high - low)
    by_log = math.log(middle / low) / math.log(high / low)
    return abs(by_log - 0.5) < abs(plain - 0.5)
