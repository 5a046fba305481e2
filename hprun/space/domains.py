"""Every domain that a parameter can have, and the choice among several of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.space.distributions import FlaggedRange, Integers, Normal, Uniform
from hprun.space.grids import Draws, Spaced, Steps, Values
from hprun.space.numbers import DomainError

_LARGEST_OPTION = 1_000_000
_SAMPLED = Uniform | Normal | Integers | FlaggedRange


@dataclass(frozen=True, slots=True)
class Choice:
    """`choice(x, y, …)`: one of its options, each as likely, and then a value of that option.

    A grid takes every value of every option, in order; what stands twice counts once. An option
    that can only be sampled makes the whole choice one.
    """

    options: tuple[Domain, ...]

    def __post_init__(self) -> None:
        if not self.options:
            raise DomainError("a choice among nothing", hint="write choice(None, 1, 2)")
        for option in self.options:
            if not isinstance(option, _SAMPLED | Choice) and option.count > _LARGEST_OPTION:
                raise DomainError(
                    f"a choice holds at most {_LARGEST_OPTION:,} values of a range, "
                    f"and {option} has {option.count:,}",
                    hint="write randint(…), or a continuous range such as 0:u:1",
                )

    def grid(self, seed: int, name: str) -> Iterator[Value]:
        """Every value of every option, in order, without repeats."""
        values = chain.from_iterable(
            grid_values(option, seed, f"{name}/{index}")
            for index, option in enumerate(self.options)
        )
        return iter(Values.distinct(values).values)

    def __str__(self) -> str:
        return f"choice({','.join(map(str, self.options))})"


Domain = Values | Steps | Spaced | Draws | Uniform | Normal | Integers | FlaggedRange | Choice
"""What a parameter may be."""


def is_sampled(domain: Domain) -> bool:
    """Whether a grid cannot enumerate it, so that a strategy has to draw from it."""
    if isinstance(domain, Choice):
        return any(map(is_sampled, domain.options))
    return isinstance(domain, _SAMPLED)


def grid_values(domain: Domain, seed: int, name: str) -> Iterator[Value]:
    """The values that a grid takes for the parameter of that name, made one by one.

    Raises ValueError for a domain that can only be sampled.
    """
    if isinstance(domain, _SAMPLED):
        raise ValueError(f"{domain} can only be sampled")
    return domain.grid(seed, name)


def grid_count(domain: Domain, seed: int, name: str) -> int:
    """How many values `grid_values` gives; for all but a choice, without making them."""
    if isinstance(domain, _SAMPLED | Choice):
        return sum(1 for _ in grid_values(domain, seed, name))
    return domain.count
