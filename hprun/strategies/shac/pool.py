"""A pool of points spread over what a cascade leaves of the space, however little that is.

Drawing from the prior until a point passes k classifiers takes about 2**k draws. Here the points
that passed the last cascade are kept; those that the new level rejects are replaced by copies of
those that it does not, and all of them then wander within the region (multilevel splitting, as
in P. Glasserman et al., Operations Research 47 (1999); the steps are Metropolis's with an even
target, so a point that would leave the region stays where it is). This costs O(k).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hprun.strategies.shac.cascade import Cascade
from hprun.strategies.shac.cube import Cube, Floats

if TYPE_CHECKING:
    import numpy as np


def from_prior(cube: Cube, size: int, rng: np.random.Generator) -> Floats:
    """A pool of draws from the space as it is."""
    return rng.random((size, len(cube.options)))


def median_cut(scores: Floats, keep: float) -> float | None:
    """The cut above which about `keep` of the scores are; None where they are all the same.

    Scores of trees come in steps, so the share is the nearest that a step allows.
    """
    import numpy as np

    steps, counts = np.unique(scores, return_counts=True)
    if len(steps) < 2:
        return None
    above = 1 - np.cumsum(counts)[:-1] / len(scores)
    best = int(np.argmin(np.abs(above - keep)))
    return float((steps[best] + steps[best + 1]) / 2)


def narrowed(
    pool: Floats, cascade: Cascade, cube: Cube, sweeps: int, rng: np.random.Generator
) -> Floats | None:
    """The pool within the region of a cascade that has one level more; None where none passes."""
    import numpy as np

    inside = np.flatnonzero(cascade.passes(cube, pool))
    if not len(inside):
        return None
    copies = rng.choice(inside, len(pool) - len(inside))
    return wandered(pool[np.concatenate([inside, copies])], cascade, cube, sweeps, rng)


def wandered(
    pool: Floats, cascade: Cascade, cube: Cube, sweeps: int, rng: np.random.Generator
) -> Floats:
    """The pool after so many steps of each point within the region."""
    import numpy as np

    pool = pool.copy()
    for _ in range(sweeps):
        moved = _moved(pool, rng)
        inside = np.flatnonzero(cascade.passes(cube, moved))
        pool[inside] = moved[inside]
    return pool


def _moved(pool: Floats, rng: np.random.Generator) -> Floats:
    """A step for each point: half draw about one coordinate anew, half go a little way.

    Both are as likely backwards as forwards. The little ways are of all sizes from 0.003 to 0.3,
    in some or all coordinates, and are thrown back at the walls.
    """
    import numpy as np

    size, dimensions = pool.shape
    anew = rng.random(pool.shape) < 1 / max(dimensions, 1)
    lone = np.flatnonzero(~anew.any(axis=1))
    anew[lone, rng.integers(0, max(dimensions, 1), len(lone))] = True
    scale = 10 ** rng.uniform(-2.5, -0.5, (size, 1))
    along = rng.random(pool.shape) < rng.random((size, 1))
    little = _thrown_back(pool + scale * along * rng.standard_normal(pool.shape))
    leaps = rng.random((size, 1)) < 0.5
    return np.where(leaps, np.where(anew, rng.random(pool.shape), pool), little)


def _thrown_back(units: Floats) -> Floats:
    """Mirrored at 0 and 1 until within them; 1 itself is kept out, as in a draw."""
    import numpy as np

    folded = np.abs((units + 1) % 2 - 1)
    return np.minimum(folded, np.nextafter(1.0, 0.0))
