"""What every strategy must hold to, as tests for pytest: a plug-in's whole test is a subclass.

    class TestClimber(StrategyContract):
        search = "climber.py:Climber:first=3"

`search` is written as behind `--search`; a file is relative to the folder of the test.
"""

from __future__ import annotations

import copy
import inspect
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hprun.model import Direction, Values
from hprun.space import parse_space
from hprun.strategies.encoding import Encoding
from hprun.strategies.naming import find_strategy
from hprun.strategies.protocol import Known, Proposal, Stand, Strategy

_SLOTS = 3
_SEED = 3
_SOME = 4  # one in so many histories is enough where each costs a proposal or two


class StrategyContract:
    """A strategy in a small search, as hprun would ask it; set `search`, and what does not fit.

    `specs` are the space that it is asked in, `few` one of a few trials that ends (empty for a
    strategy that knows no such space), `trials` how long the search is.
    """

    search = ""
    specs: Sequence[str] = (
        "lr=1e-4:l:1",
        "units=16,32,64",
        "opt=SGD,Adam",
        'momentum=0:u:1 if opt == "SGD"',
        "extra=choice(None,quniform(1,4,1))",
    )
    few: Sequence[str] = ("units=16,32", "opt=SGD,Adam")
    trials = 24

    # What a subclass may say otherwise

    def make(self, specs: Sequence[str]) -> Strategy:
        """A strategy that was made a moment ago, for a space of these specs."""
        named = find_strategy(self.search, Path(inspect.getfile(type(self))).parent)
        return named.make(parse_space(specs), Direction.LOW, _SEED, self.trials)

    def goal(self, values: Values) -> float:
        """The score of a trial: any function of the values; lower is better."""
        return sum(_height(value) for value in values.values())

    # The contract

    def test_it_proposes_trials_of_the_space(self) -> None:
        """A value for each name that takes part, and no other."""
        encoding = Encoding(parse_space(self.specs), _SEED)
        for _, proposal in self._asked():
            values = dict(proposal.values)
            assert encoding.point(values) is not None, f"{values} is no trial of {self.specs}"

    def test_it_proposes_at_most_as_many_as_are_asked_for(self) -> None:
        """Fewer are fine, and each is a Proposal."""
        for count in (1, 2, 5):
            proposals = list(self.make(self.specs).propose([], count))
            assert len(proposals) <= count, f"{count} were asked for, {len(proposals)} proposed"
            assert proposals, "a search that has just begun is not at its end"
            assert all(isinstance(one, Proposal) for one in proposals)

    def test_the_same_seed_and_history_give_the_same_proposals(self) -> None:
        """Two that were made alike answer alike."""
        for history in self._histories()[::_SOME]:
            one, other = (list(self.make(self.specs).propose(history, 2)) for _ in range(2))
            assert one == other, f"after {len(history)} trials: {one} and {other}"

    def test_one_made_a_moment_ago_answers_as_one_from_the_beginning(self) -> None:
        """So a search goes on after a restart as if there had been none."""
        for history, proposal in self._asked():
            fresh = list(self.make(self.specs).propose(_stored(history), 1))
            assert fresh == [proposal], f"after {len(history)} trials: {fresh}, not {proposal}"

    def test_its_notes_are_json(self) -> None:
        """A note comes back as it was given."""
        for _, proposal in self._asked():
            text = json.dumps(dict(proposal.note), allow_nan=False)
            assert json.loads(text) == proposal.note, f"{proposal.note} comes back as {text}"

    def test_it_changes_nothing_of_the_history(self) -> None:
        """Neither values nor notes, which are the search's."""
        strategy = self.make(self.specs)
        for history in self._histories()[::_SOME]:
            before = copy.deepcopy(history)
            strategy.propose(history, 1)
            assert _comparable(history) == _comparable(before)

    def test_it_goes_on_when_all_trials_came_to_grief(self) -> None:
        """Failed ones, scores that are no number, and runs that are all still going."""
        fates: Sequence[tuple[Stand, float | None]] = (
            (Stand.FAILED, None), (Stand.COMPLETE, math.nan), (Stand.COMPLETE, math.inf),
            (Stand.STOPPED, -math.inf), (Stand.STOPPED, 1.0), (Stand.OPEN, None),
        )  # fmt: skip
        for stand, score in fates:
            history = [
                Known(known.number, known.values, stand, score, _when(stand, known), known.note)
                for known in self._histories()[-1]
            ]
            proposals = list(self.make(self.specs).propose(history, 1))
            assert len(proposals) <= 1, f"{stand}, {score}: {proposals}"

    def test_it_takes_trials_that_others_proposed(self) -> None:
        """They have no note of its own, and may be anything that the user added."""
        history = [
            Known(known.number, known.values, known.stand, known.score, known.ended)
            for known in self._histories()[-1]
        ]
        assert len(list(self.make(self.specs).propose(history, 1))) <= 1

    def test_it_ends_when_all_trials_of_the_space_were_tried(self) -> None:
        """With an empty list."""
        if not self.few:
            return
        strategy = self.make(self.few)
        every = Encoding(parse_space(self.few), _SEED).every(1000)
        assert every is not None, f"{self.few} are more than a few trials"
        history = [
            Known(number, values, Stand.COMPLETE, float(number), number)
            for number, values in enumerate(every)
        ]
        assert list(strategy.propose(history, 2)) == [], "there is nothing left to try"

    def _asked(self) -> list[tuple[list[Known], Proposal]]:
        own: Any = type(self)
        return _searched(own)

    def _histories(self) -> list[list[Known]]:
        return [history for history, _ in self._asked()]


