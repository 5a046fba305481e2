"""CMA-ES from the history: every trial's note says which sample of which generation it was.

The distribution is not kept anywhere. It is worked out again by telling the generations in turn;
that takes about a millisecond each, and a strategy that is kept goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hprun.model import Direction
from hprun.space import Space
from hprun.space.distributions import FlaggedRange
from hprun.strategies.chance import picks, sampler_seed
from hprun.strategies.encoding import Encoding
from hprun.strategies.populations import Population, Sample, population
from hprun.strategies.proposing import Proposer, Remembered
from hprun.strategies.protocol import Known, Proposal, Stand
from hprun.strategies.tree import Drawn, Items

_ATTEMPTS = 10
_LARGEST_GENERATION = 200

Generation = tuple[tuple[int, float], ...]
"""The numbers of its trials, and their scores: low is better, infinite is none."""


class Evolution:
    """CMA-ES, with all dimensions in every sample; the conditional ones wait where they are.

    A generation is over when so many of its trials have ended as a population holds, in the order
    in which they ended; stragglers are not counted. A trial that was stopped counts with its score,
    one that failed or has no finite score as the worst of its generation. When the population has
    converged, another of twice the size begins elsewhere.
    """

    def __init__(
        self, space: Space, direction: Direction, seed: int, *, size: int | None = None
    ) -> None:
        self._encoding = Encoding(space, seed)
        self._direction = direction
        self._seed = seed
        self._size = size
        self._told: list[Generation] = []
        self._start: list[float] = []
        self._population: Population | None = None
        self._point = Remembered(lambda known: self._encoding.point(known.values))
        self._proposer = Proposer(self._encoding, seed, self._suggest, _ATTEMPTS)

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next samples."""
        return self._proposer.propose(history, count)

    def _suggest(self, history: Sequence[Known], attempt: int) -> Proposal:
        if not self._encoding.dimensions:
            return Proposal(self._encoding.values(()))
        current = self._replayed(history)
        sample, units = current.ask(sampler_seed(self._seed, len(history), attempt))
        generation = len(self._told)
        note = {"generation": generation, "x": list(sample.x), "options": list(sample.options)}
        if generation == 0:
            note["start"] = self._start
        return Proposal(self._encoding.values(units), note)

    def _replayed(self, history: Sequence[Known]) -> Population:
        """The population after all generations that are over."""
        own = [known for known in history if "generation" in known.note]
        start = next((list(one.note["start"]) for one in own if "start" in one.note), None)
        start = start or self._first_start(history)
        if self._population is None or start != self._start:
            self._begin(start)
        assert self._population is not None
        ended: dict[int, list[Known]] = {}
        for known in own:
            if known.stand is not Stand.OPEN:
                ended.setdefault(known.note["generation"], []).append(known)
        number = 0
        while True:
            known_ones = sorted(ended.get(number, ()), key=_when)
            if number < len(self._told):
                size = len(self._told[number])
                if self._scored(known_ones[:size]) != self._told[number]:
                    self._begin(start)
                    number = 0
                    continue
            elif len(known_ones) < self._population.size:
                return self._population
            else:
                self._tell(known_ones[: self._population.size])
            number += 1

    def _begin(self, start: list[float]) -> None:
        self._start, self._told = start, []
        self._population = population(self._encoding.dimensions, start, self._size)

    def _scored(self, members: Sequence[Known]) -> Generation:
        sign = 1 if self._direction is Direction.LOW else -1
        return tuple(
            (one.number, sign * one.score if one.score is not None and _counts(one) else math.inf)
            for one in members
        )

    def _tell(self, members: Sequence[Known]) -> None:
        """Move the population on; a generation without any score leaves it where it is."""
        assert self._population is not None
        scores = self._scored(members)
        self._told.append(scores)
        worst = max((score for _, score in scores if score < math.inf), default=None)
        if worst is None:
            return
        samples = (Sample(tuple(one.note["x"]), tuple(one.note["options"])) for one in members)
        told = [
            (sample, min(score, worst)) for sample, (_, score) in zip(samples, scores, strict=True)
        ]
        self._population.tell(told)
        if self._population.stuck():
            size = min(2 * self._population.size, _LARGEST_GENERATION)
            pick = picks(self._seed, len(self._told), 0, self._encoding.dimensions)
            elsewhere = [pick(number) for number in range(len(self._encoding.dimensions))]
            self._population = population(self._encoding.dimensions, elsewhere, size)

    def _first_start(self, history: Sequence[Known]) -> list[float]:
        """The best trial from elsewhere, or the middle, but for ranges that start at random."""
        sign = 1 if self._direction is Direction.LOW else -1
        scored = [known for known in history if _counts(known) and self._point(known)]
        if scored:
            point = self._point(min(scored, key=lambda one: sign * (one.score or 0.0)))
            return [0.5 if unit is None else unit for unit in point or ()]
        pick = picks(self._seed, 0, 0, self._encoding.dimensions)
        free = _random_starts(self._encoding)
        return [
            pick(number) if number in free else 0.5
            for number in range(len(self._encoding.dimensions))
        ]


def _counts(known: Known) -> bool:
    return known.stand in {Stand.COMPLETE, Stand.STOPPED} and known.scored


def _when(known: Known) -> tuple[int, int]:
    return (known.number if known.ended is None else known.ended, known.number)


def _random_starts(encoding: Encoding) -> frozenset[int]:
    """The dimensions of ranges with the flag r."""
    nodes = [
        item
        for branch in encoding.branches
        for item in (branch.node.items if isinstance(branch.node, Items) else (branch.node,))
    ]
    return frozenset(
        node.dimension
        for node in nodes
        if isinstance(node, Drawn)
        and isinstance(node.domain, FlaggedRange)
        and node.domain.random_start
    )
