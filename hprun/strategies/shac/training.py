"""One classifier of the cascade, trained by scikit-learn, and the checks that it must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hprun.dataclass import dataclass
from hprun.strategies.shac.cube import Singles
from hprun.strategies.shac.forest import Forest, from_trees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
else:
    Labels = Any


@dataclass(frozen=True, slots=True)
class Recipe:
    """How gradient boosting is set: trees, their depth, the step, the share of rows a tree sees.

    A leaf may hold a single result: there are ten results at the beginning, and a minimum of
    twenty a leaf would leave every tree without a cut.
    """

    trees: int = 100
    depth: int = 3
    rate: float = 0.1
    share: float = 1.0


def train(rows: Singles, good: Labels, recipe: Recipe, seed: int) -> Forest:
    """A forest that tells good rows from others; both kinds must be among them."""
    import numpy as np

    booster = _booster(recipe, seed).fit(rows, good)
    share = float(np.mean(good))
    trees = [row[0].tree_ for row in booster.estimators_]
    return from_trees(trees, bias=float(np.log(share / (1 - share))), scale=recipe.rate)


def accuracy(rows: Singles, good: Labels, recipe: Recipe, folds: int = 5) -> float:
    """The mean share of rows told rightly by classifiers that had not seen them.

    Each fold holds both kinds evenly; there are fewer folds where there are fewer of a kind, and
    where there is but one of a kind nothing can be told: 0.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped]

    folds = min(folds, int(good.sum()), int((~good).sum()))
    if folds < 2:
        return 0.0
    parts = StratifiedKFold(folds, shuffle=True, random_state=0).split(rows, good)
    shares = []
    for learn, judge in parts:
        forest = train(rows[learn], good[learn], recipe, seed=0)
        shares.append(np.mean((forest.scores(rows[judge]) > 0) == good[judge]))
    return float(np.mean(shares))


def _booster(recipe: Recipe, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]

    return GradientBoostingClassifier(
        n_estimators=recipe.trees,
        max_depth=recipe.depth,
        learning_rate=recipe.rate,
        subsample=recipe.share,
        min_samples_leaf=1,
        random_state=seed,
    )
