"""The space as a plug-in is given it: to draw from, to change a value in, or as a unit cube."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from random import Random

from hprun.model import Value, Values
from hprun.space import Parameter, Space
from hprun.strategies.dimensions import Dimension
from hprun.strategies.encoding import Branch, Encoding, Point, same_trial

_ATTEMPTS = 20


class OpenSpace:
    """All trials that a search may have; `values in space` says whether it has this one.

    `parameters` hold names, domain and condition of each line of the space (`space`); `dimensions`
    are those of the unit cube that `point` and `values` lead to and from.
    """

    def __init__(self, space: Space, seed: int = 0) -> None:
        self._encoding = Encoding(space, seed)
        self.space = space
        self.names: tuple[str, ...] = space.names
        self.parameters: tuple[Parameter, ...] = space.parameters
        self.dimensions: tuple[Dimension, ...] = self._encoding.dimensions

    def draw(self, random: Random) -> dict[str, Value]:
        """A random trial; a name whose condition does not hold is absent."""
        return self._encoding.draw(lambda _: random.random())

    def redraw(self, values: Values, name: str, random: Random) -> dict[str, Value]:
        """The trial with another value of one name, where there is another one.

        Names that go together with it change too. What takes part because of the new value is
        drawn, what no longer does is absent. Raises KeyError for a name that the space lacks.
        """
        if name not in self.names:
            raise KeyError(name)
        found: dict[str, Value] = {}
        for branch in self._encoding.branches:
            parameter = branch.parameter
            if not parameter.active(found):
                continue
            row = {one: values[one] for one in parameter.names if one in values}
            if name in parameter.names:
                found |= _another(branch, row, random)
            elif len(row) == len(parameter.names):
                found |= row
            else:
                found |= _drawn(branch, random)
        return {one: found[one] for one in self.names if one in found}

    def key(self, values: Values) -> Hashable:
        """What two trials have in common that are the same: for sets of what was tried."""
        return same_trial(values)

    def __contains__(self, values: Values) -> bool:
        return self._encoding.point(values) is not None

    def point(self, values: Values) -> Point | None:
        """The trial as numbers from 0 to 1, None where a dimension takes no part in it.

        None alone for what is no trial of the space.
        """
        return self._encoding.point(values)

    def values(self, point: Sequence[float | None]) -> dict[str, Value]:
        """The trial at a point; dimensions that take no part are not looked at."""
        return self._encoding.values(point)

    def as_written(self, values: Values) -> dict[str, Value] | None:
        """The trial in the space's own words where they say the same, or None if it has no such.

        32.0 is 32 where the space has 32; a number of a range keeps all its digits.
        """
        point = self._encoding.point(values)
        if point is None:
            return None
        own = self._encoding.values(point)
        return {name: own[name] if own[name] == values[name] else values[name] for name in own}

    def stranger(self, values: Values) -> Parameter | None:
        """The first parameter that is given a value which its domain has not."""
        for branch in self._encoding.branches:
            names = branch.parameter.names
            if (
                all(name in values for name in names)
                and branch.node.units(_whole(branch, values)) is None
            ):
                return branch.parameter
        return None


def _whole(branch: Branch, row: Values) -> Value:
    values = tuple(row[name] for name in branch.parameter.names)
    return values if len(values) > 1 else values[0]


def _drawn(branch: Branch, random: Random) -> dict[str, Value]:
    return branch.parameter.assigned(branch.node.draw(lambda _: random.random()))


def _another(branch: Branch, row: Values, random: Random) -> dict[str, Value]:
    """A draw that differs from the row; the row itself where 20 draws find none."""
    for _ in range(_ATTEMPTS):
        drawn = _drawn(branch, random)
        if same_trial(drawn) != same_trial(row):
            break
    return drawn
