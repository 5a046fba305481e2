"""One proposal after the other, none of them twice: what every strategy that samples shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from hprun.model import Values
from hprun.space.numbers import random_fraction
from hprun.strategies.chance import picks
from hprun.strategies.encoding import Encoding, same_trial
from hprun.strategies.protocol import Known, Proposal, Stand

Suggest = Callable[[Sequence[Known], int], Proposal]
"""Makes a proposal from the history; a higher attempt makes another from the same."""

_DRAWS = 200
_MOST_LISTED = 20_000

T = TypeVar("T")


class Remembered(Generic[T]):
    """What is worked out for each trial, kept until the trial changes."""

    def __init__(self, work: Callable[[Known], T]) -> None:
        self._work = work
        self._kept: dict[int, tuple[Known, T]] = {}

    def __call__(self, known: Known) -> T:
        """The result for a trial."""
        kept = self._kept.get(known.number)
        if kept is None or (kept[0] is not known and kept[0] != known):
            kept = self._kept[known.number] = (known, self._work(known))
        return kept[1]


class Proposer:
    """Asks for proposals until there are enough that are new.

    A trial that is in the history already, whatever became of it, is not proposed again. After
    some attempts a trial is drawn from the space itself; where the space has at most 20,000
    trials, from those that are left. When nothing new is found in 200 draws either, the search
    is over. Each proposal joins the history as an open trial before the next is made, so that
    asking for three is asking three times for one.
    """

    def __init__(self, encoding: Encoding, seed: int, suggest: Suggest, attempts: int) -> None:
        self._encoding = encoding
        self._seed = seed
        self._suggest = suggest
        self._attempts = attempts
        self._key = Remembered(lambda known: self._keys(known.values))
        self._all: list[Values] | None = None

    def propose(self, history: Sequence[Known], count: int) -> list[Proposal]:
        """At most `count` proposals; fewer when the space holds no more."""
        past = list(history)
        tried = set().union(*map(self._key, past))
        number = max((known.number for known in past), default=-1)
        proposals: list[Proposal] = []
        while len(proposals) < count:
            proposal = self._fresh(past, tried)
            if proposal is None:
                break
            proposals.append(proposal)
            number += 1
            past.append(Known(number, proposal.values, Stand.OPEN, note=proposal.note))
            tried |= self._keys(proposal.values)
        return proposals

    def _keys(self, values: Values) -> frozenset[object]:
        """The trial as it stands, and as the space writes it."""
        point = self._encoding.point(values)
        written = values if point is None else self._encoding.values(point)
        return frozenset({same_trial(values), same_trial(written)})

    def _fresh(self, past: Sequence[Known], tried: set[object]) -> Proposal | None:
        for attempt in range(self._attempts):
            proposal = self._suggest(past, attempt)
            if same_trial(proposal.values) not in tried:
                return proposal
        values = self._left(len(past), tried) if self._listed() else self._drawn(len(past), tried)
        return None if values is None else Proposal(values)

    def _listed(self) -> list[Values] | None:
        """All trials of the space, where they are few."""
        if self._all is None:
            every = self._encoding.every(_MOST_LISTED)
            self._all = [] if every is None else list(every)
        return self._all

    def _left(self, trial: int, tried: set[object]) -> Values | None:
        left = [values for values in self._listed() or () if same_trial(values) not in tried]
        if not left:
            return None
        return left[
            int(random_fraction(self._seed, f"what is left for trial {trial}", 0) * len(left))
        ]

    def _drawn(self, trial: int, tried: set[object]) -> Values | None:
        dimensions = self._encoding.dimensions
        for attempt in range(_DRAWS):
            # Attempts of the samplers start at 0; these are other draws than theirs.
            values = self._encoding.draw(picks(self._seed, trial, ~attempt, dimensions))
            if same_trial(values) not in tried:
                return values
        return None
