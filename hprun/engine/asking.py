"""Asking a strategy for trials, and writing down what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hprun.engine.history import History
from hprun.engine.thinking import Thinker
from hprun.errors import HprunError
from hprun.model import Values
from hprun.store import PlannedRun, PlannedTrial, SearchRow, Store
from hprun.strategies import Known, Proposal, Stand, Strategy

_AHEAD = 1000  # trials proposed at once where nothing is learned from results
_NOT_ENDED = ("queued", "running")
_AT_ONCE_S = 0.05  # what a thread's answer is waited for before the loop goes on without it


class Asking:
    """One search's strategy, with the trials that it may still propose.

    A strategy that somebody brought (it has `most_seconds`) is asked in a thread of its own, so
    that runs, signals and limits are looked after however long it thinks.
    """

    def __init__(  # noqa: PLR0913 - what it works with, each named
        self,
        store: Store,
        search: SearchRow,
        strategy: Strategy,
        name: str,
        budget: int,
        plan: Callable[[int, Sequence[Values]], Sequence[PlannedRun]],
        *,
        whole: bool = True,
        say: Callable[[str], None] = lambda _: None,
        quiet: bool = False,
    ) -> None:
        """`plan` gives the runs of trials, from the number of the first of them on.

        With `whole`, what another search stopped early is run to its end. `say` is given the lines
        that a brought strategy prints, but for `quiet`, and those of the traceback where it fails.
        """
        self._store = store
        self._search = search
        self._strategy = strategy
        self._name = name
        self._budget = budget
        self._plan = plan
        self._say = say
        self._quiet = quiet
        self._whole = whole
        self._count = store.trial_count(search.id) - store.added_count(search.id)
        self._history = History(store, search.id, search.metric)
        self._exhausted = False
        self._ended_then: int | None = None  # runs, when it had nothing to propose for now
        self._most_seconds: float | None = getattr(strategy, "most_seconds", None)
        self._thinker = Thinker[list[Proposal]]() if self._most_seconds is not None else None
        self._asked_with: list[Known] = []
        self._ended_before = 0

    @property
    def room(self) -> int:
        """How many trials may be proposed now."""
        if self._exhausted or self.thinking:
            return 0
        if self._ended_then is not None:
            if self._ended() == self._ended_then:
                return 0
            self._ended_then = None
        return max(0, self._budget - self._count)

    @property
    def thinking(self) -> bool:
        """Whether the strategy has been asked and has not answered yet."""
        return self._thinker is not None and self._thinker.thinking

    def descriptors(self) -> list[int]:
        """What becomes readable when it has answered."""
        thinker = self._thinker
        return [thinker.descriptor] if thinker is not None and thinker.thinking else []

    def ask(self, count: int) -> int | None:
        """Have at most `count` trials proposed, or more where that costs nothing.

        Gives the first run that waits now, if one does; while the strategy is `thinking`, `hear`
        does. Raises HprunError, naming the strategy, for one that fails or proposes nonsense.
        """
        if getattr(self._strategy, "plans_ahead", False):
            count = max(count, _AHEAD)
        count = min(count, self.room)
        history = self._history.known()
        self._asked_with = history
        self._ended_before = self._ended()
        if self._thinker is None:
            return self._take(self._propose(history, count))
        self._thinker.ask(lambda: self._propose(history, count), _AT_ONCE_S)
        return self.hear()

    def hear(self) -> int | None:
        """As `ask`, of a question that was asked before; None too while there is no answer."""
        assert self._thinker is not None, "only a thread is heard of later"
        answer = self._thinker.answer()
        if answer is None:
            self._check_time()
            return None
        self._repeat(answer.printed)
        if answer.error is not None:
            self._tell_story(answer.error)
            raise answer.error
        assert answer.result is not None
        return self._take(answer.result)

    def close(self) -> None:
        """Ask no more; a strategy that still thinks is left to itself."""
        if self._thinker is not None:
            self._thinker.give_up()

    def _take(self, proposals: Sequence[Proposal]) -> int | None:
        """Write down what was proposed; gives the first run that waits now, if one does."""
        if not proposals:
            self._exhausted = all(known.stand is not Stand.OPEN for known in self._asked_with)
            self._ended_then = self._ended_before
            return None
        first = self._store.next_trial(self._search.id)
        trials = [
            PlannedTrial(first + place, proposal.values, proposal.note)
            for place, proposal in enumerate(proposals)
        ]
        runs = self._plan(first, [proposal.values for proposal in proposals])
        waits = self._store.add(self._search.id, trials, runs, whole=self._whole)
        self._count += len(trials)
        return waits

    def look_ahead(self, count: int) -> Sequence[Proposal]:
        """What would be proposed next, whatever the budget; nothing is written down."""
        return self._propose(self._history.known(), count)

    def _ended(self) -> int:
        counts = self._store.counts(self._search.id)
        return sum(n for word, n in counts.items() if word not in _NOT_ENDED)

    def _propose(self, history: Sequence[Known], count: int) -> list[Proposal]:
        try:
            proposals = list(self._strategy.propose(history, count))
            if len(proposals) > count or not all(isinstance(p, Proposal) for p in proposals):
                raise ValueError(f"it was asked for {count} trials and gave {proposals!r:.200}")
        except HprunError:
            raise
        except Exception as error:
            raise HprunError(
                f"The strategy {self._name} failed: {type(error).__name__}: {error}.",
                hint="Nothing is lost: `hprun resume` goes on once it is mended.",
            ) from error
        return proposals

    def _check_time(self) -> None:
        assert self._thinker is not None
        assert self._most_seconds is not None
        if self._thinker.seconds > self._most_seconds:
            self._repeat(self._thinker.give_up())
            raise HprunError(
                f"The strategy {self._name} has not answered for {self._most_seconds:g} s.",
                hint="Nothing is lost: `hprun resume` goes on once it is mended. Its most_seconds"
                " says how long it may take.",
            )

    def _repeat(self, printed: Sequence[str]) -> None:
        if not self._quiet:
            for line in printed:
                self._say(f"{self._name}: {line}")

    def _tell_story(self, error: BaseException) -> None:
        if error.__cause__ is not None:
            from hprun.strategies.plugins.failures import story

            for line in story(error.__cause__):
                self._say(line)
