"""A space as the optimizers of Studio know it: numbers and arrays of numbers in one vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hprun.errors import ConfigError
from hprun.model import Value
from hprun.space import FlaggedRange, Parameter, Space, Uniform
from hprun.strategies.plugins.answers import AnswerError

_NEAR = 1e-9  # how far beyond a bound rounding may lead, as a part of the range


class Hyperparameter:
    """One name, as Studio gives it to `Optimizer` and takes it back with `values` set.

    `min_range` and `max_range` are logarithms where `is_log`, and `values` are not. `index` is the
    place in the vector of all numbers, of which an array takes `array_length`. Without `unbounded`
    the range is a limit; with `rand_init` the search begins anywhere, else in the middle.
    """

    def __init__(self, name: str, index: int, domain: FlaggedRange | Uniform) -> None:
        flagged = domain if isinstance(domain, FlaggedRange) else None
        scale = (math.log1p if flagged and flagged.log1p else math.log) if domain.log else float
        self.name = name
        self.index = index
        self.values: Any = None
        self.min_range = scale(domain.low)
        self.max_range = scale(domain.high)
        self.unbounded = bool(flagged and flagged.unbounded)
        self.is_log = domain.log
        self.rand_init = bool(flagged and flagged.random_start)
        self.array_length = flagged.length if flagged else None

    def is_compatible(self, other: Hyperparameter) -> bool:
        """Whether the other takes the same places in the vector."""
        return self.index == other.index and self.array_length == other.array_length

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value}" for name, value in vars(self).items() if name != "name")
        return f"{self.name}: {said}"


class Axis:
    """A parameter between Studio's values and the trial's.

    They differ in this: where a log range begins at 0, the optimizer sees the logarithm of 1 + x,
    so its value is 1 more than the trial's.
    """

    def __init__(self, parameter: Parameter, index: int) -> None:
        assert isinstance(parameter.domain, FlaggedRange | Uniform)
        self.name = parameter.name
        self.domain = parameter.domain
        self.hyperparameter = Hyperparameter(self.name, index, self.domain)
        self.length = self.hyperparameter.array_length
        log1p = isinstance(self.domain, FlaggedRange) and self.domain.log1p
        self._shift = 1.0 if log1p else 0.0

    def trial_value(self, values: Any) -> Value:
        """The trial's value for what an optimizer set. Raises AnswerError for what is no number."""
        plain = values.tolist() if hasattr(values, "tolist") else values
        if self.length is None:
            return self._number(plain)
        if not isinstance(plain, list | tuple) or len(plain) != self.length:
            raise AnswerError(
                f"asked for {self.name}={plain!r:.60}, which is no array of {self.length}"
            )
        return tuple(map(self._number, plain))

    def studio_values(self, value: Value) -> Any:
        """What an optimizer must have set for this value: a float, or an array of them."""
        import numpy as np

        if isinstance(value, tuple):
            return np.array(value, dtype=float) + self._shift
        assert isinstance(value, int | float)
        return float(value) + self._shift

    def _number(self, number: object) -> float:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise AnswerError(f"asked for {self.name}={number!r:.60}, which is no number")
        value = float(number) - self._shift
        if self.hyperparameter.unbounded:
            return max(value, 0.0) if self._shift else value
        low, high = float(self.domain.low), float(self.domain.high)
        slack = _NEAR * max(high - low, abs(low), abs(high))
        for bound, beyond in ((low, low - value), (high, value - high)):
            if 0 < beyond <= slack:  # exp(log(0.1)) is not 0.1
                return bound
        return value


def axes(space: Space) -> list[Axis]:
    """The axes of a space, in order. Raises ConfigError for what is no range of numbers."""
    found: list[Axis] = []
    index = 0
    for parameter in space.parameters:
        domain = parameter.domain
        smooth = isinstance(domain, FlaggedRange) or (
            isinstance(domain, Uniform) and domain.q is None
        )
        if not smooth or parameter.condition is not None:
            raise ConfigError(
                f"an optimizer of Studio's knows ranges of numbers alone, and not {parameter}",
                hint=f"write {parameter.names[0]}=0:u:1 (any number between), or with Studio's"
                " flags, 0:1:r, 1e-5:0.1:l, 0:1:10:a",
            )
        axis = Axis(parameter, index)
        found.append(axis)
        index += axis.length or 1
    return found


def population_of(answer: object, known: Sequence[Axis]) -> list[list[Any]]:
    """The candidates that `ask` gave, each a list with a hyperparameter for each axis.

    Raises AnswerError for anything else.
    """
    rows = [list(one) for one in answer] if isinstance(answer, list | tuple) else []
    if not rows:
        raise AnswerError(f"was asked for trials and gave {answer!r:.60}")
    names = sorted(axis.name for axis in known)
    for row in rows:
        given = sorted(str(getattr(one, "name", None)) for one in row)
        if given != names:
            raise AnswerError(f"asked for a trial of {', '.join(given)} and not {', '.join(names)}")
    return rows
