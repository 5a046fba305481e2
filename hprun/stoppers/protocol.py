"""What a stopper is shown of a run, and what it answers."""

from __future__ import annotations

from typing import Protocol

from hprun.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A run at a mark, among those that have been there.

    `score` is what its score would be, were it to end there; `worse_than` it are none or more of the
    `others` runs that have reached the mark, `better` of them have a better score (NaN is worst).
    `idle` counts the values since it was last better than before.
    """

    values: int
    score: float
    better: int
    others: int
    idle: int


class Stopper(Protocol):
    """Ends runs early: a pure function of what is seen.

    `budget` is how many values a run writes that goes on to its end: what the user says, else the
    most that a completed run has written. While it is not known, nothing is stopped.
    """

    @property
    def compares(self) -> bool:
        """Whether it needs to know what other runs had at the same mark."""
        ...

    @property
    def max(self) -> int | None:
        """The budget, if the user has named it."""
        ...

    def bracket(self, trial: int) -> int:
        """Which runs are compared: those of the same bracket."""
        ...

    def looks_at(self, place: int, bracket: int, budget: int) -> bool:
        """Say whether a run is judged at the mark of this place."""
        ...

    def verdict(self, seen: Seen, budget: int) -> str:
        """Why to stop a run, in a few words; "" to let it go on."""
        ...
