"""The two evolution strategies of the cmaes package, over the unit cube of a space.

CMA-ES where all dimensions are smooth or finely cut; CatCMA with margin (arXiv 2504.07884) where
some have few values or no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Protocol

from hprun.dataclass import dataclass
from hprun.strategies.dimensions import Dimension, Scale

_FINE = 1000
"""Ordered dimensions with more values than this are taken for smooth."""

_SIGMA = 1 / 6


@dataclass(frozen=True, slots=True)
class Sample:
    """One member of a population: raw coordinates, and for unordered dimensions the options."""

    x: tuple[float, ...]
    options: tuple[int, ...] = field(default=())


class Population(Protocol):
    """A distribution that samples are drawn from, and that moves when it is told their scores."""

    @property
    def size(self) -> int:
        """How many scored samples make a generation."""
        ...

    def ask(self, seed: int) -> tuple[Sample, list[float]]:
        """A sample, and the unit coordinates that it stands for; the same for the same seed."""
        ...

    def tell(self, scored: Sequence[tuple[Sample, float]]) -> None:
        """Move, by `size` samples with finite scores, low ones better."""
        ...

    def stuck(self) -> bool:
        """Whether it has converged, or lost its way."""
        ...


def population(
    dimensions: Sequence[Dimension], start: Sequence[float], size: int | None
) -> Population:
    """The one that suits the dimensions, around a point of the unit cube."""
    plain = all(map(_is_smooth, dimensions))
    return Smooth(start, size) if plain else Mixed(dimensions, start, size)


def _is_smooth(dimension: Dimension) -> bool:
    return dimension.count is None or (dimension.scale is Scale.ORDERED and dimension.count > _FINE)


def _is_optional(dimension: Dimension) -> bool:
    return dimension.scale is Scale.UNORDERED or dimension.count == 2


class Smooth:
    """CMA-ES within the unit cube."""

    def __init__(self, start: Sequence[float], size: int | None) -> None:
        import numpy as np
        from cmaes import CMA  # type: ignore[import-untyped]

        bounds = np.tile([0.0, 1.0], (len(start), 1))
        self._inner = CMA(
            np.array(start, float),
            _SIGMA,
            bounds,
            n_max_resampling=10 * len(start),
            population_size=size,
        )

    @property
    def size(self) -> int:
        """Of a generation."""
        return int(self._inner.population_size)

    def ask(self, seed: int) -> tuple[Sample, list[float]]:
        """A sample within the cube."""
        self._inner.reseed_rng(seed)
        x = [float(value) for value in self._inner.ask()]
        return Sample(tuple(x)), x

    def tell(self, scored: Sequence[tuple[Sample, float]]) -> None:
        """Move."""
        import numpy as np

        self._inner.tell([(np.array(sample.x), score) for sample, score in scored])

    def stuck(self) -> bool:
        """Whether to begin elsewhere."""
        return bool(self._inner.should_stop())


class Mixed:
    """CatCMA with margin: smooth, ordered and unordered dimensions together."""

    def __init__(
        self, dimensions: Sequence[Dimension], start: Sequence[float], size: int | None
    ) -> None:
        import numpy as np
        from cmaes import CatCMAwM

        numbered = list(enumerate(dimensions))
        self._options = [number for number, one in numbered if _is_optional(one)]
        self._smooth = [number for number, one in numbered if _is_smooth(one)]
        apart = {*self._options, *self._smooth}
        self._rungs = [number for number, _ in numbered if number not in apart]
        self._dimensions = dimensions
        self._solution: Any = CatCMAwM.Solution
        counts = {number: one.count or 0 for number, one in numbered}
        self._most_options = max((counts[number] for number in self._options), default=0)
        gaussian = [*self._smooth, *self._rungs]
        self._inner = CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._smooth) or None,
            z_space=[_middles(dimensions[number]) for number in self._rungs] or None,
            c_space=[counts[number] for number in self._options] or None,
            population_size=size,
            mean=np.array([start[number] for number in gaussian], float),
            sigma=1.0,
            cov=np.diag(np.full(len(gaussian), _SIGMA**2)),
        )

    @property
    def size(self) -> int:
        """Of a generation."""
        return int(self._inner.population_size)

    def ask(self, seed: int) -> tuple[Sample, list[float]]:
        """A sample, whose coordinates are moved into the cube and onto the rungs."""
        self._inner.reseed_rng(seed)
        found = self._inner.ask()
        units = [0.5] * len(self._dimensions)
        for numbers, values in ((self._smooth, found.x), (self._rungs, found.z)):
            for number, value in zip(numbers, () if values is None else values, strict=True):
                units[number] = float(value)
        options = () if found.c is None else tuple(int(row.argmax()) for row in found.c)
        for number, option in zip(self._options, options, strict=True):
            units[number] = self._dimensions[number].middle(option)
        raw = () if found._v_raw is None else tuple(map(float, found._v_raw))  # noqa: SLF001
        return Sample(raw, options), units

    def tell(self, scored: Sequence[tuple[Sample, float]]) -> None:
        """Move."""
        import warnings

        with warnings.catch_warnings():
            # Where all scores are the same, the package takes the median of nothing, and says so.
            warnings.simplefilter("ignore", RuntimeWarning)
            self._inner.tell([(self._again(sample), score) for sample, score in scored])

    def _again(self, sample: Sample) -> Any:
        """The package's own form of a sample that comes from the history."""
        import numpy as np

        chosen = np.zeros((len(self._options), self._most_options), bool)
        chosen[range(len(sample.options)), list(sample.options)] = True
        return self._solution(
            c=chosen if sample.options else None, _v_raw=np.array(sample.x) if sample.x else None
        )

    def stuck(self) -> bool:
        """Whether to begin elsewhere; options alone never are."""
        return bool(self._smooth or self._rungs) and bool(self._inner.should_stop())


def _middles(dimension: Dimension) -> list[float]:
    return [dimension.middle(index) for index in range(dimension.count or 0)]
