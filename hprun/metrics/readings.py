"""What reading a metric from a run can come to."""

from __future__ import annotations

from hprun.dataclass import dataclass
from hprun.metrics.compact import Points
from hprun.model import Curve


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several series that a name may mean; `series` is what to write to mean just it."""

    series: str
    n: int
    last_step: int | None
    last_value: float | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The name means one series.

    `series` is `run//tag` (or a text file and a key), `rule` how it was found. `points` is the
    series, `value` and `step` are the score and where it was reached; None while the series has no
    point. `notes` are sentences on what to know of the curve.
    """

    series: str
    rule: str
    points: Points
    value: float | None
    step: int | None
    notes: tuple[str, ...] = ()

    @property
    def curve(self) -> Curve:
        """The series, made when it is asked for: `points.last()` costs nothing."""
        return self.points.curve()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The name may mean several series; none is chosen."""

    candidates: tuple[Candidate, ...]
    rule: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """The name means nothing here.

    `tags` are all names that were found, as they can be written in `--metric`; `near` those that
    look like the one asked for, best first.
    """

    tags: tuple[str, ...]
    near: tuple[str, ...]
    notes: tuple[str, ...] = ()


Reading = Resolved | Ambiguous | Missing
