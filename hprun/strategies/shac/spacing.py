"""Keeps proposals that run at the same time apart."""

from __future__ import annotations

from hprun.strategies.shac.cascade import Cascade
from hprun.strategies.shac.cube import Cube, Floats


def farthest(candidates: Floats, others: Floats, pool: Floats, cascade: Cascade, cube: Cube) -> int:
    """Which candidate is the farthest from the nearest of the others; the first without others.

    A column's distance counts in spreads of the pool, so that it means the same in a region that
    is narrow one way and wide another (J. Mitchell's best candidate, SIGGRAPH 1991).
    """
    import numpy as np

    if not len(others):
        return 0
    spread = cascade.rows(cube, pool).std(axis=0) + 1e-9
    ours = cascade.rows(cube, candidates) / spread
    theirs = cascade.rows(cube, others) / spread
    nearest = np.abs(ours[:, None, :] - theirs[None, :, :]).sum(axis=2).min(axis=1)
    return int(np.argmax(nearest))
