"""Exact numbers: what a text says, and values between two ends without binary noise.

A number keeps the kind it was written as, int or float. In between, everything is computed with
fractions, or with fifty decimal digits where logarithms are involved, and rounded once at the
end, so that a step of 0.1 reaches 0.3 and a log grid reaches 0.001.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

Number = int | float
"""A finite number of a spec; an int stays an int."""

_DIGITS = 200
_FIFTY_DIGITS = Context(prec=50)
_RANDOM_BITS = 53


class DomainError(ValueError):
    """A domain that means nothing; `part` names the argument that is to blame.

    The grammar turns it into a SpecError that points at that part of the text.
    """

    def __init__(self, message: str, *, hint: str = "", part: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.part = part


def read_number(text: str) -> Number | None:
    """The number that a text writes as Python does, or None where it writes none.

    Raises DomainError for infinity and nan, and for what a float cannot hold.
    """
    if not text.isascii():
        return None
    number = _read_int(text)
    return _read_float(text) if number is None else number


def _read_int(text: str) -> int | None:
    try:
        number = int(text, 0)
    except ValueError:
        return None
    if abs(number) >= 10**_DIGITS:
        raise DomainError(f"a whole number of more than {_DIGITS} digits is too large")
    return number


def _read_float(text: str) -> float | None:
    if text.lstrip("+-").replace("_", "").isdigit():
        return None  # 007: Python reads no number there, and it may be somebody's label
    try:
        number = float(text)
    except ValueError:
        return None
    if any(letter.isalpha() for letter in text.lower().replace("e", "")):
        raise DomainError(
            f"`{text}` is not a finite number",
            hint=f'nothing can be trained with it; for the text, write "{text}"',
        )
    if math.isinf(number):
        raise DomainError(f"{text} is too large: floats end at 1.8e308")
    if number == 0 and any(digit in "123456789" for digit in text.lower().partition("e")[0]):
        raise DomainError(f"{text} is too small: a float would make it 0")
    return number


def exact(number: Number) -> Fraction:
    """The number as it is written: exactly one tenth for 0.1."""
    return Fraction(repr(number))


def whole(*numbers: Number) -> bool:
    """Whether all of them were written as ints."""
    return all(isinstance(number, int) for number in numbers)


def rounded(value: Fraction | Decimal, *, to_int: bool) -> Number:
    """The int or float nearest to an exact value, which prints shortest."""
    return round(value) if to_int else float(value)


def linear_between(low: Fraction, high: Fraction, part: Fraction) -> Fraction:
    """The value that lies `part` of the way from low to high, exactly."""
    return low + (high - low) * part


def log_between(low: Fraction, high: Fraction, part: Fraction) -> Decimal:
    """The value that lies `part` of the way from low to high on a log scale, to 45 digits."""
    start, end = _ln(low), _ln(high)
    return _FIFTY_DIGITS.exp(
        _FIFTY_DIGITS.fma(_FIFTY_DIGITS.subtract(end, start), _decimal(part), start)
    )


@lru_cache(maxsize=64)
def _ln(value: Fraction) -> Decimal:
    return _FIFTY_DIGITS.ln(_decimal(value))


def _decimal(value: Fraction) -> Decimal:
    return _FIFTY_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))


def log_grid_is_whole(first: int, last: int, steps: int) -> bool:
    """Whether `steps` equal log steps from first to last meet ints only, as 1, 10, 100 do.

    Each step multiplies by a fraction p/q; all values are ints only if q**steps divides an end,
    so more steps than an end has bits settle it at once.
    """
    if steps > max(first, last).bit_length():
        return False
    return all(
        round(log_between(Fraction(first), Fraction(last), Fraction(step, steps))) ** steps
        == first ** (steps - step) * last**step
        for step in range(1, steps)
    )


def check_order(low: Number, high: Number) -> None:
    """Raise DomainError unless low is below high."""
    if low == high:
        raise DomainError(
            f"from {low} to {high} there is one value only", hint=f"write {low}", part="high"
        )
    if low > high:
        raise DomainError(
            f"the range is empty: {low} is above {high}",
            hint="write the lower end first",
            part="high",
        )


def check_log(low: Number, high: Number) -> None:
    """Raise DomainError unless both ends have a logarithm."""
    for part, bound in (("low", low), ("high", high)):
        if bound <= 0:
            raise DomainError(
                f"{bound} has no logarithm: a log range lies above 0",
                hint="start at a small number above 0, such as 1e-05, or leave out the log",
                part=part,
            )


def too_close(spacing: Fraction, largest: Number) -> bool:
    """Whether floats about as large as `largest` cannot tell apart values `spacing` away."""
    return spacing < Fraction(math.ulp(float(largest)))


def random_fraction(seed: int, name: str, draw: int) -> Fraction:
    """Draw number `draw` of a named stream, uniform in [0, 1), the same on every machine.

    A hash of its coordinates, so that no generator's algorithm, and no order of asking, matters.
    """
    import hashlib

    digest = hashlib.sha256(f"{seed}/{name}/{draw}".encode()).digest()
    return Fraction(int.from_bytes(digest[:8], "big") >> (64 - _RANDOM_BITS), 1 << _RANDOM_BITS)
