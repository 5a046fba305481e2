"""What a draw from a distribution is: the value at a quantile, and the quantile of a value.

A quantile is a number from 0 to 1 that is drawn evenly; the inverse of the cumulative
distribution makes the value of it. So whatever searches the unit interval searches the
distribution. The distributions are those of hyperopt, but that log bounds are the bounds of the
value: `quniform(low,high,q)` is round(uniform(low,high)/q)*q, where halves go to the even
neighbour. So the multiples of q count from 0, the two at the ends get half a share where they
are the bounds, and rounding may lead out of the bounds (`Uniform.strays` says so). A value that
is not rounded to q keeps nine digits of its scale, so that it can be read and typed again.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from hprun.model import Value
from hprun.space.distributions import FlaggedRange, Normal, Uniform
from hprun.space.numbers import Number, exact, rounded, whole

Continuous = Uniform | Normal | FlaggedRange
"""The domains that have quantiles; the others are counted."""

_TAIL = 1e-6
"""Quantiles of a normal distribution end here: 4.75 sigma, where floats still tell them apart."""

_DIGITS = 9
_LARGEST = 1e300
_SIGMAS_IN_A_SCALE = 4
"""The bounds of an unbounded range are two sigmas from its middle, each way."""


def value_at(domain: Continuous, quantile: float) -> Number:
    """The value at a quantile from 0 to 1; of a flagged array, that of each of its items."""
    value = _value(domain, quantile)
    q = _q(domain)
    if q is None:
        return _shortened(domain, value)
    steps = _steps(value, q)
    reach = countable(domain)
    if reach is not None:
        # A bound itself may lie between two multiples, and round to one that no other draw is.
        steps = min(max(steps, reach[0]), reach[-1])
    return _multiple(steps, q)


def quantile_of(domain: Continuous, value: Value) -> float | None:
    """The quantile whose value this is, or None for what cannot be drawn.

    A multiple of q gives the middle of the quantiles that are rounded to it. Values beyond the
    tails of a normal distribution give its ends.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    q = _q(domain)
    if q is None:
        if not _within(domain, value):
            return None
        quantile = _quantile(domain, float(value))
        heap = value == 0 and isinstance(domain, FlaggedRange) and domain.unbounded and domain.log
        return quantile / 2 if heap else quantile
    steps = _steps(float(value), q)
    if not math.isclose(value, _multiple(steps, q), rel_tol=1e-9, abs_tol=1e-9 * q):
        return None
    return _middle(domain, steps, q)


@lru_cache(maxsize=256)
def countable(domain: Continuous) -> range | None:
    """The multiples of q, as whole numbers of q, that can be drawn; None where they have no end."""
    if not isinstance(domain, Uniform) or domain.q is None:
        return None
    first, last = (_steps(float(bound), domain.q) for bound in domain.reach)
    return range(first, last + 1)


def edges(domain: Continuous, most: int) -> list[float] | None:
    """The quantiles between the cells of a rounded distribution, if there are at most so many."""
    q = _q(domain)
    if q is None:
        return None
    reach = countable(domain)
    first, last = (
        (_steps(_value(domain, 0.0), q), _steps(_value(domain, 1.0), q))
        if reach is None
        else (reach[0], reach[-1])
    )
    if last - first > most:
        return None
    return [_quantile(domain, (step + 0.5) * q) for step in range(first, last)]


def _q(domain: Continuous) -> Number | None:
    return None if isinstance(domain, FlaggedRange) else domain.q


def _multiple(steps: int, q: Number) -> Number:
    return rounded(steps * exact(q), to_int=whole(q))


def _steps(value: float, q: Number) -> int:
    """How many times q a value is rounded to, a half to the even neighbour."""
    steps = value / q
    return round(steps) if abs(steps) < 2**52 else round(Fraction(value) / exact(q))


