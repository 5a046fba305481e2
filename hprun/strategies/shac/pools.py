"""The pool behind each level of a cascade, kept as long as the cascade only grows."""

from __future__ import annotations

from hprun.strategies.shac.cascade import Cascade, Level
from hprun.strategies.shac.cube import Cube, Floats
from hprun.strategies.shac.pool import from_prior, narrowed, wandered
from hprun.strategies.shac.seeds import generator

SIZE = 512
"""Points in a pool; their scores set the cuts."""

_SWEEPS = 12
"""Steps of each point behind a new level."""

_SERVES = SIZE // 4
"""Draws from one pool before its points wander on."""


class Pools:
    """Pools that depend on the seed and the cascade alone, whatever was asked for before."""

    def __init__(self, cube: Cube, seed: int) -> None:
        self._cube, self._seed = cube, seed
        self._levels: list[Level] = []
        self._pools = [from_prior(cube, SIZE, generator(seed, "pool", 0))]
        self._turns: dict[tuple[int, int], Floats] = {}

    def at(self, cascade: Cascade, drawn: int) -> Floats:
        """The pool behind a cascade from which so many points have been drawn before."""
        depth, turn = len(cascade), drawn // _SERVES
        self._grow(cascade)
        if not turn:
            return self._pools[depth]
        if (depth, turn) not in self._turns:
            rng = generator(self._seed, "wander", depth, turn)
            later = wandered(self._pools[depth], cascade, self._cube, _SWEEPS, rng)
            self._turns = {(depth, turn): later}
        return self._turns[depth, turn]

    def _grow(self, cascade: Cascade) -> None:
        """Where nothing of a pool passes a level, the pool before it serves on."""
        same = 0
        for ours, theirs in zip(self._levels, cascade.levels, strict=False):
            if ours is not theirs:
                break
            same += 1
        if same == len(cascade):
            return
        del self._levels[same:], self._pools[same + 1 :]
        self._turns.clear()
        for depth in range(same + 1, len(cascade) + 1):
            rng = generator(self._seed, "pool", depth)
            part = cascade.first(depth)
            new = narrowed(self._pools[-1], part, self._cube, _SWEEPS, rng)
            self._pools.append(self._pools[-1] if new is None else new)
            self._levels.append(cascade.levels[depth - 1])
