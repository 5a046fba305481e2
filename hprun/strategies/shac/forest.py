"""A boosted classifier as plain arrays: fast on a few hundred points, and writable as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError
from hprun.strategies.shac.cube import Floats, Singles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS = 2048
"""Rows that are walked through at once, so that the indices stay in the processor's cache."""

_ALWAYS_LEFT = 3.0e38
"""The threshold of a place under a leaf that ended early; finite, so that JSON can hold it."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one depth, filled up to complete ones and stored as heaps.

    `features` and `thresholds` are (trees, 2**depth - 1), `leaves` (trees, 2**depth). A point
    goes right where its feature is above the threshold; its score is `bias` plus its leaves, the
    log odds of being good.
    """

    depth: int
    bias: float
    features: NDArray[np.intp]
    thresholds: Singles
    leaves: Floats

    def scores(self, rows: Singles) -> Floats:
        """The log odds of each row."""
        import numpy as np

        parts = [self._part(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _part(self, rows: Singles) -> Floats:
        import numpy as np

        trees, inner = self.features.shape
        flat = np.ascontiguousarray(rows).ravel()
        row_starts = (np.arange(len(rows)) * rows.shape[1])[:, None]
        tree_starts = np.arange(trees) * inner
        place = np.zeros((len(rows), trees), np.intp)
        for _ in range(self.depth):
            node = place + tree_starts
            right = flat.take(self.features.take(node) + row_starts) > self.thresholds.take(node)
            place = 2 * place + 1 + right
        leaf = place - inner + np.arange(trees) * (inner + 1)
        sums: Floats = self.leaves.take(leaf).sum(axis=1)
        return sums + self.bias

    def as_data(self) -> dict[str, Any]:
        """JSON that `from_data` reads back to the same scores."""
        return {
            "depth": self.depth,
            "bias": self.bias,
            "features": self.features.tolist(),
            "thresholds": self.thresholds.astype(float).tolist(),
            "leaves": self.leaves.tolist(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], width: int) -> Forest:
        """The forest that `as_data` wrote, for rows of `width` columns.

        Raises ConfigError where the data is none.
        """
        import numpy as np

        try:
            depth, bias = int(data["depth"]), float(data["bias"])
            features = np.array(data["features"], np.intp)
            thresholds = np.array(data["thresholds"], np.float32)
            leaves = np.array(data["leaves"], np.float64)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _not_a_forest() from error
        inner = 2**depth - 1 if 0 <= depth <= 30 else -1
        fits = features.shape == thresholds.shape == (len(leaves), inner)
        if not fits or leaves.shape != (len(features), inner + 1):
            raise _not_a_forest()
        if features.size and not 0 <= features.min() <= features.max() < width:
            raise _not_a_forest()
        if not (np.isfinite(thresholds).all() and np.isfinite(leaves).all() and np.isfinite(bias)):
            raise _not_a_forest()
        return cls(depth, bias, features, thresholds, leaves)


def _not_a_forest() -> ConfigError:
    return ConfigError(
        "a classifier in the exported cascade is damaged, or belongs to another space",
        hint="export the cascade again, from a search over this space",
    )


def from_trees(trees: list[Any], *, bias: float, scale: float) -> Forest:
    """The forest of scikit-learn's fitted `Tree` objects, each leaf times `scale`."""
    import numpy as np

    depth = max((int(tree.max_depth) for tree in trees), default=0)
    inner = 2**depth - 1
    features = np.zeros((len(trees), inner), np.intp)
    thresholds = np.full((len(trees), inner), _ALWAYS_LEFT, np.float32)
    leaves = np.zeros((len(trees), inner + 1))
    for index, tree in enumerate(trees):
        _fill(tree, features[index], thresholds[index], leaves[index])
    return Forest(depth, bias, features, thresholds, leaves * scale)


def _fill(tree: Any, features: Any, thresholds: Any, leaves: Any) -> None:
    """Lays one tree out as a heap; below a leaf that ends early every place goes left to it."""
    inner = len(features)
    waiting = [(0, 0)]
    while waiting:
        node, place = waiting.pop()
        is_leaf = tree.children_left[node] < 0
        if place >= inner:
            leaves[place - inner] = tree.value[node, 0, 0]
        elif is_leaf:
            waiting.append((node, 2 * place + 1))
        else:
            features[place] = tree.feature[node]
            thresholds[place] = _rounded_down(float(tree.threshold[node]))
            waiting.append((int(tree.children_left[node]), 2 * place + 1))
            waiting.append((int(tree.children_right[node]), 2 * place + 2))


def _rounded_down(threshold: float) -> Any:
    """The highest single-precision number that is not above: comparisons stay what they were."""
    import numpy as np

    single = np.float32(threshold)
    return single if float(single) <= threshold else np.nextafter(single, np.float32(-np.inf))
