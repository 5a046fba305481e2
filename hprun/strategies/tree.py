"""The tree of choices behind a domain: which dimensions it has, and which of them take part.

A node draws a value by asking for quantiles, and only for those of dimensions that the value
depends on; so what was asked for is what is active.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, product

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.space.distributions import FlaggedRange, Integers, Normal, Uniform
from hprun.space.domains import Choice, Domain, grid_values
from hprun.space.grids import Draws, Spaced, Steps, Values
from hprun.space.quantiles import Continuous, countable, quantile_of, value_at
from hprun.strategies.dimensions import Dimension, Scale, index_at, middle_of
from hprun.strategies.rungs import Rungs, is_number, kind_and_value, listed, stepped, whole_numbers

Pick = Callable[[int], float]
"""Gives the quantile for a dimension, by its number."""

_MOST_RUNGS = 10**9
"""Longer ranges of numbers are smooth: no sampler could count them."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same value."""

    is_value: Value

    @property
    def dimensions(self) -> tuple[int, ...]:
        """None."""
        return ()

    def draw(self, pick: Pick) -> Value:
        """The value; nothing is picked."""
        return self.is_value

    def units(self, value: Value) -> dict[int, float] | None:
        """Nothing to choose for the value, and None for any other."""
        return {} if kind_and_value(value) == kind_and_value(self.is_value) else None

    def size(self) -> int | None:
        """One value."""
        return 1

    def every(self) -> Iterator[Value]:
        """The value."""
        return iter((self.is_value,))


@dataclass(frozen=True, slots=True)
class Counted:
    """One of finitely many values along one dimension."""

    dimension: int
    rungs: Rungs

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Its own."""
        return (self.dimension,)

    def draw(self, pick: Pick) -> Value:
        """The value at the quantile that is picked."""
        return self.rungs.at(index_at(pick(self.dimension), self.rungs.count))

    def units(self, value: Value) -> dict[int, float] | None:
        """The middle of the value's quantiles, if it is one of them."""
        index = self.rungs.find(value)
        return None if index is None else {self.dimension: middle_of(index, self.rungs.count)}

    def size(self) -> int | None:
        """How many values there are."""
        return self.rungs.count

    def every(self) -> Iterator[Value]:
        """All of them, in order."""
        return map(self.rungs.at, range(self.rungs.count))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw from a distribution along one dimension."""

    dimension: int
    domain: Continuous

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Its own."""
        return (self.dimension,)

    def draw(self, pick: Pick) -> Value:
        """The value at the quantile that is picked."""
        return value_at(self.domain, pick(self.dimension))

    def units(self, value: Value) -> dict[int, float] | None:
        """The quantile of the value, if it can be drawn."""
        quantile = quantile_of(self.domain, value)
        return None if quantile is None else {self.dimension: quantile}

    def size(self) -> int | None:
        """How many values there are; None, as a rule."""
        steps = countable(self.domain)
        return None if steps is None else len(steps)

    def every(self) -> Iterator[Value]:
        """The multiples of q, where they are bounded."""
        steps = countable(self.domain)
        assert steps is not None
        assert isinstance(self.domain, Uniform)
        assert self.domain.q is not None
        first, last = self.domain.reach
        if first == last:
            return iter((first,))
        between = Steps(first, self.domain.q, last)
        return map(between.at, range(between.count))


