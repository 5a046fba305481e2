"""The spaces of the test functions: as hprun's own specs, and as a unit cube to search at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Axis(Protocol):
    """One parameter: its name, its spec for `--hp`, and how a quantile becomes a value."""

    name: str

    @property
    def spec(self) -> str: ...

    @property
    def options(self) -> int: ...

    def value(self, unit: float) -> Any: ...

    def unit(self, value: Any) -> float: ...


@dataclass(frozen=True)
class Real:
    """A float from low to high, evenly or by its logarithm."""

    name: str
    low: float
    high: float
    log: bool = False
    options = 0

    @property
    def spec(self) -> str:
        return f"{self.low}:{'l' if self.log else 'u'}:{self.high}"

    def value(self, unit: float) -> float:
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        inner = low + unit * (high - low)
        return min(max(math.exp(inner), self.low), self.high) if self.log else inner

    def unit(self, value: float) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Whole:
    """An int from low to high, both included, evenly or by its logarithm."""

    name: str
    low: int
    high: int
    log: bool = False
    options = 0

    @property
    def spec(self) -> str:
        if self.log:
            return f"qloguniform({self.low},{self.high},1)"
        return f"randint({self.low},{self.high + 1})"

    def _wide(self) -> Real:
        return Real(self.name, self.low - 0.5, self.high + 0.5, self.log)

    def value(self, unit: float) -> int:
        return min(max(round(self._wide().value(unit)), self.low), self.high)

    def unit(self, value: int) -> float:
        wide = self._wide()
        return (wide.unit(value - 0.5) + wide.unit(value + 0.5)) / 2


@dataclass(frozen=True)
class OneOf:
    """One of several words or numbers, without order."""

    name: str
    words: tuple[Any, ...]

    @property
    def spec(self) -> str:
        return f"choice({','.join(map(str, self.words))})"

    @property
    def options(self) -> int:
        return len(self.words)

    def value(self, unit: float) -> Any:
        return self.words[min(int(unit * len(self.words)), len(self.words) - 1)]

    def unit(self, value: Any) -> float:
        return (self.words.index(value) + 0.5) / len(self.words)


@dataclass(frozen=True)
class Row:
    """One of several numbers, in their order and as far apart as they stand in it."""

    name: str
    numbers: tuple[float, ...]
    options = 0

    @property
    def spec(self) -> str:
        return ",".join(map(str, self.numbers))

    def value(self, unit: float) -> float:
        return self.numbers[min(int(unit * len(self.numbers)), len(self.numbers) - 1)]

    def unit(self, value: float) -> float:
        return (self.numbers.index(value) + 0.5) / len(self.numbers)


@dataclass(frozen=True)
class Box:
    """Axes side by side; `only_if` names the axes that exist under one value of another only."""

    axes: tuple[Axis, ...]
    only_if: Mapping[str, tuple[str, Any]]

    @property
    def specs(self) -> list[str]:
        """The space as `--hp` takes it."""
        conditions = {
            name: f' if {other} == "{value}"' for name, (other, value) in self.only_if.items()
        }
        return [f"{axis.name}={axis.spec}{conditions.get(axis.name, '')}" for axis in self.axes]

    @property
    def options(self) -> list[int]:
        return [axis.options for axis in self.axes]

    def values(self, point: Sequence[float]) -> dict[str, Any]:
        return self.of_active(
            {axis.name: axis.value(unit) for axis, unit in zip(self.axes, point, strict=True)}
        )

    def of_active(self, everything: Mapping[str, Any]) -> dict[str, Any]:
        """The same without the parameters that do not exist there."""
        return {name: v for name, v in everything.items() if self._active(name, everything)}

    def _active(self, name: str, values: Mapping[str, Any]) -> bool:
        other, value = self.only_if.get(name, (name, values[name]))
        return bool(values[other] == value)

    def point(self, values: Mapping[str, Any]) -> list[float]:
        return [axis.unit(values[axis.name]) if axis.name in values else 0.5 for axis in self.axes]

    def features(self, units: Any) -> Any:
        import numpy as np

        columns = [
            np.minimum((units[:, at] * axis.options).astype(int), axis.options - 1)
            if axis.options
            else units[:, at]
            for at, axis in enumerate(self.axes)
        ]
        features = np.column_stack(columns).astype(float)
        places = {axis.name: at for at, axis in enumerate(self.axes)}
        for name, (other, value) in self.only_if.items():
            index = self.axes[places[other]].words.index(value)
            features[features[:, places[other]] != index, places[name]] = np.nan
        return features
