"""What SHAC must know about a space: a unit cube, and what trees see of a point in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from hprun.model import Values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
else:
    Floats = Singles = Any


class Cube(Protocol):
    """A space as a cube of unit coordinates over which its prior is even.

    A coordinate is a quantile of the parameter's own distribution, so that an even draw from the
    cube is a draw from the space, and a symmetric step in the cube keeps that distribution.
    """

    @property
    def options(self) -> Sequence[int]:
        """For each dimension the number of options without order; 0 where there is an order."""
        ...

    def features(self, units: Floats) -> Floats:
        """For points (n, d) what they mean (n, d): NaN where a dimension is not active.

        An ordered dimension means any number that grows with the coordinate, between 0 and 1; one
        without order means the index of the option.
        """
        ...

    def values(self, point: Sequence[float]) -> Values:
        """The trial at a point; inactive parameters are absent."""
        ...

    def point(self, values: Values) -> Sequence[float] | None:
        """A point whose trial this is, or None where the space has none."""
        ...


def matrix(cube: Cube, units: Floats, *, one_hot: bool) -> Singles:
    """What the trees are shown: single precision, no NaN.

    With `one_hot` a dimension of three or more options becomes a column an option. An inactive
    dimension is -1, so that one cut sets it apart from the active ones; in its option columns it
    is 0 everywhere.
    """
    import numpy as np

    features = cube.features(units)
    columns = []
    for index, options in enumerate(cube.options):
        column = features[:, index : index + 1]
        if one_hot and options > 2:
            columns.append((column == np.arange(options)).astype(np.float32))
        else:
            columns.append(np.where(np.isnan(column), -1.0, column).astype(np.float32))
    return np.hstack(columns) if columns else np.zeros((len(units), 0), np.float32)
