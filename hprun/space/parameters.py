"""One line of a space: a name, or names that go together, and what they may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.model import Value, Values
from hprun.space.conditions import Condition
from hprun.space.distributions import FlaggedRange, Uniform
from hprun.space.domains import Choice, Domain, grid_count, grid_values, is_sampled


@dataclass(frozen=True, slots=True)
class Parameter:
    """What `NAME=SPEC if CONDITION` says; several `names` take the items of one tuple.

    `source` is the text that it was read from, for messages. `str` gives a canonical text, which
    reads back as an equal parameter.
    """

    names: tuple[str, ...]
    domain: Domain
    condition: Condition | None = None
    source: str = field(default="", compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name as it is written before `=`: `lr`, or `(a,b)`."""
        return self.names[0] if len(self.names) == 1 else f"({','.join(self.names)})"

    @property
    def spec(self) -> str:
        """The canonical text behind `=`."""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.domain}{condition}"

    @property
    def sampled(self) -> bool:
        """Whether a grid cannot enumerate it."""
        return is_sampled(self.domain)

    @property
    def note(self) -> str:
        """One sentence about how the spec was understood, where that needs one, else nothing."""
        for part in _parts(self.domain):
            if isinstance(part, FlaggedRange) and part.log1p:
                return f"{self.name}: 0 has no logarithm, so this range is searched by log(1 + x)"
            if isinstance(part, Uniform) and part.strays:
                first, last = part.reach
                return (
                    f"{self.name}: {part} rounds to the nearest multiple of {part.q}, counted "
                    f"from 0, so it gives {first} to {last}"
                )
        return ""

    def active(self, values: Values) -> bool:
        """Whether it takes part in a trial with these values of the other parameters."""
        return self.condition is None or self.condition.holds(values)

    def grid_count(self, seed: int = 0) -> int:
        """How many values a grid gives it, where it is active."""
        return grid_count(self.domain, seed, self.name)

    def grid(self, seed: int = 0) -> Iterator[dict[str, Value]]:
        """What a grid can give to its names, made one by one."""
        for value in grid_values(self.domain, seed, self.name):
            yield self.assigned(value)

    def assigned(self, value: Value) -> dict[str, Value]:
        """A value of the domain by name: the value itself, or each item of a tuple."""
        if len(self.names) == 1:
            return {self.names[0]: value}
        assert isinstance(value, tuple)
        return dict(zip(self.names, value, strict=True))

    def __str__(self) -> str:
        return f"{self.name}={self.spec}"


def _parts(domain: Domain) -> Iterator[Domain]:
    """The domain, or what a choice is among, all the way down."""
    if isinstance(domain, Choice):
        for option in domain.options:
            yield from _parts(option)
    else:
        yield domain
