"""Draws from the prior until one passes the cascade, many at once, with an end to the patience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hprun.strategies.shac.cascade import Cascade
from hprun.strategies.shac.cube import Cube, Floats

if TYPE_CHECKING:
    import numpy as np

_CHUNK = 4096


def passing(
    cascade: Cascade, cube: Cube, rng: np.random.Generator, *, draws: int, relax: bool
) -> Iterator[Floats]:
    """Points that pass, from at most so many draws.

    With `relax`, after each 2**k draws in vain behind k classifiers a point may fail one
    classifier more; the count starts again with each point found.
    """
    import numpy as np

    patience = 2 ** len(cascade)
    vain = 0
    while draws > 0:
        allowed = vain // patience if relax else 0
        wanted = min(draws, _CHUNK, max(patience, 64))
        if relax:
            wanted = min(wanted, patience - vain % patience)
        units = rng.random((wanted, len(cube.options)))
        hits = np.flatnonzero(cascade.failures(cube, units, allowed) <= allowed)
        draws -= wanted
        if not len(hits):
            vain += wanted
            continue
        yield from units[hits[:1] if relax else hits]
        vain = 0
