"""Searches, and what they ask for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hprun.model import Metric
from hprun.store.connection import CACHE_KIB, Connection
from hprun.store.conversion import ASKED_AGAIN, SEARCH, metric_json, to_search, to_values
from hprun.store.rows import AtOnce, GivenTrial, Linked, PlannedRun, PlannedTrial, SearchRow

_LINK_CACHE_KIB = 65536


class Searches(Connection):
    """Making, finding and forgetting searches."""

    def searches(self) -> list[SearchRow]:
        """All searches, the one last used first."""
        return [to_search(row) for row in self._all(f"{SEARCH} ORDER BY touched DESC, id DESC")]

    def running_besides(self, search: int) -> list[SearchRow]:
        """Other searches that say that they run; their locks tell whether they do."""
        rows = self._all(f"{SEARCH} WHERE state = 'running' AND id <> ?", (search,))
        return [to_search(row) for row in rows]

    def search_by_key(self, key: str) -> SearchRow | None:
        """The search that asks this question."""
        rows = self._all(f"{SEARCH} WHERE key = ?", (key,))
        return to_search(rows[0]) if rows else None

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

    def restore_search(
        self, key: str, name: str, request: Mapping[str, Any], created: float
    ) -> SearchRow:
        """A search with the name that it had; only into a store that is being rebuilt."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO search (id, name, key, request, created, touched, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'stopped')",
                (int(name.rpartition("-")[2]), name, key, json.dumps(request), created, created),
            )
            row = self.search_by_key(key)
        assert row is not None
        return row

    def set_metric(self, search: int, metric: Metric | None) -> None:
        """Rank this search by this metric from now on."""
        with self.transaction():
            self._db.execute(
                "UPDATE search SET metric = ? WHERE id = ?",
                (metric_json(metric), search),
            )

    def set_at_once(self, search: int, at_once: AtOnce | None) -> None:
        """Say how many runs at once a search has come to; None where nobody is finding that out."""
        text = json.dumps([at_once.count, at_once.why]) if at_once is not None else ""
        with self.transaction():
            self._db.execute("UPDATE search SET at_once = ? WHERE id = ?", (text, search))

    def set_search_state(self, search: int, state: str, now: float) -> None:
        """Say that a search is running, stopped or complete."""
        with self.transaction():
            self._db.execute(
                "UPDATE search SET state = ?, touched = ? WHERE id = ?", (state, now, search)
            )

    def delete_search(self, search: int) -> list[str]:
        """Forget a search; returns the folders of the runs that no search asks for any more."""
        with self.transaction():
            for table in ("part", "trial", "given", "request"):
                self._db.execute(f"DELETE FROM {table} WHERE search = ?", (search,))
            self._db.execute("DELETE FROM search WHERE id = ?", (search,))
            gone = self._db.execute(
                "SELECT id, folder FROM run WHERE state <> 'running'"
                " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
            ).fetchall()
            self._forget_runs([run for run, _ in gone])
        return [folder for _, folder in gone]

    def shared_runs(self, search: int) -> set[int]:
        """Runs of a search that another one asks for too."""
        rows = self._all(
            "SELECT DISTINCT mine.run FROM part AS mine JOIN part AS other"
            " ON other.run = mine.run AND other.search <> mine.search WHERE mine.search = ?",
            (search,),
        )
        return {int(row[0]) for row in rows}

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

    def link(
        self,
        search: int,
        trials: Iterable[PlannedTrial],
        runs: Iterable[PlannedRun],
        digests: Mapping[str, str],
        *,
        whole: bool = True,
    ) -> Linked:
        """Write down what a search asks for: each run once, whoever asked for it before.

        A run that had completed stays so. One that failed stays so if this search has it
        already, and is queued again if the search is new to it. One that was stopped early is
        queued again if the search wants `whole` runs.
        """
        db = self._db
        with self._plainly():
            # A hundred thousand identities in random order need room, but only for this moment.
            db.execute(f"PRAGMA cache_size = -{_LINK_CACHE_KIB}")
            db.execute("PRAGMA temp_store = MEMORY")
        try:
            with self.transaction():
                self._write_plan(runs)
                if whole:
                    self._take_up_stopped()
                linked, in_place = self._compare(search)
                if in_place < linked.runs:
                    self._put_trials(search, trials)
                    self._put_runs(search)
                    self._reopen("id = ?", (search,))
                if linked.changed:
                    self._forget_unasked()
                db.execute("DROP TABLE temp.plan")
                db.execute(
                    "UPDATE search SET digests = ? WHERE id = ?", (json.dumps(digests), search)
                )
        finally:
            db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            db.execute("PRAGMA shrink_memory")
        return linked

    def add(
        self,
        search: int,
        trials: Iterable[PlannedTrial],
        runs: Iterable[PlannedRun],
        *,
        whole: bool = True,
        request: int | None = None,
    ) -> int | None:
        """Write down trials that a strategy has proposed, or that a request asked for, which is
        done with that; each run once, as in `link`.

        Gives the first of their runs that waits, if one does. What was complete is so no more.
        """
        with self.transaction():
            if request is not None:
                self._db.execute("DELETE FROM request WHERE id = ?", (request,))
            self._write_plan(runs)
            if whole:
                self._take_up_stopped()
            self._put_trials(search, trials)
            self._put_runs(search)
            (first,) = self._db.execute(
                "SELECT min(run.id) FROM plan JOIN run USING (identity) WHERE run.state = 'queued'"
            ).fetchone()
            self._db.execute("DROP TABLE temp.plan")
            if first is not None:
                self._reopen("id = ?", (search,))
        return None if first is None else int(first)

    def _reopen(self, which: str, arguments: Sequence[Any]) -> None:
        """Say of complete searches that they are so no more, as something waits in them."""
        self._db.execute(
            f"UPDATE search SET state = 'stopped' WHERE state = 'complete' AND {which}", arguments
        )

    def put_given(self, search: int, trials: Iterable[GivenTrial]) -> None:
        """Write down what a search is given to begin with; once for each search."""
        with self.transaction():
            self._db.executemany(
                'INSERT INTO given (search, number, source, "values", early, score)'
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (search, number, one.source, json.dumps(dict(one.values)), one.early, one.score)
                    for number, one in enumerate(trials)
                ),
            )

    def given(self, search: int) -> list[GivenTrial]:
        """What a search was given to begin with."""
        rows = self._all(
            'SELECT source, "values", score, early FROM given WHERE search = ? ORDER BY number',
            (search,),
        )
        return [
            GivenTrial(source, to_values(values), math.nan if score is None else score, bool(early))
            for source, values, score, early in rows
        ]

    def _write_plan(self, runs: Iterable[PlannedRun]) -> None:
        self._db.execute("DROP TABLE IF EXISTS temp.plan")
        self._db.execute(
            "CREATE TEMP TABLE plan (trial INTEGER, fold INTEGER, repeat INTEGER,"
            " identity TEXT, folder TEXT)"
        )
        self._db.executemany("INSERT INTO plan VALUES (?, ?, ?, ?, ?)", runs)

    def _put_trials(self, search: int, trials: Iterable[PlannedTrial]) -> None:
        self._db.executemany(
            'INSERT INTO trial (search, number, "values", note, added) VALUES (?, ?, ?, ?, ?)'
            " ON CONFLICT DO NOTHING",
            (
                (
                    search,
                    t.number,
                    json.dumps(dict(t.values)),
                    json.dumps(t.note) if t.note else "{}",
                    t.added,
                )
                for t in trials
            ),
        )

    def _put_runs(self, search: int) -> None:
        """Queue what is new, and what had failed for others; put each run in its place."""
        self._db.execute(
            # Here and below, what is said of 'completed' lets SQLite use the index of the others.
            f"UPDATE run SET {ASKED_AGAIN} WHERE outcome <> 'completed' AND outcome <> 'stopped'"
            " AND +identity IN (SELECT identity FROM plan) AND NOT EXISTS"
            " (SELECT 1 FROM part WHERE part.run = run.id AND part.search = ?)",
            (search,),
        )
        self._db.execute(
            "INSERT INTO run (identity, folder) SELECT identity, folder FROM plan"
            " WHERE true ORDER BY trial, fold, repeat ON CONFLICT DO NOTHING"
        )
        self._db.execute(
            "INSERT OR REPLACE INTO part SELECT ?, plan.trial, plan.fold, plan.repeat, run.id"
            " FROM plan JOIN run USING (identity)",
            (search,),
        )

    def _take_up_stopped(self) -> None:
        """Queue the runs of the plan again that were stopped early."""
        self._db.execute(
            f"UPDATE run SET {ASKED_AGAIN} WHERE outcome <> 'completed' AND outcome = 'stopped'"
            " AND +identity IN (SELECT identity FROM plan)"
        )

    def _forget_unasked(self) -> None:
        """Drop what waits and is asked for by no search any more."""
        gone = self._db.execute(
            "SELECT id FROM run WHERE state = 'queued' AND state <> 'ended'"
            " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = run.id)"
        ).fetchall()
        self._forget_runs([row[0] for row in gone])

    def _compare(self, search: int) -> tuple[Linked, int]:
        """How the plan stands to what is known, and how many of its runs are in place."""
        *linked, in_place = self._db.execute(
            "SELECT count(*), ifnull(sum(ifnull(run.outcome, '') IN ('completed', 'stopped')), 0),"
            " ifnull(sum(old.identity IS NOT NULL AND old.identity <> plan.identity), 0),"
            " ifnull(sum(old.identity = plan.identity"
            "            AND run.outcome IN ('failed', 'out-of-memory', 'timed-out')), 0),"
            " ifnull(sum(old.identity = plan.identity AND run.outcome = 'cancelled'), 0),"
            " ifnull(sum(old.identity = plan.identity), 0)"
            " FROM plan LEFT JOIN run ON run.identity = plan.identity"
            " LEFT JOIN part ON part.search = ? AND part.trial = plan.trial"
            "      AND part.fold = plan.fold AND part.repeat = plan.repeat"
            " LEFT JOIN run AS old ON old.id = part.run",
            (search,),
        ).fetchone()
        return Linked(*linked), in_place
