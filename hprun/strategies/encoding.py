"""A space as points: a fixed list of dimensions, and the way between points and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.model import Value, Values
from hprun.space import Parameter, Space
from hprun.space.expansion import in_order
from hprun.strategies.dimensions import Dimension
from hprun.strategies.rungs import kind_and_value
from hprun.strategies.tree import Fork, Items, Node, Pick, grow

Point = tuple[float | None, ...]
"""A quantile for each dimension, None where the dimension does not take part."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A parameter and the tree of what it may be."""

    parameter: Parameter
    node: Node


@dataclass(frozen=True, slots=True)
class Gate:
    """When a dimension takes part: `branch` is active, and each fork before it goes its way.

    `branch` numbers the encoding's branches; `forks` holds the dimensions of the forks, each with
    the option that leads here.
    """

    branch: int
    forks: tuple[tuple[int, int], ...] = ()


class Encoding:
    """A space as points in a unit cube; an even draw from the cube is a draw from the space.

    All dimensions are there from the beginning; which of them take part depends on the others:
    those of an option on the choice, those of a conditional parameter on its condition. `seed`
    is the search's: it fixes the values of `a:rN:b`.
    """

    def __init__(self, space: Space, seed: int = 0) -> None:
        dimensions: list[Dimension] = []
        grown = {
            parameter.name: Branch(
                parameter, grow(parameter.domain, parameter.name, seed, dimensions)
            )
            for parameter in space.parameters
        }
        self.space = space
        self.dimensions: tuple[Dimension, ...] = tuple(dimensions)
        self.branches = tuple(grown[one.name] for one in in_order(space.parameters))
        """The parameters, each after those that its condition looks at."""
        self.gates: tuple[Gate, ...] = self._find_gates()

    def draw(self, pick: Pick) -> dict[str, Value]:
        """The trial that a source of quantiles leads to; it is asked for active dimensions only.

        It is asked in order: a choice before what is inside, a condition's names before those that
        depend on it.
        """
        found: dict[str, Value] = {}
        for branch in self.branches:
            if branch.parameter.active(found):
                found |= branch.parameter.assigned(branch.node.draw(pick))
        return {name: found[name] for name in self.space.names if name in found}

    def values(self, point: Sequence[float | None]) -> dict[str, Value]:
        """The trial at a point; what does not take part is not looked at, and absent."""

        def pick(dimension: int) -> float:
            unit = point[dimension]
            if unit is None:
                raise ValueError(
                    f"{self.dimensions[dimension].path} takes part and has no quantile"
                )
            return unit

        return self.draw(pick)

    def point(self, values: Values) -> Point | None:
        """The point whose trial this is, or None where the space has no such trial.

        A value that is one of a row of many, or is rounded, gives the middle of its quantiles.
        """
        units: dict[int, float] = {}
        seen = 0
        for branch in self.branches:
            names = branch.parameter.names
            there = [name for name in names if name in values]
            if branch.parameter.active(values) != bool(there) or len(there) not in {0, len(names)}:
                return None
            if there:
                row = tuple(values[name] for name in names)
                inside = branch.node.units(row if len(names) > 1 else row[0])
                if inside is None:
                    return None
                units |= inside
                seen += len(names)
        if seen != len(values):
            return None
        return tuple(units.get(number) for number in range(len(self.dimensions)))

    def outside(self, values: Values) -> list[Parameter]:
        """The parameters that take part in a trial with values that they cannot have."""
        found = []
        for branch in self.branches:
            names = branch.parameter.names
            if all(name in values for name in names):
                row = tuple(values[name] for name in names)
                if branch.node.units(row if len(names) > 1 else row[0]) is None:
                    found.append(branch.parameter)
        return found

    def active(self, point: Sequence[float | None]) -> tuple[bool, ...]:
        """For each dimension whether it takes part in the trial at a point."""
        asked: set[int] = set()

        def pick(dimension: int) -> float:
            asked.add(dimension)
            unit = point[dimension]
            return 0.0 if unit is None else unit

        self.draw(pick)
        return tuple(number in asked for number in range(len(self.dimensions)))

    def every(self, most: int) -> Iterator[dict[str, Value]] | None:
        """Every trial of the space, or None where there may be more than so many.

        A trial that several branches of a choice lead to comes several times.
        """
        size = 1
        for branch in self.branches:
            each = branch.node.size()
            size = size * (each + (branch.parameter.condition is not None)) if each else most + 1
            if size > most:
                return None
        return self._every(0, {})

    def _every(self, number: int, chosen: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
        if number == len(self.branches):
            yield {name: chosen[name] for name in self.space.names if name in chosen}
            return
        branch = self.branches[number]
        if not branch.parameter.active(chosen):
            yield from self._every(number + 1, chosen)
            return
        for value in branch.node.every():
            yield from self._every(number + 1, {**chosen, **branch.parameter.assigned(value)})

    def _find_gates(self) -> tuple[Gate, ...]:
        gates = {
            dimension: gate
            for number, branch in enumerate(self.branches)
            for dimension, gate in _gates(branch.node, Gate(number))
        }
        return tuple(gates[number] for number in range(len(self.dimensions)))


def _gates(node: Node, gate: Gate) -> Iterator[tuple[int, Gate]]:
    match node:
        case Fork(dimension=dimension, options=options):
            yield dimension, gate
            for number, option in enumerate(options):
                way = (*gate.forks, (dimension, number))
                yield from _gates(option, Gate(gate.branch, way))
        case Items(items=items):
            for item in items:
                yield from _gates(item, gate)
        case _:
            for dimension in node.dimensions:
                yield dimension, gate


def same_trial(values: Values) -> frozenset[tuple[str, tuple[object, ...]]]:
    """What two trials have in common that are the same; 1 is 1.0 here, and not True."""
    return frozenset((name, kind_and_value(value)) for name, value in values.items())
