"""The space: all parameters of a search, checked against each other, and its grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from hprun.dataclass import dataclass
from hprun.errors import SpecError
from hprun.model import Value
from hprun.space.conditions import Condition
from hprun.space.grammar import parse_parameter
from hprun.space.grids import Values
from hprun.space.nearness import did_you_mean
from hprun.space.parameters import Parameter

_KEPT = 100_000
"""Axes up to this long are made once and kept; longer ones are made again on each pass."""


@dataclass(frozen=True, slots=True)
class Space:
    """The parameters of a search, in the order in which they were named.

    Raises SpecError for a name that stands twice, and for a condition on a name that is not
    there, on itself, or in a circle.
    """

    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        _check_names(self.parameters)
        _check_conditions(self.parameters)
        in_order(self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in order."""
        return tuple(name for parameter in self.parameters for name in parameter.names)

    @property
    def sampled(self) -> tuple[str, ...]:
        """The names that a grid cannot enumerate; while there are any, `grid` is impossible."""
        return tuple(
            name for parameter in self.parameters if parameter.sampled for name in parameter.names
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how specs were understood, to be printed."""
        return tuple(parameter.note for parameter in self.parameters if parameter.note)

    def size(self, seed: int = 0, *, stop_above: int | None = None) -> int:
        """How many trials the grid has, without making them.

        Only parameters that conditions look at are walked through. Where that could take long,
        `stop_above` ends the count with a number that is above it, and not above the truth.
        """
        size = 1
        for island in _islands(self.parameters):
            room = None if stop_above is None else stop_above // size
            size *= _island_size(island, seed, room)
        return size

    def grid(self, seed: int = 0) -> Iterator[dict[str, Value]]:
        """Every trial, made one by one; the parameter named last varies fastest.

        A parameter with a condition comes after those that the condition looks at, and is absent
        where the condition does not hold.
        """
        order = in_order(self.parameters)
        names = self.names
        for values in _branches([_Axis.of(parameter, seed) for parameter in order], {}):
            yield {name: values[name] for name in names if name in values}

    def axes(self, seed: int = 0) -> Mapping[str, tuple[Value, ...]]:
        """Every value that a grid can give to each name; names that are sampled are left out.

        All of them are made, so look at the size first.
        """
        found: dict[str, tuple[Value, ...]] = {}
        for parameter in self.parameters:
            if not parameter.sampled:
                rows = list(_Axis.of(parameter, seed))
                for name in parameter.names:
                    found[name] = Values.distinct(row[name] for row in rows).values
        return found


def parse_space(specs: Sequence[str]) -> Space:
    """The space of `NAME=SPEC` texts, in their order.

    Raises SpecError for the first text that means nothing, with the column.
    """
    return Space(tuple(parse_parameter(spec) for spec in specs))


@dataclass(frozen=True, slots=True)
class _Axis:
    """What a grid gives to a parameter, to be walked through any number of times."""

    parameter: Parameter
    seed: int
    kept: tuple[dict[str, Value], ...] | None

    @classmethod
    def of(cls, parameter: Parameter, seed: int) -> _Axis:
        short = parameter.grid_count(seed) <= _KEPT
        return cls(parameter, seed, _rows(repr(parameter), parameter, seed) if short else None)

    def __iter__(self) -> Iterator[dict[str, Value]]:
        return self.parameter.grid(self.seed) if self.kept is None else iter(self.kept)


@lru_cache(maxsize=32)  # what is checked first is tried afterwards
def _rows(_text: str, parameter: Parameter, seed: int) -> tuple[dict[str, Value], ...]:
    """By its text too: 1, 1.0 and True are equal, and different values."""
    return tuple(parameter.grid(seed))


def _branches(axes: Sequence[_Axis], chosen: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Every way to go on from what is chosen; an inactive parameter is one way, with no value."""
    if not axes:
        yield chosen
        return
    axis, *rest = axes
    for part in axis if axis.parameter.active(chosen) else ({},):
        yield from _branches(rest, chosen | part)


def _looks_at(parameter: Parameter) -> frozenset[str]:
    return frozenset(parameter.condition.names if parameter.condition else ())


def _islands(parameters: Iterable[Parameter]) -> list[list[Parameter]]:
    """The parameters in groups; no condition looks from one group into another."""
    islands: list[list[Parameter]] = []
    for parameter in parameters:
        linked = [
            island
            for island in islands
            if any(
                _looks_at(one) & set(other.names)
                for neighbour in island
                for one, other in ((parameter, neighbour), (neighbour, parameter))
            )
        ]
        islands = [island for island in islands if island not in linked]
        islands.append([member for island in linked for member in island] + [parameter])
    return islands


def _island_size(island: Sequence[Parameter], seed: int, stop_above: int | None) -> int:
    """The trials of one group: for each way to set what conditions look at, the rest multiplies."""
    certain = math.prod(one.grid_count(seed) for one in island if one.condition is None)
    if stop_above is not None and certain > stop_above:
        return certain
    watched = frozenset[str]().union(*map(_looks_at, island))
    order = in_order(island)
    drivers = [_Axis.of(one, seed) for one in order if not watched.isdisjoint(one.names)]
    others = [(one, one.grid_count(seed)) for one in order if watched.isdisjoint(one.names)]
    size = 0
    for values in _branches(drivers, {}):
        size += math.prod(count for one, count in others if one.active(values))
        if stop_above is not None and size > stop_above:
            break
    return size


def in_order(parameters: Sequence[Parameter]) -> list[Parameter]:
    """As named, but each one after those that its condition looks at.

    Raises SpecError where conditions go in a circle.
    """
    order: list[Parameter] = []
    left = list(parameters)
    while left:
        waiting = {name for parameter in left for name in parameter.names}
        ready = next((one for one in left if waiting.isdisjoint(_looks_at(one))), None)
        if ready is None:
            raise _circle(left)
        order.append(ready)
        left.remove(ready)
    return order


def _circle(left: Sequence[Parameter]) -> SpecError:
    """The error for parameters of which each waits for another: follow them until one repeats."""
    owners = {name: parameter for parameter in left for name in parameter.names}
    path = [left[0]]
    while True:
        name = next(name for name in owners if name in _looks_at(path[-1]))
        if owners[name] in path:
            break
        path.append(owners[name])
    circle = path[path.index(owners[name]) :]
    condition = circle[-1].condition
    assert condition is not None
    way = " → ".join(parameter.name for parameter in (*circle, circle[0]))
    return condition.error(
        f"the condition goes in a circle: {way}",
        name=name,
        hint="let the condition look at other parameters only",
    )


def _check_names(parameters: Iterable[Parameter]) -> None:
    seen: set[str] = set()
    for parameter in parameters:
        text = parameter.source or str(parameter)
        for name in parameter.names:
            if name in seen:
                raise SpecError(
                    f"{name} is named twice",
                    text=text,
                    column=max(text.find(name), 0),
                    hint="put all its values into one spec: "
                    f"{name}=1,2,3, or {name}=choice(SPEC, SPEC)",
                )
            seen.add(name)


def _check_conditions(parameters: Sequence[Parameter]) -> None:
    known = [name for parameter in parameters for name in parameter.names]
    for parameter in parameters:
        if parameter.condition is not None:
            _check_condition(parameter.condition, known)


def _check_condition(condition: Condition, known: Sequence[str]) -> None:
    for name in condition.names:
        if name not in known:
            raise condition.error(
                f"the condition looks at {name}, which is no parameter of this space",
                name=name,
                hint=did_you_mean(name, known) or f'for the text, write "{name}"',
            )