@cache
def _searched(contract: type[StrategyContract]) -> list[tuple[list[Known], Proposal]]:
    """Each history that one strategy was asked with, and what it proposed.

    Three trials run at a time, and do not end in the order in which they began.
    """
    asked = contract()
    strategy = asked.make(asked.specs)
    found: list[tuple[list[Known], Proposal]] = []
    history: list[Known] = []
    ended = 0
    while len(history) < asked.trials:
        running = [known for known in history if known.stand is Stand.OPEN]
        proposals = list(strategy.propose(list(history), 1)) if len(running) < _SLOTS else []
        for proposal in proposals:
            found.append((list(history), proposal))
            history.append(Known(len(history), proposal.values, Stand.OPEN, note=proposal.note))
        if not proposals:
            if not running:
                break
            over = running[ended % len(running)]
            history[over.number] = _end(over, asked.goal(over.values), ended)
            ended += 1
    return found


def _end(known: Known, score: float, when: int) -> Known:
    """Most complete; some fail, are stopped, or have a score that is no number."""
    fates: Mapping[int, tuple[Stand, float | None]] = {
        2: (Stand.FAILED, None),
        5: (Stand.COMPLETE, math.nan),
        7: (Stand.STOPPED, score),
        9: (Stand.COMPLETE, math.inf),
    }
    stand, reached = fates.get(known.number % 11, (Stand.COMPLETE, score))
    return Known(known.number, known.values, stand, reached, when, known.note)


def _when(stand: Stand, known: Known) -> int | None:
    return None if stand is Stand.OPEN else known.number


def _height(value: Any) -> float:
    if isinstance(value, tuple):
        return sum(map(_height, value))
    if isinstance(value, int | float):
        return math.log1p(abs(value))
    return len(str(value)) / 10


def _stored(history: Sequence[Known]) -> list[Known]:
    """The history as it comes back from where notes are kept as JSON."""
    return [
        Known(k.number, dict(k.values), k.stand, k.score, k.ended, json.loads(json.dumps(k.note)))
        for k in history
    ]


def _comparable(history: Sequence[Known]) -> list[str]:
    """NaN is not equal to itself, but its text is."""
    return [repr(known) for known in history]
