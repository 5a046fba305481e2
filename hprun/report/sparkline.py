"""A curve in one line of blocks of different heights (E. Tufte, Beautiful Evidence, 2006)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

CURVE = 16
"""How many blocks a curve has in a table."""

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """At most `width` blocks, each the mean of an equal share of the values, lowest to highest.

    Values that are no numbers leave a blank; a level curve is a line at the bottom.
    """
    means = _shares(values, width)
    finite = [mean for mean in means if math.isfinite(mean)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    span = high - low
    return "".join(
        _BLOCKS[min(7, int(8 * ((mean - low) / span)) if 0 < span < math.inf else 0)]
        if math.isfinite(mean)
        else " "
        for mean in means
    )


def _shares(values: Sequence[float], width: int) -> list[float]:
    count = min(len(values), width)
    cuts = [len(values) * n // count for n in range(count + 1)] if count else []
    return [_mean(values[a:b]) for a, b in pairwise(cuts)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    # Divided first: the sum of large values may be more than a number can hold.
    return sum(value / len(finite) for value in finite) if finite else math.nan
