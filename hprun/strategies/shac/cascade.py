"""The cascade: a region of the space, as classifiers of which each cuts the last one's region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError
from hprun.strategies.shac.cube import Cube, Floats, Singles, matrix
from hprun.strategies.shac.forest import Forest

_SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Level:
    """One classifier: a row passes where its score is above `cut`; without a forest, always.

    There is no forest where the results gave nothing to learn from: all alike, say.
    """

    forest: Forest | None = None
    cut: float = 0.0

    def passes(self, rows: Singles) -> Any:
        """Which rows are good, as an array of booleans."""
        import numpy as np

        if self.forest is None:
            return np.ones(len(rows), bool)
        return self.forest.scores(rows) > self.cut


@dataclass(frozen=True, eq=False)
class Cascade:
    """The levels passed so far, over the columns that `one_hot` makes of a space."""

    levels: tuple[Level, ...] = ()
    one_hot: bool = True

    def __len__(self) -> int:
        return len(self.levels)

    def rows(self, cube: Cube, units: Floats) -> Singles:
        """What this cascade's classifiers are shown of these points."""
        return matrix(cube, units, one_hot=self.one_hot)

    def failures(self, cube: Cube, units: Floats, allowed: int | None = None) -> Any:
        """How many levels reject each point; counting stops above `allowed`.

        The last level is asked first: it is the one that most points fail.
        """
        import numpy as np

        rows = self.rows(cube, units)
        failed = np.zeros(len(units), np.intp)
        left = np.arange(len(units))
        for level in reversed(self.levels):
            failed[left] += ~level.passes(rows[left])
            if allowed is not None:
                left = left[failed[left] <= allowed]
            if not len(left):
                break
        return failed

    def passes(self, cube: Cube, units: Floats) -> Any:
        """Which points every level takes for good, as an array of booleans."""
        return self.failures(cube, units, allowed=0) == 0

    def first(self, count: int | None) -> Cascade:
        """The cascade's first levels; all of them for None.

        Raises ConfigError for more levels than there are.
        """
        if count is None:
            return self
        if not 0 <= count <= len(self.levels):
            raise ConfigError(
                f"{count} classifiers are asked for, and the cascade has {len(self.levels)}",
                hint="ask for fewer, or let the search run on",
            )
        return Cascade(self.levels[:count], self.one_hot)

    def then(self, level: Level) -> Cascade:
        """The cascade with one level more."""
        return Cascade((*self.levels, level), self.one_hot)

    def as_data(self, cube: Cube) -> dict[str, Any]:
        """JSON that `cascade_from_data` reads back, for the same space only."""
        levels = [
            {"cut": level.cut, "forest": level.forest.as_data() if level.forest else None}
            for level in self.levels
        ]
        return {
            "schema": _SCHEMA,
            "options": list(cube.options),
            "one_hot": self.one_hot,
            "levels": levels,
        }


def cascade_from_data(data: Mapping[str, Any], cube: Cube) -> Cascade:
    """The cascade that `Cascade.as_data` wrote.

    Raises ConfigError where it is of another space, of a newer hprun, or damaged.
    """
    if not isinstance(data, Mapping) or data.get("schema") != _SCHEMA:
        raise ConfigError(
            "this is no cascade of classifiers that this hprun can read",
            hint="export it again with the same hprun",
        )
    if data.get("options") != list(cube.options):
        raise ConfigError(
            "the exported cascade belongs to another space",
            hint="use it with the --hp options that it was exported under",
        )
    one_hot, levels = data.get("one_hot"), data.get("levels")
    if not isinstance(one_hot, bool) or not isinstance(levels, Sequence):
        raise ConfigError("the exported cascade is damaged", hint="export it again")
    width = sum(count if one_hot and count > 2 else 1 for count in cube.options)
    return Cascade(tuple(_level_from_data(level, width) for level in levels), one_hot)


def _level_from_data(data: Any, width: int) -> Level:
    try:
        forest, cut = data["forest"], float(data["cut"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("the exported cascade is damaged", hint="export it again") from error
    return Level(None if forest is None else Forest.from_data(forest, width), cut)
