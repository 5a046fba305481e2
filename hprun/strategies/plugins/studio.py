"""An optimizer as Studio had them, with ask, tell, stop and disp, as a strategy.

Studio's loop was: until `stop()`, `ask()` for a population, run all of it, `tell` the fitnesses,
`disp()`. A higher fitness is better. Here each trial's note says its place in which generation,
and the first one of a generation what was told of the one before; a restart makes the optimizer
anew with the same seed, and asks and tells it the same again.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hprun.errors import ConfigError
from hprun.model import Direction, Value, Values
from hprun.space import Space
from hprun.strategies.plugins.bringing import MOST_SECONDS, Plugin, construct
from hprun.strategies.plugins.hyperparameters import Axis, axes, population_of
from hprun.strategies.plugins.loading import Brought
from hprun.strategies.plugins.open_space import OpenSpace
from hprun.strategies.plugins.studio_surroundings import Dice, Logger, studio_config
from hprun.strategies.protocol import Known, Proposal, Stand

_OTHER_VALUES = (
    "After the restart it asks for other values than before (its random numbers do not depend on"
    " the seed): it is told what was tried."
)


def make_studio(
    brought: Brought,
    space: Space,
    direction: Direction,
    seed: int,
    trials: int | None,
    options: Mapping[str, Value],
) -> Plugin:
    """Make the optimizer and the strategy around it.

    Options are entries of its configuration, and `seed`, which comes before the search's. Raises
    ConfigError for a space that is not of ranges alone, and an optimizer that cannot be made.
    """
    own = options.get("seed", seed)
    if isinstance(own, bool) or not isinstance(own, int):
        raise ConfigError(f"{brought.name}: seed is a whole number, not {own}")
    rest = {name: value for name, value in options.items() if name != "seed"}
    optimizer = Generations(brought, axes(space), direction, own, trials, rest)
    return Plugin(brought.name, optimizer, OpenSpace(space, seed))


class Generations:
    """Proposes the populations of an optimizer; no next one before all of the last has ended."""

    def __init__(
        self,
        brought: Brought,
        known: Sequence[Axis],
        direction: Direction,
        seed: int,
        trials: int | None,
        options: Mapping[str, Value],
    ) -> None:
        """`options` are entries of the configuration. Raises ConfigError."""
        self._brought = brought
        self._axes = known
        self._sign = 1.0 if direction is Direction.HIGH else -1.0
        self._seed = seed
        self._config = studio_config(trials, seed, options)
        self._said = False
        self.most_seconds = getattr(brought.make, "most_seconds", MOST_SECONDS)
        self._begin()

    def _begin(self) -> None:
        """Make the optimizer, which has been asked for nothing."""
        self._dice = Dice(self._seed)
        self._log = Logger(self._brought.name)
        self._told: list[list[float]] = []
        self._population: list[list[Any]] | None = None
        with self._dice:
            hyperparameters = [copy.copy(axis.hyperparameter) for axis in self._axes]
            given = (hyperparameters, copy.deepcopy(self._config), self._log)
            self._optimizer = construct(self._brought, given, {})

    def propose(self, history: Sequence[Known], count: int) -> list[Proposal]:
        """The next trials of this generation, or of the next one once this one has ended."""
        generations = _generations(history)
        members = generations[-1] if generations else []
        self._go_back_to(generations)
        population = self._population
        if population is not None and len(members) >= len(population):
            if any(known.stand is Stand.OPEN for known in members):
                return []
            self._tell(members, self._fitnesses(members))
            self._show()
            members, population = [], None
        if population is None:
            if self._stops():
                return []
            population = self._ask()
        first = len(members)
        return [
            Proposal(self._values(candidate), self._note(first + place))
            for place, candidate in enumerate(population[first : first + count])
        ]

    def _go_back_to(self, generations: Sequence[Sequence[Known]]) -> None:
        """Ask and tell what was asked and told before, from the beginning where need be."""
        told = [list(following[0].note["told"]) for following in generations[1:]]
        if self._told != told[: len(self._told)]:
            self._begin()
        with self._log.silenced():
            for generation in generations[len(self._told) :]:
                if self._population is None:
                    self._stops()  # it did not: there are trials of this generation
                    self._ask()
                if len(self._told) < len(told):
                    self._tell(generation, told[len(self._told)])

    def _note(self, member: int) -> dict[str, Any]:
        note: dict[str, Any] = {"generation": len(self._told), "member": member}
        if member == 0 and self._told:
            note["told"] = self._told[-1]
        return note

    def _values(self, candidate: Sequence[Any]) -> dict[str, Value]:
        given = {one.name: one.values for one in candidate}
        return {axis.name: axis.trial_value(given[axis.name]) for axis in self._axes}

    def _fitnesses(self, ended: Sequence[Known]) -> list[float]:
        """Higher is better; a trial without a score that is a number is as bad as the worst."""
        scores = [known.score for known in ended]
        found = [
            self._sign * score if score is not None and math.isfinite(score) else None
            for score in scores
        ]
        numbers = [fitness for fitness in found if fitness is not None]
        worst = min([*numbers, *(min(told) for told in self._told)], default=0.0)
        return [worst if fitness is None else fitness for fitness in found]

    # What the optimizer is called for; its random numbers are its own

    def _stops(self) -> bool:
        with self._dice:
            return bool(self._optimizer.stop())

    def _ask(self) -> list[list[Any]]:
        with self._dice:
            answer = self._optimizer.ask()
        self._population = population_of(answer, self._axes)
        return self._population

    def _tell(self, trials: Sequence[Known], fitnesses: list[float]) -> None:
        """Tell the population with the values that were tried."""
        population = self._as_tried([known.values for known in trials])
        with self._dice:
            if _takes_behaviors(self._optimizer.tell):
                self._optimizer.tell(population, list(fitnesses), [None] * len(fitnesses))
            else:
                self._optimizer.tell(population, list(fitnesses))
        self._told.append(list(fitnesses))
        self._population = None

    def _show(self) -> None:
        if hasattr(self._optimizer, "disp"):
            with self._dice:
                self._optimizer.disp()

    def _as_tried(self, tried: Sequence[Values]) -> list[list[Any]]:
        """The population that was asked for, held to the values that were tried."""
        asked = self._population or []
        same = [self._values(one) == values for one, values in zip(asked, tried, strict=False)]
        if len(asked) == len(tried) and all(same):
            return asked
        if not self._said:
            self._said = True
            print(_OTHER_VALUES)  # noqa: T201 - what strategies print is shown by who asks them
        return [self._candidate(values) for values in tried]

    def _candidate(self, values: Values) -> list[Any]:
        found = []
        for axis in self._axes:
            one = copy.copy(axis.hyperparameter)
            one.values = axis.studio_values(values[axis.name])
            found.append(one)
        return found


def _generations(history: Sequence[Known]) -> list[list[Known]]:
    """The trials of each generation, in order; those that others proposed are left out."""
    found: dict[int, dict[int, Known]] = {}
    for known in history:
        if "generation" in known.note:
            found.setdefault(known.note["generation"], {})[known.note["member"]] = known
    return [[found[number][member] for member in sorted(found[number])] for number in sorted(found)]


def _takes_behaviors(tell: Any) -> bool:
    try:
        inspect.signature(tell).bind([], [], [])
    except TypeError:
        return False
    return True
