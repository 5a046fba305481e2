"""Strategies that do not look at scores: random draws, and points that fill the space evenly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hprun.space import Space
from hprun.strategies.chance import picks
from hprun.strategies.encoding import Encoding
from hprun.strategies.proposing import Proposer
from hprun.strategies.protocol import Known, Proposal

_ATTEMPTS = 20


class RandomDraws:
    """Draws from the space; trial i of a seed is always the same, but for what was tried before."""

    plans_ahead = True

    def __init__(self, space: Space, seed: int) -> None:
        self._encoding = Encoding(space, seed)
        self._seed = seed
        self._proposer = Proposer(self._encoding, seed, self._suggest, _ATTEMPTS)

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next draws."""
        return self._proposer.propose(history, count)

    def _suggest(self, history: Sequence[Known], attempt: int) -> Proposal:
        pick = picks(self._seed, len(history), attempt, self._encoding.dimensions)
        return Proposal(self._encoding.draw(pick))


class EvenDraws:
    """A quasi-random sequence over the space, Sobol's or Halton's, scrambled by the seed.

    The note says which point of the sequence a trial is, so that trials from elsewhere leave no
    holes in it, and a restart goes on behind the last one.
    """

    plans_ahead = True

    def __init__(self, space: Space, seed: int, *, halton: bool = False) -> None:
        self._encoding = Encoding(space, seed)
        self._seed = seed
        self._halton = halton
        self._proposer = Proposer(self._encoding, seed, self._suggest, _ATTEMPTS)
        self._points: list[list[float]] = []
        self._more: Callable[[int], list[list[float]]] | None = None

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next points of the sequence."""
        return self._proposer.propose(history, count)

    def _suggest(self, history: Sequence[Known], attempt: int) -> Proposal:
        used = [known.note["point"] for known in history if "point" in known.note]
        at = max(used, default=-1) + 1 + attempt
        return Proposal(self._encoding.values(self._point(at)), {"point": at})

    def _point(self, at: int) -> list[float]:
        if self._more is None:
            self._more = self._sequence()
        while at >= len(self._points):
            # Sobol's points are even in blocks whose length is a power of two.
            self._points += self._more(max(len(self._points), 64))
        return self._points[at]

    def _sequence(self) -> Callable[[int], list[list[float]]]:
        """Gives the next n points, of all dimensions."""
        from scipy.stats import qmc  # type: ignore[import-untyped]

        sequence = (qmc.Halton if self._halton else qmc.Sobol)(
            max(len(self._encoding.dimensions), 1), scramble=True, rng=self._seed
        )

        def more(count: int) -> list[list[float]]:
            points: list[list[float]] = sequence.random(count).tolist()
            return points

        return more
