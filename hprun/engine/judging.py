"""Following a search's trials as they end, to say when its goal is met."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from hprun.engine.decide import Facts
from hprun.engine.goals import Goal, Tally, counted, reached, tally_of
from hprun.engine.history import ended_scores
from hprun.model import Exited
from hprun.store import Store


class Judge:
    """Keeps the tally of one search.

    Made from what is in the store; then told of each run that ends, at a cost that does not grow
    with what is done.
    """

    def __init__(self, store: Store, search: int, goal: Goal) -> None:
        self._store = store
        self._search = search
        self._goal = goal
        self._tally = Tally()
        self._ended = set[int]()  # trials
        self._count_all()

    @property
    def why(self) -> str:
        """Why the search has found enough; "" if it has not."""
        return reached(self._tally, self._goal)

    def judged(self, facts: Facts, over: Collection[int], by_hand: Callable[[int], bool]) -> Facts:
        """The facts, with what the goal means for them; `over` are the runs that have ended since.

        Nothing starts before the score of what has just ended is known. Where the goal is met,
        runs of trials that were added by hand are run all the same.
        """
        if over:
            self.hear(over)
        if not self.why:
            unheard = any(isinstance(active.life, Exited) for active in facts.active)
            return replace(facts, queued=(), proposable=0) if unheard else facts
        queued = [run for run in facts.queued if by_hand(run)]
        if queued or any(by_hand(active.run) for active in facts.active):
            return replace(facts, queued=queued, proposable=0)
        return replace(facts, met=self.why)

    def hear(self, runs: Collection[int]) -> None:
        """Count the trials that are over with the end of these runs."""
        over: dict[int, tuple[float, float | None]] = {}
        for run in runs:
            parts = self._store.progress(self._search, self._goal.metric, run)
            over |= {trial: (at, score) for at, trial, score in ended_scores(parts)}
        if not self._ended.isdisjoint(over):  # retried: it ended at another place than before
            self._count_all()
            return
        for trial in sorted(over, key=lambda one: (over[one][0], one)):
            self._tally = counted(self._tally, over[trial][1], self._goal.metric.direction)
            self._ended.add(trial)

    def _count_all(self) -> None:
        over = ended_scores(self._store.progress(self._search, self._goal.metric))
        self._ended = {trial for _, trial, _ in over}
        self._tally = tally_of((score for _, _, score in over), self._goal.metric.direction)