@dataclass(frozen=True, slots=True)
class Fork:
    """One of several options, along one dimension, and then what the option asks for."""

    dimension: int
    options: tuple[Node, ...]

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Its own, and then those of every option."""
        inside = chain.from_iterable(option.dimensions for option in self.options)
        return (self.dimension, *inside)

    def draw(self, pick: Pick) -> Value:
        """A value of the option that is picked."""
        return self.options[index_at(pick(self.dimension), len(self.options))].draw(pick)

    def units(self, value: Value) -> dict[int, float] | None:
        """Those of the first option that has the value."""
        for number, option in enumerate(self.options):
            inside = option.units(value)
            if inside is not None:
                return {self.dimension: middle_of(number, len(self.options)), **inside}
        return None

    def size(self) -> int | None:
        """How many values the options have together, if each has finitely many."""
        sizes = [option.size() for option in self.options]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def every(self) -> Iterator[Value]:
        """The values of one option after the other."""
        return chain.from_iterable(option.every() for option in self.options)


@dataclass(frozen=True, slots=True)
class Items:
    """An array: each item along a dimension of its own."""

    items: tuple[Node, ...]

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Those of the items, in order."""
        return tuple(chain.from_iterable(item.dimensions for item in self.items))

    def draw(self, pick: Pick) -> Value:
        """A tuple of draws."""
        return tuple(item.draw(pick) for item in self.items)

    def units(self, value: Value) -> dict[int, float] | None:
        """Those of all items, of a tuple of the right length."""
        if not isinstance(value, tuple) or len(value) != len(self.items):
            return None
        found: dict[int, float] = {}
        for item, part in zip(self.items, value, strict=True):
            inside = item.units(part)
            if inside is None:
                return None
            found |= inside
        return found

    def size(self) -> int | None:
        """How many arrays there are; None, as a rule."""
        size = 1
        for item in self.items:
            each = item.size()
            if each is None:
                return None
            size *= each
        return size

    def every(self) -> Iterator[Value]:
        """Every array, the last item fastest."""
        return product(*(item.every() for item in self.items))


Node = Fixed | Counted | Drawn | Fork | Items


def grow(domain: Domain, path: str, seed: int, dimensions: list[Dimension]) -> Node:
    """The tree of a domain; its dimensions are appended to the list.

    The seed and the path say which values `a:rN:b` draws, as they do in a grid.
    """

    def new(scale: Scale, count: int | None = None) -> int:
        dimensions.append(Dimension(path, scale, count))
        return len(dimensions) - 1

    match domain:
        case Choice(options=(single,)):
            return grow(single, f"{path}/0", seed, dimensions)
        case Choice(options=options):
            own = new(Scale.UNORDERED, len(options))
            inside = (
                grow(option, f"{path}/{number}", seed, dimensions)
                for number, option in enumerate(options)
            )
            return Fork(own, tuple(inside))
        case FlaggedRange():
            return _flagged(domain, path, dimensions)
        case Uniform() | Normal():
            return Drawn(new(Scale.SMOOTH), domain)
    rungs, scale = _rungs(domain, path, seed)
    if rungs.count == 1:
        return Fixed(rungs.at(0))
    smooth = rungs.count > _MOST_RUNGS
    return Counted(new(Scale.SMOOTH) if smooth else new(scale, rungs.count), rungs)


def _rungs(
    domain: Values | Steps | Spaced | Draws | Integers, path: str, seed: int
) -> tuple[Rungs, Scale]:
    """The values of a countable domain; numbers in their order, other things as they stand."""
    match domain:
        case Integers(low=low, high=high):
            return whole_numbers(low, high), Scale.ORDERED
        case Steps() | Spaced():
            return stepped(domain), Scale.ORDERED
        case Draws():
            return listed(_sorted(grid_values(domain, seed, path))), Scale.ORDERED
        case Values(values=values):
            if all(map(is_number, values)):
                return listed(_sorted(values)), Scale.ORDERED
            return listed(values), Scale.UNORDERED


def _sorted(numbers: Iterable[Value]) -> list[Value]:
    """Numbers by size; what is no number is not among them."""
    return sorted(numbers, key=lambda value: value if isinstance(value, int | float) else 0)


def _flagged(domain: FlaggedRange, path: str, dimensions: list[Dimension]) -> Node:
    """One number, or an array of them; where the bounds are equal and are limits, a constant."""
    single = domain.low == domain.high and not domain.unbounded
    if domain.length is None:
        if single:
            return Fixed(float(domain.low))
        dimensions.append(Dimension(path, Scale.SMOOTH))
        return Drawn(len(dimensions) - 1, domain)
    if single:
        return Fixed((float(domain.low),) * domain.length)
    first = len(dimensions)
    dimensions += [Dimension(f"{path}[{item}]", Scale.SMOOTH) for item in range(domain.length)]
    return Items(tuple(Drawn(first + item, domain) for item in range(domain.length)))
