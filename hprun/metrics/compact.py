"""A curve as it is kept: sixteen bytes a point."""

from __future__ import annotations

from array import array

from hprun.dataclass import dataclass
from hprun.model import Curve


@dataclass(frozen=True, slots=True)
class Points:
    """The first `size` points of two arrays that only grow, and so can be shared."""

    steps: array[int]
    values: array[float]
    size: int

    @classmethod
    def of(cls, curve: Curve) -> Points:
        """Keep a curve's points."""
        return cls(array("q", curve.steps), array("d", curve.values), len(curve.steps))

    def last(self) -> tuple[int, float] | None:
        """The last step and value; None where there is no point."""
        return (self.steps[self.size - 1], self.values[self.size - 1]) if self.size else None

    def curve(self) -> Curve:
        """Give all points."""
        return Curve(tuple(self.steps[: self.size]), tuple(self.values[: self.size]))
