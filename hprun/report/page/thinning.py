"""Long curves with so many points that a screen can show."""

from __future__ import annotations

import math
from collections.abc import Sequence


def thinned(values: Sequence[float], most: int) -> list[int]:
    """The places of at most so many points, in order, by which a curve looks the same.

    The first, the last, and of each stretch between them the lowest and the highest: so peaks
    stay, the best value among them. `most` is 4 or more.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    stretches = (most - 2) // 2
    kept = {0, count - 1}
    for number in range(stretches):
        first = 1 + number * (count - 2) // stretches
        end = 1 + (number + 1) * (count - 2) // stretches
        places = [at for at in range(first, end) if math.isfinite(values[at])]
        if places:
            kept |= {min(places, key=values.__getitem__), max(places, key=values.__getitem__)}
        elif first < end:
            kept.add(first)
    return sorted(kept)
