"""Looking: which runs are claimed by whom, how their attempts are, what waits, what else runs."""

from __future__ import annotations

import os
import time
from collections.abc import Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.config import slots_of
from hprun.engine.decide import Active, Asked, Ending, Facts, Policy, Rival
from hprun.engine.listening import Listener, Place
from hprun.engine.readings import read_metric
from hprun.engine.unchanged import Unchanged
from hprun.engine.waiting import Waiting
from hprun.executors import LocalExecutor
from hprun.files import is_locked
from hprun.model import Ended, Outcome, Run, Running
from hprun.paths import Cache, RunPaths
from hprun.store import Claimed, Close, ReadingRow, SearchRow, Store

if TYPE_CHECKING:  # most searches have no use for it
    from hprun.engine.stopping import EarlyStops


class Lookout:
    """Sees for one coordinator; `waiting` is what it may start next, `known` are the places of its active runs, `endings` what it
    has asked of them, `over` are runs that have ended, until the loop clears it, `boot` tells this start of the machine from others.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        search: SearchRow,
        policy: Policy,
        listener: Listener,
        executor: LocalExecutor,
        *,
        only_trial: int | None,
        early: EarlyStops | None,
    ) -> None:
        """`only_trial` leaves all trials but one out of sight; `early` tells what is hopeless."""
        self._store = store
        self._cache = cache
        self._search = search
        self._slots = policy.slots
        self._limited = policy.until is not None
        self._listener = listener
        self._executor = executor
        self._metric = search.metric
        self._only_trial = only_trial
        self._early = early
        self.boot = boot_id()
        self.waiting = Waiting(store, search.id)
        self._unchanged = Unchanged(store)
        self.known: dict[int, Place] = {}
        self.endings: dict[tuple[int, int], Ending] = {}
        self.over: list[int] = []
        self._hung = set[int]()
        self._awaited: dict[int, Place] = {}  # runs that a rival is running for both

    def look(
        self,
        asked: Asked,
        cancelled: Set[int],
        *,
        failed: bool = False,
        proposable: int = 0,
        thinking: bool = False,
        full: bool = False,
    ) -> Facts:
        """All that the deciding half needs to know; the disk is `full` by what the caller saw."""
        now = time.time()
        self._hung = self._executor.hung()
        self._unchanged.look()
        mine: list[Claimed] = []
        theirs: list[Claimed] = []
        for claimed in self._store.claimed(self._search.id):
            (theirs if self._is_rivals(claimed.owner) else mine).append(claimed)
        active = [self._active(claimed, cancelled, wanted=True) for claimed in mine]
        if self._only_trial is not None:
            kept = self._only_trial
            active = [a for a in active if self.known[a.run].trial == kept]
            return Facts(now, active, [], Asked.STOP)
        strays = self._unchanged.ask("strays", self._store.strays)
        strays = [c for c in strays if not self._is_rivals(c.owner)]
        active += [self._active(claimed, cancelled, wanted=False) for claimed in strays]
        self._await(theirs)
        if self._early is not None and asked is Asked.GO:
            hopeless = self._early.look(self.known, time.monotonic())
            active = [replace(a, hopeless=hopeless.get(a.run, "")) for a in active]
        queued = self.waiting.first(2 * self._slots, now)
        rivals = self._rivals()
        return Facts(
            now=now,
            active=active,
            queued=queued,
            preparing=self._executor.preparing,
            asked=asked,
            awaited=len(theirs),
            rivals=rivals,
            last_start=self._store.last_start(self._search.id) if rivals else 0.0,
            typical_s=self._store.typical_seconds(self._search.id) if self._limited else 0.0,
            failed=failed,
            free_bytes=-1 if full else _free_bytes(self._cache.root),
            proposable=proposable,
            thinking=thinking,
        )

    def _is_rivals(self, owner: str) -> bool:
        """Say whether an attempt is another living coordinator's: to be watched, not touched."""
        if owner in ("", self._search.name):
            return False
        return is_locked(self._cache.search_lock(owner))

    def _rivals(self) -> list[Rival]:
        """The other searches that are running in this cache."""
        found = []
        others = self._unchanged.ask("rivals", lambda: self._store.running_besides(self._search.id))
        for row in others:
            if not self._is_rivals(row.name):
                continue
            folders = self._store.claimed_by(row.id)
            running = sum(is_locked(self._cache.run(folder).lock) for folder in folders)
            slots = slots_of(row.request["settings"].get("jobs", 0))
            waits, last_start = self._store.waits(row.id), self._store.last_start(row.id)
            found.append(Rival(running, waits, slots, last_start))
        return found

    def _await(self, theirs: list[Claimed]) -> None:
        """Tell the listener of runs that a rival has brought to an end for both."""
        now = {claimed.run.id for claimed in theirs}
        for run in [run for run in self._awaited if run not in now]:
            place = self._awaited.pop(run)
            state = self._store.run(run, self._search.id).state
            if isinstance(state, Ended):
                paths = self._cache.run(place.folder)
                reading = self.read(paths, run, state.outcome)
                if reading is not None and self._metric is not None:
                    self._store.put_readings({run: reading}, self._metric)
                outcome, attempts = state.outcome, state.attempts
                close = Close(run, attempts, outcome, state.seconds, state.detail, reading)
                self.over.append(run)
                self._listener.ended(place, close)
        for claimed in theirs:
            if claimed.run.id not in self._awaited:
                self._awaited[claimed.run.id] = self.place(claimed.run, wanted=True)

    def _active(self, claimed: Claimed, cancelled: Set[int], *, wanted: bool) -> Active:
        run = claimed.run
        assert isinstance(run.state, Running)
        attempt = run.state.attempt
        if run.id not in self.known:
            self.known[run.id] = self.place(run, wanted=wanted)
            self._listener.adopted(self.known[run.id], attempt)
        if claimed.ending is not None and (run.id, attempt) not in self.endings:
            why, _, detail = claimed.ending.partition(": ")
            self.endings[run.id, attempt] = Ending(claimed.asked, why, detail=detail)
        return Active(
            run=run.id,
            attempt=attempt,
            started=run.state.started,
            life=self._executor.look(run.id, attempt, self._cache.run(run.folder)),
            lost=claimed.lost,
            ending=self.endings.get((run.id, attempt)),
            wanted=wanted,
            cancelled=self.known[run.id].trial in cancelled,
            rebooted=claimed.boot != self.boot,
            failures=claimed.failures,
            hung=run.id in self._hung,
            fulls=claimed.full,
        )

    def place(self, run: Run, *, wanted: bool) -> Place:
        """Where a run stands in the search; nowhere, if it is not wanted any more."""
        if not wanted:
            return Place(run.id, -1, 0, 0, {}, run.folder)
        trial, fold, repeat, values = self._store.place(self._search.id, run.id)
        return Place(run.id, trial, fold, repeat, values, run.folder, run.identity)

    def read(
        self, paths: RunPaths, run: int, outcome: Outcome, since: float | None = None
    ) -> ReadingRow | None:
        """The metric of a run that ended, where there is one to read; `since` as in the store."""
        if self._metric is None or outcome is Outcome.CANCELLED:
            return None
        since, tracked = since or self._store.since(run), self._early is not None
        return read_metric(paths, self._metric, since, tracked=tracked)


def _free_bytes(folder: Path) -> int:
    """The room that is left for us on a folder's disk."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def boot_id() -> str:
    """What tells this start of the machine from all others; "" where the system has no such thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
