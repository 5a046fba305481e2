"""Domains that only a strategy which samples can use: ranges without gaps, and distributions.

Each says what a draw from it means; the strategies draw. One that means nothing cannot be made:
it raises DomainError.
"""

from __future__ import annotations

import math
from fractions import Fraction

from hprun.dataclass import dataclass
from hprun.space.numbers import (
    DomainError,
    Number,
    check_log,
    check_order,
    exact,
    rounded,
    whole,
)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything from low to high, evenly, or evenly in the logarithm (`log`).

    `low:u:high`, `low:l:high`, or a call. Low and high bound the value, never its logarithm. A
    draw is a float. With `q` it is rounded to the nearest multiple of q, an int if q is one, as
    hyperopt does: so a multiple at a bound is half as likely as one between the bounds, and one
    just outside can be drawn too.
    """

    low: Number
    high: Number
    log: bool = False
    q: Number | None = None

    def __post_init__(self) -> None:
        check_order(self.low, self.high)
        if self.log:
            check_log(self.low, self.high)
        if self.q is not None:
            _check_positive(self.q, "q")
            first, last = self.multiples
            if first > last:
                raise DomainError(
                    f"no multiple of {self.q} lies between {self.low} and {self.high}",
                    hint="write a smaller q",
                    part="q",
                )

    @property
    def multiples(self) -> tuple[Number, Number]:
        """The lowest and the highest multiple of q within the bounds; without q, the bounds."""
        if self.q is None:
            return self.low, self.high
        q = exact(self.q)
        first, last = math.ceil(exact(self.low) / q), math.floor(exact(self.high) / q)
        to_int = whole(self.q)
        return rounded(first * q, to_int=to_int), rounded(last * q, to_int=to_int)

    @property
    def reach(self) -> tuple[Number, Number]:
        """The lowest and the highest multiple of q that a draw can be; without q, the bounds."""
        if self.q is None:
            return self.low, self.high
        q, half = exact(self.q), Fraction(1, 2)
        first = math.floor(exact(self.low) / q + half)
        last = math.ceil(exact(self.high) / q - half)
        to_int = whole(self.q)
        return rounded(first * q, to_int=to_int), rounded(last * q, to_int=to_int)

    @property
    def strays(self) -> bool:
        """Whether rounding can lead out of the bounds."""
        return self.reach != self.multiples

    def __str__(self) -> str:
        if self.q is None:
            return f"{self.low}:{'l' if self.log else 'u'}:{self.high}"
        return f"{'qloguniform' if self.log else 'quniform'}({self.low},{self.high},{self.q})"


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal distribution of the value, or of its logarithm (`log`).

    With `q` a draw is rounded to a multiple of q, an int if q is one; else it is a float.
    """

    mu: Number
    sigma: Number
    log: bool = False
    q: Number | None = None

    def __post_init__(self) -> None:
        _check_positive(self.sigma, "sigma")
        if self.q is not None:
            _check_positive(self.q, "q")

    def __str__(self) -> str:
        name = f"{'q' if self.q is not None else ''}{'log' if self.log else ''}normal"
        last = "" if self.q is None else f",{self.q}"
        return f"{name}({self.mu},{self.sigma}{last})"


@dataclass(frozen=True, slots=True)
class Integers:
    """`randint(low,high)`: a whole number from low up to, and not including, high.

    `randint(n)` starts at 0. This is how numpy and hyperopt count.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise DomainError(
                f"no whole number is {self.low} or more and below {self.high}",
                hint="the upper end itself is never drawn",
                part="high",
            )

    def __str__(self) -> str:
        return f"randint({self.low},{self.high})"


@dataclass(frozen=True, slots=True)
class FlaggedRange:
    """Studio's plug-in range `low:high[:length]:flags`, for a strategy that samples.

    `unbounded` (u): the bounds are a scale, not a limit. `random_start` (r): start anywhere, not
    in the middle. `log` (l): search the logarithm; from 0, the logarithm of 1 + x. `length` (a): a
    draw is a tuple of that many numbers.
    """

    low: Number
    high: Number
    length: int | None = None
    unbounded: bool = False
    random_start: bool = False
    log: bool = False

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise DomainError(
                f"the range is empty: {self.low} is above {self.high}",
                hint=f"write {self.high}:{self.low}:{self.flags}",
                part="high",
            )
        if self.log and self.low < 0:
            raise DomainError(
                f"{self.low} has no logarithm: a log range does not go below 0",
                hint="start at 0 or above, or leave out the l",
                part="low",
            )
        if self.length is not None and self.length < 1:
            raise DomainError(
                f"an array of {self.length} numbers is empty", hint="write 1 or more", part="length"
            )
        if not self.flags:
            raise DomainError("a range of this kind has at least one flag", hint="u, r, l or a")

    @property
    def log1p(self) -> bool:
        """Whether the scale is log(1 + x), because the logarithm of the lower end is not."""
        return self.log and self.low == 0

    @property
    def flags(self) -> str:
        """The flags as letters, in the order u, r, l, a."""
        on = {
            "u": self.unbounded,
            "r": self.random_start,
            "l": self.log,
            "a": self.length is not None,
        }
        return "".join(letter for letter, is_on in on.items() if is_on)

    def __str__(self) -> str:
        length = "" if self.length is None else f"{self.length}:"
        return f"{self.low}:{self.high}:{length}{self.flags}"


def _check_positive(number: Number, part: str) -> None:
    if number <= 0:
        raise DomainError(f"{part} must be above 0, and {number} is not", part=part)
