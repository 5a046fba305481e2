"""What became of a search: counts, trials, scores."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hprun.model import FAILURES, Direction, Metric, Outcome
from hprun.store.connection import Connection
from hprun.store.conversion import RUN, to_trials, to_values
from hprun.store.rows import Attempt, EndedPart, ReadingRow, TrialPart, TrialRow

_TYPICAL = 50  # so many runs tell how long one takes


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
        """How long the last runs of a search that completed took on average; 0 if none has."""
        rows = self._all(
            "SELECT avg(seconds) FROM (SELECT seconds FROM run WHERE owner = ?"
            f" AND outcome = 'completed' ORDER BY started DESC LIMIT {_TYPICAL})",
            (search,),
        )
        return float(rows[0][0] or 0.0)

    def proposed(
        self, search: int, *, after: int
    ) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
        """The trials numbered above `after`: number, values, the strategy's note."""
        rows = self._all(
            'SELECT number, "values", note FROM trial WHERE search = ? AND number > ?'
            " ORDER BY number",
            (search, after),
        )
        return [(number, to_values(values), json.loads(note)) for number, values, note in rows]

    def origin(self, search: int, trial: int) -> tuple[dict[str, Any], bool]:
        """The strategy's note on a trial, and whether it was added by hand."""
        rows = self._all(
            "SELECT note, added FROM trial WHERE search = ? AND number = ?", (search, trial)
        )
        return json.loads(rows[0][0]), bool(rows[0][1])

    def progress(
        self, search: int, metric: Metric | None, run: int | None = None
    ) -> list[TrialPart]:
        """How each run of a search stands, by trial, fold and repeat.

        Where a run is given, those of its trials alone.
        """
        of_run = "" if run is None else (
            " AND part.trial IN (SELECT trial FROM part WHERE run = ? AND search = ?)"
        )  # fmt: skip
        rows = self._all(
            "SELECT part.trial, ifnull(run.outcome, run.state), reading.value,"
            " reading.value IS NULL AND reading.detail LIKE '%\"nan\"%',"
            " (SELECT max(ended) FROM attempt WHERE attempt.run = run.id)"
            " FROM part JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            f" WHERE part.search = ?{of_run} ORDER BY part.trial, part.fold, part.repeat",
            (str(metric) if metric else "", search, *(() if run is None else (run, search))),
        )
        return [
            TrialPart(trial, word, math.nan if nan else value, ended or 0.0)
            for trial, word, value, nan, ended in rows
        ]

    def runs_per_trial(self, search: int) -> int:
        """How many runs each trial of a search has."""
        rows = self._all(
            "SELECT count(*) FROM part WHERE search = ?"
            " AND trial = (SELECT min(number) FROM trial WHERE search = ?)",
            (search, search),
        )
        return int(rows[0][0])

    def trial_count(self, search: int) -> int:
        """How many trials a search has."""
        return int(self._all("SELECT count(*) FROM trial WHERE search = ?", (search,))[0][0])

    def added_count(self, search: int) -> int:
        """How many trials of a search were added by hand, on top of what was asked for."""
        return int(
            self._all("SELECT count(*) FROM trial WHERE search = ? AND added = 1", (search,))[0][0]
        )

    def next_trial(self, search: int) -> int:
        """The number of the next trial of a search."""
        rows = self._all(
            "SELECT ifnull(max(number), -1) + 1 FROM trial WHERE search = ?", (search,)
        )
        return int(rows[0][0])

    def trials(
        self, search: int, metric: Metric | None, only: Collection[int] | None = None
    ) -> list[TrialRow]:
        """The trials of a search (or those of them), with their runs and what `metric` was."""
        which = "" if only is None else " AND trial.number IN (SELECT value FROM json_each(?))"
        arguments: tuple[Any, ...] = (str(metric) if metric else "", search)
        rows = self._all(
            f'SELECT trial.number, trial."values", {RUN}, reading.kind, reading.value,'
            " reading.step, reading.series, reading.detail"
            " FROM trial JOIN part ON part.search = trial.search AND part.trial = trial.number"
            " JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            f" WHERE trial.search = ?{which}"
            " ORDER BY trial.number, part.fold, part.repeat",
            arguments if only is None else (*arguments, json.dumps(list(only))),
        )
        return list(to_trials(rows))

    def by_value(self, search: int, metric: Metric) -> Iterator[tuple[float, int]]:
        """The values of single runs with their trials, the best value first, read as they are asked for."""
        order = "ASC" if metric.direction is Direction.LOW else "DESC"
        with self._plainly():
            yield from self._db.execute(
                "SELECT reading.value, part.trial FROM reading"
                " CROSS JOIN part ON part.run = reading.run AND part.search = ?"
                " WHERE reading.metric = ? AND reading.value IS NOT NULL"
                f" ORDER BY reading.value {order}",
                (search, str(metric)),
            )

    def standings(self, search: int, metric: Metric) -> list[tuple[int, float | None, bool]]:
        """For each run in place whose metric was read: its trial, its value, and whether it counts.

        A value counts if its run completed or was stopped early. NaN is given as such.
        """
        return self._all(
            "SELECT part.trial, CASE WHEN reading.value IS NULL AND reading.detail LIKE '%\"nan\"%'"
            " THEN 'nan' ELSE reading.value END, run.outcome IN ('completed', 'stopped')"
            " FROM part JOIN run ON run.id = part.run"
            " JOIN reading ON reading.run = run.id AND reading.metric = ?"
            " WHERE part.search = ? ORDER BY part.trial",
            (str(metric), search),
        )

    def ended_parts(self, search: int, metric: Metric) -> Iterator[EndedPart]:
        """The runs of a search that completed or were stopped early, trial by trial."""
        rows = self._all(
            "SELECT run.id, part.trial, part.fold, part.repeat, run.outcome, reading.value,"
            " ifnull(reading.detail, '{}')"
            " FROM part JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            " WHERE part.search = ? AND run.outcome IN ('completed', 'stopped')"
            " ORDER BY part.trial, part.fold, part.repeat",
            (str(metric), search),
        )
        for run, trial, fold, repeat, outcome, value, text in rows:
            detail = json.loads(text)
            held = math.nan if detail.get("nan") else value
            yield EndedPart(run, trial, fold, repeat, Outcome(outcome), held, detail)

    def untracked(self, search: int, metric: Metric) -> list[tuple[int, str]]:
        """The runs of a search, and their folders, whose reading does not say how it came to be."""
        return self._all(
            "SELECT DISTINCT run.id, run.folder FROM part JOIN run ON run.id = part.run"
            " JOIN reading ON reading.run = run.id AND reading.metric = ?"
            " WHERE part.search = ? AND run.outcome IN ('completed', 'stopped')"
            " AND reading.kind = 'resolved' AND reading.detail NOT LIKE '%\"track\"%'",
            (str(metric), search),
        )

    def unread(self, search: int, metric: Metric) -> list[tuple[int, str]]:
        """The ended runs of a search, and their folders, in which `metric` was not read yet."""
        return self._all(
            "SELECT DISTINCT run.id, run.folder FROM part JOIN run ON run.id = part.run"
            " WHERE part.search = ? AND run.state = 'ended' AND run.outcome <> 'cancelled'"
            " AND NOT EXISTS"
            " (SELECT 1 FROM reading WHERE reading.run = run.id AND reading.metric = ?)",
            (search, str(metric)),
        )

    def begun_trials(self, search: int) -> list[int]:
        """The trials of which some runs have ended and others have not."""
        rows = self._all(
            "SELECT part.trial FROM part JOIN run ON run.id = part.run WHERE part.search = ?"
            " GROUP BY part.trial HAVING sum(run.state = 'ended') BETWEEN 1 AND count(*) - 1",
            (search,),
        )
        return [row[0] for row in rows]

    def failed_trials(self, search: int) -> list[int]:
        """The trials of a search with a run that failed, in order."""
        words = ", ".join(f"'{outcome.value}'" for outcome in FAILURES)
        rows = self._all(
            "SELECT DISTINCT part.trial FROM part JOIN run ON run.id = part.run"
            f" WHERE part.search = ? AND run.outcome IN ({words}) ORDER BY part.trial",
            (search,),
        )
        return [row[0] for row in rows]

    def first_trials(self, search: int, count: int) -> list[int]:
        """The numbers of the first trials of a search."""
        rows = self._all(
            "SELECT number FROM trial WHERE search = ? ORDER BY number LIMIT ?", (search, count)
        )
        return [row[0] for row in rows]

    def trial_times(self, search: int) -> dict[int, tuple[float, float | None]]:
        """When the first attempt of each trial that has begun started, and the last one ended."""
        rows = self._all(
            "SELECT part.trial, min(attempt.started), max(attempt.ended) FROM part"
            " JOIN attempt ON attempt.run = part.run WHERE part.search = ? GROUP BY part.trial",
            (search,),
        )
        return {trial: (started, ended) for trial, started, ended in rows}

    def ended_at(self, search: int) -> dict[int, float]:
        """When each run of a search that has ended did, as far as it was written down."""
        rows = self._all(
            "SELECT part.run, max(attempt.ended) FROM part"
            " JOIN run ON run.id = part.run AND run.state = 'ended'"
            " JOIN attempt ON attempt.run = part.run"
            " WHERE part.search = ? AND attempt.ended IS NOT NULL GROUP BY part.run",
            (search,),
        )
        return dict(rows)

    def attempts(self, run: int) -> list[Attempt]:
        """The processes that tried a run."""
        rows = self._all(
            "SELECT number, started, ended, ending, device FROM attempt WHERE run = ? ORDER BY number",
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
