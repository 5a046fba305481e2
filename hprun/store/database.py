"""One method for each question to the database, and one for each thing that happens."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from hprun.errors import CacheError
from hprun.model import Direction, Ended, Metric, Outcome, Queued, Reduce, Run, Running, State
from hprun.store.rows import (
    Attempt,
    Best,
    Close,
    Linked,
    Part,
    PlannedRun,
    PlannedTrial,
    ReadingRow,
    Request,
    SearchRow,
    TrialRow,
)

SCHEMA_VERSION = 1
_RUN = (
    "run.id, run.identity, run.folder, part.fold, part.repeat, run.state, run.outcome, "
    "run.attempts, run.started, run.seconds, run.detail"
)


class Store:
    """An open database. One coordinator per search writes runs; other commands read and ask.

    Raises CacheError where the file cannot be opened, read or written. Times come from the
    caller, in seconds since the epoch.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        if not create and not path.exists():
            raise CacheError(
                f"There is no search in {path.parent} yet.",
                hint="Start one with `hprun --hp NAME=VALUES SCRIPT`, or name its cache with --cache.",
            )
        with self._plainly():
            # Autocommit, so that each transaction is one that was begun here.
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA foreign_keys = ON")
            if create:
                self._db.execute("PRAGMA journal_mode = WAL")
            # FULL: what was written down is there after a loss of power.
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            script = resources.files("hprun.store").joinpath("schema.sql").read_text("utf-8")
            try:
                self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
            except sqlite3.OperationalError:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                # Another hprun may have made it at the same moment.
                if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    raise
        elif version > SCHEMA_VERSION:
            raise CacheError(
                f"{self._path} was written by a newer hprun (schema {version}).",
                hint="Update hprun, or use another cache with --cache.",
            )

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn what SQLite says into what a user can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise _plain(error, self._path) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written down, or nothing is."""
        with self._plainly():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def check(self) -> str:
        """Let SQLite look for damage; `ok`, or what it found."""
        return str(self._all("PRAGMA quick_check(1)")[0][0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # Searches

    def searches(self) -> list[SearchRow]:
        """All searches, the one last used first."""
        return [_search(row) for row in self._all(f"{_SEARCH} ORDER BY touched DESC, id DESC")]

    def search_by_key(self, key: str) -> SearchRow | None:
        """The search that asks this question."""
        rows = self._all(f"{_SEARCH} WHERE key = ?", (key,))
        return _search(rows[0]) if rows else None

    def put_search(self, key: str, stem: str, request: Mapping[str, Any], now: float) -> SearchRow:
        """The search that asks this question, made if need be, with this request."""
        with self.transaction():
            found = self.search_by_key(key)
            if found is None:
                next_id = self._db.execute("SELECT ifnull(max(id), 0) + 1 FROM search").fetchone()[
                    0
                ]
                self._db.execute(
                    "INSERT INTO search (id, name, key, request, created, touched, state)"
                    " VALUES (?, ?, ?, ?, ?, ?, 'stopped')",
                    (next_id, f"{stem}-{next_id}", key, json.dumps(request), now, now),
                )
            else:
                self._db.execute(
                    "UPDATE search SET request = ?, touched = ? WHERE id = ?",
                    (json.dumps(request), now, found.id),
                )
            row = self.search_by_key(key)
        assert row is not None
        return row

    def set_metric(self, search: int, metric: Metric | None) -> None:
        """Rank this search by this metric from now on."""
        with self.transaction():
            self._db.execute(
                "UPDATE search SET metric = ? WHERE id = ?",
                (_metric_json(metric), search),
            )

    def set_search_state(self, search: int, state: str, now: float) -> None:
        """Say that a search is running, stopped or complete."""
        with self.transaction():
            self._db.execute(
                "UPDATE search SET state = ?, touched = ? WHERE id = ?", (state, now, search)
            )

    def delete_search(self, search: int) -> list[str]:
        """Forget a search; returns the folders of the runs that no search asks for any more."""
        with self.transaction():
            for table in ("part", "trial", "request"):
                self._db.execute(f"DELETE FROM {table} WHERE search = ?", (search,))
            self._db.execute("DELETE FROM search WHERE id = ?", (search,))
            gone = self._db.execute(
                "SELECT id, folder FROM run WHERE state <> 'running'"
                " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
            ).fetchall()
            self._forget_runs([run for run, _ in gone])
        return [folder for _, folder in gone]

    def unused_runs(self) -> list[str]:
        """The folders of ended runs that no search asks for, because the script changed."""
        return [
            row[0]
            for row in self._all(
                "SELECT folder FROM run WHERE state = 'ended'"
                " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
            )
        ]

    def _forget_runs(self, runs: Sequence[int]) -> None:
        for table, column in (("reading", "run"), ("attempt", "run"), ("run", "id")):
            self._db.executemany(
                f"DELETE FROM {table} WHERE {column} = ?",
                [(run,) for run in runs],
            )

    # Plans

    def link(
        self,
        search: int,
        trials: Iterable[PlannedTrial],
        runs: Iterable[PlannedRun],
        digests: Mapping[str, str],
    ) -> Linked:
        """Write down what a search asks for: each run once, whoever asked for it before.

        A run that had completed stays so. One that failed stays so if this search has it
        already, and is queued again if the search is new to it.
        """
        with self.transaction():
            db = self._db
            db.execute("DROP TABLE IF EXISTS temp.plan")
            db.execute(
                "CREATE TEMP TABLE plan (trial INTEGER, fold INTEGER, repeat INTEGER,"
                " identity TEXT, folder TEXT)"
            )
            db.executemany(
                "INSERT INTO plan VALUES (?, ?, ?, ?, ?)",
                ((r.trial, r.fold, r.repeat, r.identity, r.folder) for r in runs),
            )
            db.executemany(
                'INSERT INTO trial (search, number, "values") VALUES (?, ?, ?)'
                " ON CONFLICT DO NOTHING",
                ((search, t.number, json.dumps(dict(t.values))) for t in trials),
            )
            linked = self._compare(search)
            db.execute(
                "UPDATE run SET state = 'queued', outcome = NULL, lost = 0, detail = ''"
                " WHERE state = 'ended' AND outcome NOT IN ('completed', 'stopped')"
                " AND identity IN (SELECT identity FROM plan) AND NOT EXISTS"
                " (SELECT 1 FROM part WHERE part.run = run.id AND part.search = ?)",
                (search,),
            )
            db.execute(
                "INSERT INTO run (identity, folder) SELECT identity, folder FROM plan"
                " WHERE true ORDER BY trial, fold, repeat ON CONFLICT DO NOTHING"
            )
            db.execute(
                "INSERT OR REPLACE INTO part SELECT ?, plan.trial, plan.fold, plan.repeat, run.id"
                " FROM plan JOIN run USING (identity)",
                (search,),
            )
            db.execute("UPDATE search SET digests = ? WHERE id = ?", (json.dumps(digests), search))
            if linked.changed:
                self._forget_runs(
                    [
                        row[0]
                        for row in db.execute(
                            "SELECT id FROM run WHERE state = 'queued'"
                            " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
                        )
                    ]
                )
            db.execute("DROP TABLE plan")
        return linked

    def _compare(self, search: int) -> Linked:
        row = self._db.execute(
            "SELECT count(*), ifnull(sum(run.outcome IS 'completed'), 0),"
            " ifnull(sum(old.identity IS NOT NULL AND old.identity <> plan.identity), 0),"
            " ifnull(sum(old.identity = plan.identity AND run.state = 'ended'"
            "            AND run.outcome <> 'completed'), 0)"
            " FROM plan LEFT JOIN run ON run.identity = plan.identity"
            " LEFT JOIN part ON part.search = ? AND part.trial = plan.trial"
            "      AND part.fold = plan.fold AND part.repeat = plan.repeat"
            " LEFT JOIN run AS old ON old.id = part.run",
            (search,),
        ).fetchone()
        return Linked(*row)

    # The queue

    def queued(self, search: int, limit: int) -> list[Run]:
        """The next runs of a search that wait, in order."""
        return [
            _run(row)
            for row in self._all(
                f"SELECT {_RUN} FROM run JOIN part ON part.run = run.id AND part.search = ?"
                " WHERE run.state = 'queued' GROUP BY run.id ORDER BY run.id LIMIT ?",
                (search, limit),
            )
        ]

    def running(self, search: int) -> list[Run]:
        """The runs of a search that some attempt has claimed."""
        return [
            _run(row)
            for row in self._all(
                f"SELECT {_RUN} FROM run JOIN part ON part.run = run.id AND part.search = ?"
                " WHERE run.state = 'running' GROUP BY run.id ORDER BY run.id",
                (search,),
            )
        ]

    def strays(self) -> list[Run]:
        """Runs that are claimed though no search asks for them any more: the script changed."""
        return [
            _run(row)
            for row in self._all(
                "SELECT run.id, run.identity, run.folder, 0, 0, run.state, run.outcome,"
                " run.attempts, run.started, run.seconds, run.detail FROM run"
                " WHERE run.state = 'running'"
                " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
            )
        ]

    def lost(self, run: int) -> int:
        """How many attempts in a row have vanished."""
        return int(self._all("SELECT lost FROM run WHERE id = ?", (run,))[0][0])

    def place(self, search: int, run: int) -> tuple[int, int, int]:
        """Trial, fold and repeat that a run stands for in a search (the first, if several)."""
        row = self._all(
            "SELECT trial, fold, repeat FROM part WHERE run = ? AND search = ?"
            " ORDER BY trial, fold, repeat LIMIT 1",
            (run, search),
        )[0]
        return row[0], row[1], row[2]

    def claim(self, run: int, now: float) -> int | None:
        """Write down that an attempt begins; its number, or None if another was quicker.

        Only inside a transaction, and before the attempt is started.
        """
        rows = self._db.execute(
            "UPDATE run SET state = 'running', attempts = attempts + 1, started = ?, seconds = NULL"
            " WHERE id = ? AND state = 'queued' RETURNING attempts",
            (now, run),
        ).fetchall()
        if not rows:
            return None
        number = int(rows[0][0])
        self._db.execute(
            "INSERT OR REPLACE INTO attempt (run, number, started) VALUES (?, ?, ?)",
            (run, number, now),
        )
        return number

    def requeue(self, run: int, attempt: int, why: str, now: float, *, lost: bool) -> bool:
        """Put a run back whose attempt was lost or preempted; False if it is not running.

        Only inside a transaction.
        """
        changed = self._db.execute(
            "UPDATE run SET state = 'queued', lost = CASE WHEN ? THEN lost + 1 ELSE 0 END"
            " WHERE id = ? AND state = 'running' AND attempts = ?",
            (lost, run, attempt),
        ).rowcount
        if changed:
            self._end_attempt(run, attempt, why, now)
        return bool(changed)

    def end(self, close: Close, metric: Metric | None, now: float) -> bool:
        """Write down how a run ended; False if it is not running. Only inside a transaction."""
        changed = self._db.execute(
            "UPDATE run SET state = 'ended', outcome = ?, seconds = ?, detail = ?, lost = 0"
            " WHERE id = ? AND state = 'running' AND attempts = ?",
            (close.outcome.value, close.seconds, close.detail, close.run, close.attempt),
        ).rowcount
        if not changed:
            return False
        self._end_attempt(close.run, close.attempt, close.detail or close.outcome.value, now)
        if close.reading is not None and metric is not None:
            self._put_reading(close.run, str(metric), close.reading)
        return True

    def cancel_queued(self, search: int, trial: int) -> None:
        """End the runs of a trial that wait, as cancelled. Only inside a transaction."""
        self._db.execute(
            "UPDATE run SET state = 'ended', outcome = 'cancelled', detail = 'stopped on request'"
            " WHERE state = 'queued' AND id IN"
            " (SELECT run FROM part WHERE search = ? AND trial = ?)",
            (search, trial),
        )

    def retry(self, search: int, trial: int | None) -> int:
        """Queue the runs again that ended without completing; how many those were."""
        only = "" if trial is None else " AND trial = ?"
        arguments = (search,) if trial is None else (search, trial)
        with self.transaction():
            return self._db.execute(
                "UPDATE run SET state = 'queued', outcome = NULL, lost = 0, detail = ''"
                " WHERE state = 'ended' AND outcome <> 'completed'"
                f" AND id IN (SELECT run FROM part WHERE search = ?{only})",
                arguments,
            ).rowcount

    def _end_attempt(self, run: int, attempt: int, ending: str, now: float) -> None:
        self._db.execute(
            "UPDATE attempt SET ended = ?, ending = ? WHERE run = ? AND number = ?",
            (now, ending, run, attempt),
        )

    # Requests

    def ask_to_stop(self, search: int, trial: int | None, now: float) -> None:
        """Leave a request for the coordinator."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO request (search, trial, made) VALUES (?, ?, ?)", (search, trial, now)
            )

    def requests(self, search: int) -> list[Request]:
        """What is asked of the coordinator of a search."""
        rows = self._all("SELECT id, trial FROM request WHERE search = ? ORDER BY id", (search,))
        return [Request(*row) for row in rows]

    def forget_requests(self, search: int) -> None:
        """Drop what was asked: it is done, or a new coordinator was asked to go on."""
        with self.transaction():
            self._db.execute("DELETE FROM request WHERE search = ?", (search,))

    def data_version(self) -> int:
        """A number that changes when another process has written."""
        with self._plainly():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # Results

    def counts(self, search: int) -> dict[str, int]:
        """How many runs of a search are queued, running, or ended with each outcome."""
        rows = self._all(
            "SELECT ifnull(run.outcome, run.state), count(*) FROM part"
            " JOIN run ON run.id = part.run WHERE part.search = ? GROUP BY 1",
            (search,),
        )
        return {str(word): int(count) for word, count in rows}

    def trial_count(self, search: int) -> int:
        """How many trials a search has."""
        return int(self._all("SELECT count(*) FROM trial WHERE search = ?", (search,))[0][0])

    def trials(self, search: int, metric: Metric | None, only: int | None = None) -> list[TrialRow]:
        """The trials of a search (or one of them), with their runs and what `metric` was there."""
        which = "" if only is None else " AND trial.number = ?"
        arguments: tuple[Any, ...] = (str(metric) if metric else "", search)
        rows = self._all(
            f'SELECT trial.number, trial."values", {_RUN}, reading.kind, reading.value,'
            " reading.step, reading.series, reading.detail"
            " FROM trial JOIN part ON part.search = trial.search AND part.trial = trial.number"
            " JOIN run ON run.id = part.run"
            " LEFT JOIN reading ON reading.run = run.id AND reading.metric = ?"
            f" WHERE trial.search = ?{which}"
            " ORDER BY trial.number, part.fold, part.repeat",
            arguments if only is None else (*arguments, only),
        )
        return list(_trials(rows))

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
        return Best(rows[0][0], rows[0][1], _values(rows[0][2])) if rows else None

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

    def _all(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        with self._plainly():
            return self._db.execute(sql, arguments).fetchall()


_SEARCH = "SELECT id, name, request, metric, digests, created, touched, state FROM search"


def _search(row: Sequence[Any]) -> SearchRow:
    return SearchRow(
        row[0], row[1], json.loads(row[2]), _metric(row[3]), json.loads(row[4]), *row[5:]
    )


def _metric_json(metric: Metric | None) -> str | None:
    if metric is None:
        return None
    return json.dumps([metric.name, metric.reduce.value, metric.direction.value])


def _metric(text: str | None) -> Metric | None:
    if text is None:
        return None
    name, reduce, direction = json.loads(text)
    return Metric(name, Reduce(reduce), Direction(direction))


def _run(row: Sequence[Any]) -> Run:
    run, identity, folder, fold, repeat, *state = row
    return Run(run, identity, folder, fold, repeat, _state(*state))


def _state(
    state: str,
    outcome: str | None,
    attempts: int,
    started: float | None,
    seconds: float | None,
    detail: str,
) -> State:
    if state == "queued":
        return Queued(attempts)
    if state == "running":
        return Running(attempts, started or 0.0)
    return Ended(Outcome(outcome), attempts, seconds or 0.0, detail)


def _trials(rows: Iterable[Sequence[Any]]) -> Iterator[TrialRow]:
    number, values = -1, ""
    parts: list[Part] = []
    for row in rows:
        if row[0] != number and parts:
            yield TrialRow(number, _values(values), tuple(parts))
            parts = []
        number, values = row[0], row[1]
        parts.append(Part(number, _run(row[2:13]), _reading(row[13:])))
    if parts:
        yield TrialRow(number, _values(values), tuple(parts))


def _values(text: str) -> dict[str, Any]:
    """Arrays come back as tuples, which JSON does not know."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(text).items()
    }


def _reading(row: Sequence[Any]) -> ReadingRow | None:
    kind, value, step, series, detail = row
    if kind is None:
        return None
    parsed = json.loads(detail)
    return ReadingRow(kind, float("nan") if parsed.get("nan") else value, step, series, parsed)


def _plain(error: sqlite3.Error, path: Path) -> CacheError:
    text = str(error)
    if "full" in text:
        return CacheError(
            f"The disk of {path.parent} is full.",
            hint="Nothing is lost. Make room (`hprun du`, `hprun clean`) and start again.",
        )
    if "readonly" in text or "unable to open" in text or "read-only" in text:
        return CacheError(
            f"{path.parent} cannot be written.",
            hint="Give yourself the right to write there, or name another folder with --cache.",
        )
    if "locked" in text:
        return CacheError(
            f"{path} has been held by another process for half a minute.",
            hint="Is its disk a network file system, or is a backup running?",
        )
    if "malformed" in text or "not a database" in text:
        return CacheError(
            f"{path} is damaged: {text}.",
            hint="Move it away and start again; the folders of the runs are not touched.",
        )
    return CacheError(f"{path}: {text}.")
