"""Trials that somebody adds by hand: from a request to the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hprun.errors import CacheError, HprunError
from hprun.model import Values
from hprun.store import PlannedRun, PlannedTrial, Request, SearchRow, Store

Plan = Callable[[int, Sequence[Values]], Sequence[PlannedRun]]
"""The runs of trials, from the number of the first of them on."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of requests: new trials with their numbers, how many runs those have, and words
    on trials that could not be added.
    """

    trials: list[tuple[int, Values]] = field(default_factory=list)
    runs: int = 0
    refused: list[str] = field(default_factory=list)


class Adding:
    """Takes up the requests of one search; whoever calls it holds the search's lock.

    A request stays until its trials are in the queue, and goes in the same moment.
    """

    def __init__(self, store: Store, search: SearchRow, plan: Plan, *, whole: bool = True) -> None:
        """`whole`: a run that was stopped early for another search is run again."""
        self._store = store
        self._search = search
        self._plan = plan
        self._whole = whole

    def take(self, requests: Sequence[Request]) -> Added:
        """Queue the trials that are asked for and not there yet. Raises CacheError."""
        added = Added()
        for request in requests:
            if request.trials:
                added = self._taken(request, added)
        return added

    def _taken(self, request: Request, added: Added) -> Added:
        from hprun.strategies.encoding import same_trial

        there = set(numbers(self._store, self._search.id))
        fresh = {same_trial(values): values for values in request.trials}
        choices = [values for key, values in fresh.items() if key not in there]
        first = self._store.next_trial(self._search.id)
        try:
            runs = self._plan(first, choices) if choices else []
        except CacheError:
            raise
        except HprunError as error:  # the script is not what it was when they were asked for
            self._store.add(self._search.id, [], [], request=request.id)
            return Added(added.trials, added.runs, [*added.refused, error.message])
        trials = [PlannedTrial(n, values, added=True) for n, values in enumerate(choices, first)]
        self._store.add(self._search.id, trials, runs, request=request.id, whole=self._whole)
        numbered = [(trial.number, trial.values) for trial in trials]
        return Added([*added.trials, *numbered], added.runs + len(runs), added.refused)


def numbers(store: Store, search: int) -> dict[object, int]:
    """The number of each trial of a search, by what makes it the same as another."""
    from hprun.strategies.encoding import same_trial

    found: dict[object, int] = {}
    for number, values, _ in store.proposed(search, after=-1):
        found.setdefault(same_trial(values), number)
    return found
