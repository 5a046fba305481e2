"""The trials of a search as flat rows: one column for each hyperparameter, and hprun's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.report.ranking_table import value_names
from hprun.report.results import Result

BEFORE = ("rank", "trial")
BEHIND = ("score", "std", "n", "state", "seconds", "started", "ended")

Times = Mapping[int, tuple[float, float | None]]
"""When the first run of a trial started and the last one ended, by the trial's number."""


@dataclass(frozen=True, slots=True)
class Row:
    """A trial: `values` by column, absent where the trial lacks the hyperparameter.

    `started` and `ended` are in UTC, and None where it has not come to that.
    """

    result: Result
    values: Mapping[str, Value]
    started: datetime | None
    ended: datetime | None

    def own(self) -> dict[str, Any]:
        """What stands beside the values, but for the times."""
        result = self.result
        return {
            "rank": result.rank,
            "trial": result.trial,
            "score": result.score,
            "std": result.std,
            "n": result.n,
            "state": result.state,
            "seconds": round(result.seconds, 3),
        }


def value_columns(results: Sequence[Result]) -> dict[str, str]:
    """The column of each hyperparameter; `hp.n` where hprun has a column of that name itself."""
    taken = {*BEFORE, *BEHIND}
    return {name: f"hp.{name}" if name in taken else name for name in value_names(results)}


def rows(results: Sequence[Result], times: Times) -> list[Row]:
    """A row for each trial, in the order given."""
    columns = value_columns(results)
    return [_row(result, columns, *times.get(result.trial, (None, None))) for result in results]


def _row(
    result: Result, columns: Mapping[str, str], started: float | None, ended: float | None
) -> Row:
    over = result.state not in ("queued", "running")
    return Row(
        result,
        {columns[name]: value for name, value in result.values.items()},
        _utc(started),
        _utc(ended) if over else None,
    )


def _utc(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, timezone.utc)
