"""A space as a matrix: many points at once, for strategies that learn from tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hprun.model import Value, Values
from hprun.space.quantiles import edges
from hprun.strategies.dimensions import Scale
from hprun.strategies.encoding import Branch, Encoding
from hprun.strategies.tree import Drawn, Fork, Items, Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
else:
    Floats = Flags = Any

_MOST_CELLS = 4096


class UnitCube:
    """An encoding over arrays: rows are points, columns dimensions, coordinates quantiles.

    An even draw from the cube is a draw from the space. Points that mean the same trial have the
    same features.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._edges = {
            node.dimension: cuts
            for branch in encoding.branches
            for node in _drawn(branch.node)
            if (cuts := edges(node.domain, _MOST_CELLS)) is not None
        }
        self._owned = [branch.node.dimensions for branch in encoding.branches]
        self._watched = [self._watches(branch) for branch in encoding.branches]

    @property
    def options(self) -> Sequence[int]:
        """For each dimension the number of options without order; 0 where there is an order."""
        return tuple(
            (one.count or 0) if one.scale is Scale.UNORDERED else 0
            for one in self._encoding.dimensions
        )

    def values(self, point: Sequence[float]) -> Values:
        """The trial at a point; inactive parameters are absent."""
        return self._encoding.values(point)

    def point(self, values: Values) -> Sequence[float] | None:
        """A point whose trial this is, 0.5 where it is not active; None where there is none."""
        found = self._encoding.point(values)
        return None if found is None else [0.5 if unit is None else unit for unit in found]

    def features(self, units: Floats) -> Floats:
        """For points (n, d) what they mean (n, d): NaN where a dimension is not active.

        An unordered dimension means the index of its option; an ordered one the middle of its
        value's quantiles, or the quantile itself where it is smooth.
        """
        import numpy as np

        found = np.array(units, float)
        for number, dimension in enumerate(self._encoding.dimensions):
            column = found[:, number]
            if dimension.count is not None:
                cells = np.clip(np.floor(column * dimension.count), 0, dimension.count - 1)
                ordered = dimension.scale is Scale.ORDERED
                found[:, number] = (cells + 0.5) / dimension.count if ordered else cells
            elif number in self._edges:
                cuts = np.array([0.0, *self._edges[number], 1.0])
                cell = np.clip(np.searchsorted(cuts, column, "right") - 1, 0, len(cuts) - 2)
                found[:, number] = (cuts[cell] + cuts[cell + 1]) / 2
        found[~self._active(np.asarray(units, float), found)] = np.nan
        return found

    def _active(self, units: Floats, features: Floats) -> Flags:
        """Which dimensions take part (n, d)."""
        import numpy as np

        active = np.ones(units.shape, bool)
        taking_part: list[Flags] = []
        for number, branch in enumerate(self._encoding.branches):
            holds = self._holds(number, branch, units, features, taking_part)
            taking_part.append(holds)
            for dimension in self._owned[number]:
                active[:, dimension] = holds
                for fork, option in self._encoding.gates[dimension].forks:
                    active[:, dimension] &= features[:, fork] == option
        return active

    def _holds(
        self,
        number: int,
        branch: Branch,
        units: Floats,
        features: Floats,
        taking_part: Sequence[Flags],
    ) -> Flags:
        """For each point whether a branch takes part; points that look alike are asked once."""
        import numpy as np

        if branch.parameter.condition is None:
            return np.ones(len(units), bool)
        watched = self._watched[number]
        columns = [features[:, one] for other in watched for one in self._owned[other]]
        alike = np.column_stack([*columns, *(taking_part[other] for other in watched)])
        _, first, which = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        judged = [
            branch.parameter.active(
                self._some_values(
                    units[row], [other for other in watched if taking_part[other][row]]
                )
            )
            for row in first
        ]
        holds: Flags = np.array(judged, bool)[which.reshape(-1)]
        return holds

    def _some_values(self, point: Floats, branches: Sequence[int]) -> dict[str, Value]:
        pick: Callable[[int], float] = point.__getitem__
        found: dict[str, Value] = {}
        for number in branches:
            branch = self._encoding.branches[number]
            found |= branch.parameter.assigned(branch.node.draw(lambda one: float(pick(one))))
        return found

    def _watches(self, branch: Branch) -> list[int]:
        """The branches that the condition of one looks at."""
        condition = branch.parameter.condition
        names = set(condition.names if condition else ())
        return [
            number
            for number, other in enumerate(self._encoding.branches)
            if names.intersection(other.parameter.names)
        ]


def _drawn(node: Node) -> list[Drawn]:
    match node:
        case Drawn():
            return [node]
        case Fork(options=parts) | Items(items=parts):
            return [found for part in parts for found in _drawn(part)]
    return []
