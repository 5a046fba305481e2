"""What became of a search: counts, trials, scores."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hprun.model import Direction, Metric
from hprun.store.connection import Connection
from hprun.store.conversion import RUN, to_trials, to_values
from hprun.store.rows import Attempt, Best, ReadingRow, TrialRow


class Results(Connection):
    """Questions that any command may ask, and the readings that answer them."""

    def counts(self, search: int) -> dict[str, int]:
        """How many runs of a search are queued, running, or ended with each outcome."""
        rows = self._all(
            "SELECT ifnull(run.outcome, run.state), count(*) FROM part"
            " JOIN run ON run.id = part.run WHERE part.search = ? GROUP BY 1",
            (search,),
        )
        return {str(word): int(count) for word, count in rows}

    def typical_seconds(self, search: int) -> float:
        """How long the runs of a search that completed took on average; 0 if none has."""
        rows = self._all(
            "SELECT avg(run.seconds) FROM run WHERE run.owner = ? AND run.outcome = 'completed'",
            (search,),
        )
        return float(rows[0][0] or 0.0)

    def trial_count(self, search: int) -> int:
        """How many trials a search has."""
        return int(self._all("SELECT count(*) FROM trial WHERE search = ?", (search,))[0][0])

    def trials(self, search: int, metric: Metric | None, only: int | None = None) -> list[TrialRow]:
        """The trials of a search (or one of them), with their runs and what `metric` was there."""
        which = "" if only is None else " AND trial.number = ?"
        arguments: tuple[Any, ...] = (str(metric) if metric else "", search)
        rows = self._all(
            f'SELECT trial.number, trial."values", {RUN}, reading.kind, reading.value,'
            " reading.step, reading.series, reading.detail"
            " FROM trial JOIN part ON part.search = trial.search AND part.trial = trial.number"
            " JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            f" WHERE trial.search = ?{which}"
            " ORDER BY trial.number, part.fold, part.repeat",
            arguments if only is None else (*arguments, only),
        )
        return list(to_trials(rows))

    def best(self, search: int, metric: Metric) -> Best | None:
        """The best trial of those whose runs have all ended well, without reading all of them."""
        order = "ASC" if metric.direction is Direction.LOW else "DESC"
        rows = self._all(
            'SELECT scored.trial, scored.mean, trial."values" FROM ('
            " SELECT part.trial, avg(reading.value) AS mean FROM part"
            " JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            " WHERE part.search = ? GROUP BY part.trial"
            " HAVING count(reading.value) = count(*)"
            " AND min(run.outcome IN ('completed', 'stopped'))"
            " AND abs(mean) < 1e308"
            f" ORDER BY mean {order}, part.trial LIMIT 1) AS scored"
            " JOIN trial ON trial.search = ? AND trial.number = scored.trial",
            (str(metric), search, search),
        )
        return Best(rows[0][0], rows[0][1], to_values(rows[0][2])) if rows else None

    def attempts(self, run: int) -> list[Attempt]:
        """The processes that tried a run."""
        rows = self._all(
            "SELECT number, started, ended, ending FROM attempt WHERE run = ? ORDER BY number",
            (run,),
        )
        return [Attempt(*row) for row in rows]

    def put_readings(self, readings: Mapping[int, ReadingRow], metric: Metric) -> None:
        """Keep what a metric was in ended runs."""
        with self.transaction():
            for run, reading in readings.items():
                self._put_reading(run, str(metric), reading)

    def _put_reading(self, run: int, metric: str, reading: ReadingRow) -> None:
        value = reading.value
        detail = dict(reading.detail or {})
        if value is not None and math.isnan(value):  # SQLite has no NaN: it would be NULL
            value, detail["nan"] = None, True
        self._db.execute(
            "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run, metric, reading.kind, value, reading.step, reading.series, json.dumps(detail)),
        )