def _middle(domain: Normal | Uniform | FlaggedRange, steps: int, q: Number) -> float | None:
    """The middle of the quantiles that are rounded to so many q, if there are any."""
    low, high = (_quantile(domain, (steps + side) * float(q)) for side in (-0.5, 0.5))
    middle = (low + high) / 2
    if isinstance(domain, Normal):
        return middle
    return middle if low < high else None


def _within(domain: Continuous, value: Number) -> bool:
    match domain:
        case Uniform(low=low, high=high) | FlaggedRange(low=low, high=high, unbounded=False):
            return low <= value <= high
        case Normal(log=log) | FlaggedRange(log=log):
            return value > 0 or not log or (value == 0 and isinstance(domain, FlaggedRange))
    return False


def _value(domain: Continuous, quantile: float) -> float:
    """The value before it is rounded, as exact as floats are."""
    if isinstance(domain, Normal) or (isinstance(domain, FlaggedRange) and domain.unbounded):
        from statistics import NormalDist

        mu, sigma = _bell(domain)
        place = mu + sigma * NormalDist().inv_cdf(min(max(quantile, _TAIL), 1 - _TAIL))
        return min(max(_unscaled(domain, place), -_LARGEST), _LARGEST)
    low, high = _scaled(domain, domain.low), _scaled(domain, domain.high)
    place = low * (1 - quantile) + high * quantile
    return min(max(_unscaled(domain, place), float(domain.low)), float(domain.high))


def _quantile(domain: Continuous, value: float) -> float:
    """The share of draws that are below a value, before rounding."""
    if domain.log and value <= 0 and not _log1p(domain):
        return 0.0
    if isinstance(domain, Normal) or (isinstance(domain, FlaggedRange) and domain.unbounded):
        mu, sigma = _bell(domain)
        z = (_scaled(domain, value) - mu) / sigma
        return min(max(0.5 * math.erfc(-z / math.sqrt(2)), _TAIL), 1 - _TAIL)
    low, high = _scaled(domain, domain.low), _scaled(domain, domain.high)
    if value <= domain.low:
        return 0.0
    return min(max((_scaled(domain, value) - low) / (high - low), 0.0), 1.0)


def _bell(domain: Normal | FlaggedRange) -> tuple[float, float]:
    """The middle and the sigma on the scale of the domain, plain or logarithmic."""
    if isinstance(domain, Normal):
        return float(domain.mu), float(domain.sigma)
    low, high = _scaled(domain, domain.low), _scaled(domain, domain.high)
    width = high - low or (1.0 if domain.log else abs(low) or 1.0)
    return (low + high) / 2, width / _SIGMAS_IN_A_SCALE


def _log1p(domain: Continuous) -> bool:
    return isinstance(domain, FlaggedRange) and domain.log1p


def _scaled(domain: Continuous, value: Number) -> float:
    if not domain.log:
        return float(value)
    return math.log1p(value) if _log1p(domain) else math.log(value)


def _unscaled(domain: Continuous, place: float) -> float:
    if not domain.log:
        return place
    place = min(place, math.log(_LARGEST))
    return math.expm1(max(place, 0.0)) if _log1p(domain) else math.exp(place)


def _shortened(domain: Continuous, value: float) -> float:
    """The value with as many digits as its scale has, and within its bounds."""
    if not value:
        return value
    if isinstance(domain, Normal) and domain.log:
        finer = -math.log10(domain.sigma)
    else:
        width = _width(domain)
        finer = math.log10(abs(value)) - math.log10(width) if width else 0.0
    digits = min(_DIGITS + math.ceil(max(finer, 0.0)), 17)
    short = float(f"{value:.{digits}g}")
    if isinstance(domain, Normal) or (isinstance(domain, FlaggedRange) and domain.unbounded):
        return short
    return min(max(short, float(domain.low)), float(domain.high))


def _width(domain: Continuous) -> float:
    """How far the values are apart, roughly; 0 where that says nothing."""
    if isinstance(domain, Normal):
        return float(domain.sigma)
    width = float(domain.high) - float(domain.low)
    return width if math.isfinite(width) else 0.0
