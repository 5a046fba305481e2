"""Random numbers that depend on the seed and on what they are for, and on nothing before them."""

from __future__ import annotations

from collections.abc import Sequence

from hprun.space.numbers import random_fraction
from hprun.strategies.dimensions import Dimension
from hprun.strategies.tree import Pick


def picks(seed: int, trial: int, attempt: int, dimensions: Sequence[Dimension]) -> Pick:
    """An even quantile for each dimension of a trial, the same on every machine.

    It hangs on the dimension's path, so that the draws of one parameter stay as they are when
    another joins the space.
    """

    def pick(dimension: int) -> float:
        path = dimensions[dimension].path
        return float(random_fraction(seed, f"trial {trial}: {path}", attempt))

    return pick


def sampler_seed(seed: int, trial: int, attempt: int = 0) -> int:
    """A seed of 32 bits for a library's generator that makes one proposal."""
    return int(random_fraction(seed, f"sampler of trial {trial}", attempt) * 2**32)
