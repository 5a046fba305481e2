"""The queue: what waits, what runs, how it ended, and what is asked of a coordinator."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hprun.model import Metric, Run, Values
from hprun.store.conversion import (
    ASKED_AGAIN,
    CLAIM,
    RUN,
    to_claimed,
    to_run,
    to_values,
    with_tuples,
)
from hprun.store.results import Results
from hprun.store.rows import Claimed, Close, Request

# Said twice so that SQLite sees that the index of open runs holds them all: the few that run are
# found without a look at those that have ended.
_RUNNING = "run.state = 'running' AND run.state <> 'ended'"


class Queue(Results):
    """Each thing that can happen to a run; one coordinator per search makes it happen."""

    def queued(self, search: int, limit: int, *, after: int = 0) -> list[Run]:
        """The next runs of a search that wait, in order, from behind the run `after`."""
        return [
            to_run(row)
            for row in self._all(
                f"SELECT {RUN} FROM part CROSS JOIN run ON run.id = part.run"
                " WHERE part.search = ? AND part.run > ? AND run.state = 'queued'"
                " GROUP BY part.run ORDER BY part.run LIMIT ?",
                (search, after, limit),
            )
        ]

    def added_open(self, search: int) -> list[int]:
        """The runs that have not ended of the trials that were added by hand."""
        rows = self._all(
            "SELECT DISTINCT run.id FROM trial"
            " CROSS JOIN part ON part.search = trial.search AND part.trial = trial.number"
            " CROSS JOIN run ON run.id = part.run"
            " WHERE trial.search = ? AND trial.added = 1 AND run.state <> 'ended' ORDER BY run.id",
            (search,),
        )
        return [int(row[0]) for row in rows]

    def waiting_trials(self, search: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """The next trials of a search that wait, none of their runs begun: those added by hand
        first, as they are run, and with their values.
        """
        rows = self._all(
            'SELECT trial.number, trial."values" FROM part'
            " CROSS JOIN run ON run.id = part.run"
            " CROSS JOIN trial ON trial.search = part.search AND trial.number = part.trial"
            " WHERE part.search = ? GROUP BY trial.number"
            " HAVING max(run.state <> 'queued') = 0"
            " ORDER BY trial.added DESC, min(run.id) LIMIT ?",
            (search, limit),
        )
        return [(number, to_values(values)) for number, values in rows]

    def waiting_of(self, runs: Iterable[int]) -> list[int]:
        """Those of these runs that wait, in order."""
        rows = self._all(
            "SELECT id FROM run WHERE id IN (SELECT value FROM json_each(?))"
            " AND state = 'queued' ORDER BY id",
            (json.dumps(list(runs)),),
        )
        return [int(row[0]) for row in rows]

    def claimed(self, search: int) -> list[Claimed]:
        """The runs of a search that some attempt has claimed, whoever's attempt it is."""
        return [
            to_claimed(row)
            for row in self._all(
                f"SELECT {RUN}, {CLAIM} FROM run"
                " CROSS JOIN part ON part.run = run.id AND part.search = ?"
                " LEFT JOIN search AS owner ON owner.id = run.owner"
                f" WHERE {_RUNNING} GROUP BY run.id ORDER BY run.id",
                (search,),
            )
        ]

    def strays(self) -> list[Claimed]:
        """Runs that are claimed though no search asks for them any more: the script changed."""
        columns = RUN.replace("part.fold", "0").replace("part.repeat", "0")
        return [
            to_claimed(row)
            for row in self._all(
                f"SELECT {columns}, {CLAIM} FROM run"
                " LEFT JOIN search AS owner ON owner.id = run.owner"
                f" WHERE {_RUNNING}"
                " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
            )
        ]

    def claimed_by(self, search: int) -> list[str]:
        """The folders of the runs that a search's coordinator has claimed."""
        rows = self._all(f"SELECT folder FROM run WHERE {_RUNNING} AND owner = ?", (search,))
        return [row[0] for row in rows]

    def last_start(self, search: int) -> float:
        """When a search's coordinator last claimed a run; 0 if it never did."""
        rows = self._all("SELECT max(started) FROM run WHERE owner = ?", (search,))
        return float(rows[0][0] or 0.0)

    def waits(self, search: int) -> bool:
        """Say whether a search has a run that waits."""
        return bool(self.queued(search, 1))

    def run(self, run: int, search: int) -> Run:
        """One run of a search."""
        return to_run(
            self._all(
                f"SELECT {RUN} FROM run JOIN part ON part.run = run.id AND part.search = ?"
                " WHERE run.id = ? LIMIT 1",
                (search, run),
            )[0]
        )

    def out_of_memory(self) -> list[int]:
        """The runs that wait or run and ran out of memory before."""
        rows = self._all("SELECT id FROM run WHERE full > 0 AND state <> 'ended'")
        return [int(row[0]) for row in rows]

    def device(self, run: int, attempt: int) -> str:
        """What an attempt was bound to, as in `Attempt`."""
        rows = self._all("SELECT device FROM attempt WHERE run = ? AND number = ?", (run, attempt))
        return str(rows[0][0]) if rows else ""

    def is_fresh(self, run: int, attempt: int) -> bool:
        """Say whether an attempt is the first since its run was asked for (again)."""
        return bool(self._all("SELECT fresh = ? - 1 FROM run WHERE id = ?", (attempt, run))[0][0])

    def since(self, run: int) -> float:
        """When the first attempt began whose output counts: those before the last retry do not."""
        rows = self._all(
            "SELECT min(attempt.started) FROM attempt JOIN run ON run.id = attempt.run"
            " WHERE run.id = ? AND attempt.number > run.fresh",
            (run,),
        )
        return float(rows[0][0] or 0.0)

    def place(self, search: int, run: int) -> tuple[int, int, int, dict[str, Any]]:
        """Trial, fold, repeat and values that a run has in a search (the first, if several)."""
        trial, fold, repeat, values = self._all(
            'SELECT part.trial, part.fold, part.repeat, trial."values" FROM part'
            " JOIN trial ON trial.search = part.search AND trial.number = part.trial"
            " WHERE part.run = ? AND part.search = ?"
            " ORDER BY part.trial, part.fold, part.repeat LIMIT 1",
            (run, search),
        )[0]
        return trial, fold, repeat, to_values(values)

    def claim(self, run: int, search: int, boot: str, now: float, device: str = "") -> int | None:
        """Write down that an attempt begins; its number, or None if another was quicker.

        `device` is what it is bound to, as in `Attempt`. Only inside a transaction, and before the attempt is started.
        """
        rows = self._db.execute(
            "UPDATE run SET state = 'running', attempts = attempts + 1, started = ?,"
            " seconds = NULL, owner = ?, boot = ?, ending = NULL, asked = NULL"
            " WHERE id = ? AND state = 'queued' RETURNING attempts",
            (now, search, boot, run),
        ).fetchall()
        if not rows:
            return None
        number = int(rows[0][0])
        self._db.execute(
            "INSERT OR REPLACE INTO attempt (run, number, started, device) VALUES (?, ?, ?, ?)",
            (run, number, now, device),
        )
        return number

    def ask_to_end(self, run: int, attempt: int, why: str, now: float) -> None:
        """Write down that an attempt is about to be told to end, so that nobody takes it amiss."""
        with self.transaction():
            self._db.execute(
                "UPDATE run SET ending = ?, asked = ? WHERE id = ? AND attempts = ?"
                " AND state = 'running' AND ending IS NULL",
                (why, now, run, attempt),
            )

    def requeue(
        self,
        run: int,
        attempt: int,
        why: str,
        now: float,
        *,
        lost: bool,
        failed: bool = False,
        full: bool = False,
    ) -> bool:
        """Put a run back whose attempt was lost, preempted, may fail again or was `full`: out of
        memory; False if it is not running. Only inside a transaction.
        """
        changed = self._db.execute(
            "UPDATE run SET state = 'queued', lost = CASE WHEN ? THEN lost + 1 ELSE 0 END,"
            " failures = failures + ?, full = full + ?"
            " WHERE id = ? AND state = 'running' AND attempts = ?",
            (lost, failed, full, run, attempt),
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

    def restore_ends(self, closes: Iterable[tuple[str, Close, Metric | None]]) -> None:
        """Bring back how runs ended, by identity; only into a store that is being rebuilt."""
        with self.transaction():
            for identity, close, metric in closes:
                rows = self._db.execute(
                    "UPDATE run SET state = 'ended', outcome = ?, seconds = ?, detail = ?,"
                    " attempts = ? WHERE identity = ? AND state = 'queued' RETURNING id",
                    (close.outcome.value, close.seconds, close.detail, close.attempt, identity),
                ).fetchall()
                if rows and close.reading is not None and metric is not None:
                    self._put_reading(rows[0][0], str(metric), close.reading)

    def cancel_queued(self, search: int, trial: int) -> None:
        """End the runs of a trial that wait, as cancelled. Only inside a transaction."""
        self._db.execute(
            "UPDATE run SET state = 'ended', outcome = 'cancelled', detail = 'stopped on request'"
            " WHERE state = 'queued' AND id IN"
            " (SELECT run FROM part WHERE search = ? AND trial = ?)",
            (search, trial),
        )

    def drop_queued(self, search: int, trial: int, why: str) -> int:
        """End the runs of a trial that wait, as stopped early; how many. Only inside a transaction.

        Those that another search wants, too, go on waiting.
        """
        return self._db.execute(
            "UPDATE run SET state = 'ended', outcome = 'stopped', detail = ?"
            " WHERE state = 'queued' AND id IN"
            " (SELECT run FROM part WHERE search = ? AND trial = ?) AND NOT EXISTS"
            " (SELECT 1 FROM part WHERE part.run = run.id AND part.search <> ?)",
            (why, search, trial, search),
        ).rowcount

    def asked_again(self, run: int) -> bool:
        """Say whether a run had ended before, and was asked for once more."""
        return bool(self._all("SELECT fresh > 0 FROM run WHERE id = ?", (run,))[0][0])

    def retry(self, search: int, trial: int | None) -> int:
        """Queue the runs again that ended without completing; how many those were.

        Those that were stopped early only where their trial is named.
        """
        which = (
            "outcome NOT IN ('completed', 'stopped')" if trial is None else "outcome <> 'completed'"
        )
        only = "" if trial is None else " AND trial = ?"
        arguments = (search,) if trial is None else (search, trial)
        with self.transaction():
            count = self._db.execute(
                f"UPDATE run SET {ASKED_AGAIN} WHERE state = 'ended' AND {which}"
                f" AND id IN (SELECT run FROM part WHERE search = ?{only})",
                arguments,
            ).rowcount
            if count:
                self._db.execute(
                    "UPDATE search SET state = 'stopped' WHERE state = 'complete' AND id = ?",
                    (search,),
                )
        return count

    def _end_attempt(self, run: int, attempt: int, ending: str, now: float) -> None:
        self._db.execute(
            "UPDATE attempt SET ended = ?, ending = ? WHERE run = ? AND number = ?",
            (now, ending, run, attempt),
        )

    def ask_to_stop(self, search: int, trial: int | None, now: float) -> None:
        """Leave a request for the coordinator."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO request (search, trial, made) VALUES (?, ?, ?)", (search, trial, now)
            )

    def ask_to_add(self, search: int, trials: Iterable[Values], now: float) -> int:
        """Leave a request to add trials; its number. It stays until `add` is called with it."""
        with self.transaction():
            rows = self._db.execute(
                "INSERT INTO request (search, trials, made) VALUES (?, ?, ?) RETURNING id",
                (search, json.dumps([dict(values) for values in trials]), now),
            ).fetchall()
        return int(rows[0][0])

    def requests(self, search: int) -> list[Request]:
        """What is asked of the coordinator of a search."""
        rows = self._all(
            "SELECT id, trial, trials FROM request WHERE search = ? ORDER BY id", (search,)
        )
        return [
            Request(number, trial, [with_tuples(one) for one in json.loads(trials or "[]")])
            for number, trial, trials in rows
        ]

    def forget_requests(self, search: int) -> None:
        """Drop requests to stop: they are met, or a new coordinator was asked to go on."""
        with self.transaction():
            self._db.execute("DELETE FROM request WHERE search = ? AND trials IS NULL", (search,))
