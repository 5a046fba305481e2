"""Asking a strategy for trials, and writing down what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hprun.engine.history import History
from hprun.errors import HprunError
from hprun.model import Values
from hprun.store import PlannedRun, PlannedTrial, SearchRow, Store
from hprun.strategies import Proposal, Strategy

_AHEAD = 1000  # trials proposed at once where nothing is learned from results


class Asking:
    """One search's strategy, with the trials that it may still propose."""

    def __init__(
        self,
        store: Store,
        search: SearchRow,
        strategy: Strategy,
        name: str,
        budget: int,
        plan: Callable[[int, Sequence[Values]], Sequence[PlannedRun]],
        *,
        whole: bool = True,
    ) -> None:
        """`plan` gives the runs of trials, from the number of the first of them on.

        With `whole`, what another search stopped early is run to its end.
        """
        self._store = store
        self._search = search
        self._strategy = strategy
        self._name = name
        self._budget = budget
        self._plan = plan
        self._whole = whole
        self._count = store.trial_count(search.id)
        self._history = History(store, search.id, search.metric)
        self._exhausted = False

    @property
    def room(self) -> int:
        """How many trials may be proposed yet."""
        return 0 if self._exhausted else max(0, self._budget - self._count)

    def ask(self, count: int) -> int | None:
        """Have at most `count` trials proposed, or more where that costs nothing.

        Gives the first run that waits now, if one does. Raises HprunError, naming the strategy,
        for one that fails or proposes nonsense.
        """
        if getattr(self._strategy, "plans_ahead", False):
            count = max(count, _AHEAD)
        count = min(count, self.room)
        proposals = self._propose(count)
        if not proposals:
            self._exhausted = True
            return None
        first = self._count
        trials = [
            PlannedTrial(first + place, proposal.values, proposal.note)
            for place, proposal in enumerate(proposals)
        ]
        runs = self._plan(first, [proposal.values for proposal in proposals])
        waits = self._store.add(self._search.id, trials, runs, whole=self._whole)
        self._count += len(trials)
        return waits

    def _propose(self, count: int) -> Sequence[Proposal]:
        try:
            proposals = list(self._strategy.propose(self._history.known(), count))
            if len(proposals) > count or not all(isinstance(p, Proposal) for p in proposals):
                raise ValueError(f"it was asked for {count} trials and gave {proposals!r:.200}")
        except HprunError:
            raise
        except Exception as error:  # whatever a plug-in does must lose nothing
            raise HprunError(
                f"The strategy {self._name} failed: {type(error).__name__}: {error}.",
                hint="Nothing is lost: `hprun resume` goes on once it is mended.",
            ) from error
        return proposals
