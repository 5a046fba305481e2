"""Look, decide, act, again. Each act is written down before it is done."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from hprun.config import jobs_default
from hprun.engine.decide import (
    Action,
    Active,
    Asked,
    End,
    Ending,
    Facts,
    Finish,
    Policy,
    Requeue,
    Rival,
    Start,
    Terminate,
    decide,
)
from hprun.engine.interrupts import Interrupts
from hprun.engine.listening import Listener, Place
from hprun.engine.plan import render
from hprun.engine.readings import read_metric
from hprun.engine.work import Work, run_env
from hprun.errors import CacheError, HprunError
from hprun.executors import Launch, LocalExecutor
from hprun.files import Lock, is_locked
from hprun.model import Ended, Metric, Outcome, Run, Running
from hprun.paths import Cache, RunPaths
from hprun.store import Claimed, Close, ReadingRow, SearchRow, Store
from hprun.workspace import copy_workspace

_LOOK_S = 0.5  # between looks for requests when nothing else happens


class Loop:
    """The coordinator of one search; the caller holds the search's lock."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        search: SearchRow,
        policy: Policy,
        listener: Listener,
        work: Work | None,
        *,
        executor: LocalExecutor | None = None,
        only_trial: int | None = None,
    ) -> None:
        """`work` may be None for a loop that only stops what still runs.

        `only_trial` leaves all trials but one out of sight.
        """
        self._store = store
        self._cache = cache
        self._search = search
        self._policy = policy
        self._listener = listener
        self._work = work
        self._metric: Metric | None = search.metric
        self._executor = executor or LocalExecutor()
        self._only_trial = only_trial
        self._boot = boot_id()
        self._endings: dict[tuple[int, int], Ending] = {}
        self._known: dict[int, Place] = {}  # of the active runs
        self._awaited: dict[int, Place] = {}  # of those that a rival is running for both
        self._cancelled = set[int]() if only_trial is None else {only_trial}  # trials
        self._asked = Asked.GO
        self._failure: HprunError | None = None

    def run(self, interrupts: Interrupts, asked: Asked = Asked.GO) -> bool:
        """Go on until everything has ended (True) or a stop was asked for (False).

        Raises the HprunError that made it stop, after ending what was running.
        """
        self._asked = asked
        try:
            while True:
                finish = self._turn(interrupts)
                if finish is not None:
                    break
        except CacheError as error:  # the queue itself cannot be written
            self._abandon()
            raise _resumable(self._failure or error) from None
        if self._failure is not None:
            raise _resumable(self._failure)
        return finish.complete

    def _turn(self, interrupts: Interrupts) -> Finish | None:
        self._heed(interrupts)
        facts = self._look()
        actions = decide(facts, self._policy)
        launches = self._write_down(actions, facts)
        for action in actions:
            if isinstance(action, Terminate):
                self._terminate(action)
        for run, attempt, lock in launches:
            self._start(run, attempt, lock)
        self._listener.looked()
        finish = next((a for a in actions if isinstance(a, Finish)), None)
        if finish is None and not any(isinstance(a, End | Requeue) for a in actions):
            self._executor.wait(self._patience(facts), [interrupts.descriptor])
            interrupts.drain()
        return finish

    def _patience(self, facts: Facts) -> float:
        due = [e.since + self._policy.grace_s - facts.now for e in self._endings.values()]
        return max(0.01, min([_LOOK_S, *due]))

    # Looking

    def _heed(self, interrupts: Interrupts) -> None:
        asked = interrupts.asked
        for request in self._store.requests(self._search.id):
            if request.trial is None:
                asked = max(asked, Asked.STOP, key=lambda a: a.value)
            elif request.trial not in self._cancelled:
                self._cancelled.add(request.trial)
                with self._store.transaction():
                    self._store.cancel_queued(self._search.id, request.trial)
        if asked.value > self._asked.value:
            self._listener.stopping("at once" if asked is Asked.STOP_NOW else "softly")
            self._asked = asked

    def _look(self) -> Facts:
        now = time.time()
        mine: list[Claimed] = []
        theirs: list[Claimed] = []
        for claimed in self._store.claimed(self._search.id):
            (theirs if self._is_rivals(claimed.owner) else mine).append(claimed)
        active = [self._active(claimed, wanted=True) for claimed in mine]
        if self._only_trial is not None:
            kept = self._only_trial
            active = [a for a in active if self._known[a.run].trial == kept]
            return Facts(now, active, [], Asked.STOP)
        strays = [c for c in self._store.strays() if not self._is_rivals(c.owner)]
        active += [self._active(claimed, wanted=False) for claimed in strays]
        self._await(theirs)
        queued = self._store.queued(self._search.id, self._policy.slots)
        rivals = self._rivals()
        return Facts(
            now=now,
            active=active,
            queued=[run.id for run in queued],
            asked=self._asked,
            awaited=len(theirs),
            rivals=rivals,
            last_start=self._store.last_start(self._search.id) if rivals else 0.0,
        )

    def _is_rivals(self, owner: str) -> bool:
        """Say whether an attempt is another living coordinator's: to be watched, not touched."""
        if owner in ("", self._search.name):
            return False
        return is_locked(self._cache.search_lock(owner))

    def _rivals(self) -> list[Rival]:
        """The other searches that are running in this cache."""
        found = []
        for row in self._store.searches():
            if row.state != "running" or not self._is_rivals(row.name):
                continue
            folders = self._store.claimed_by(row.id)
            running = sum(is_locked(self._cache.run(folder).lock) for folder in folders)
            slots = row.request["settings"].get("jobs") or jobs_default()
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
                reading = self._read(paths, run, state.outcome)
                if reading is not None and self._metric is not None:
                    self._store.put_readings({run: reading}, self._metric)
                outcome, attempts = state.outcome, state.attempts
                close = Close(run, attempts, outcome, state.seconds, state.detail, reading)
                self._listener.ended(place, close)
        for claimed in theirs:
            if claimed.run.id not in self._awaited:
                self._awaited[claimed.run.id] = self._place(claimed.run, wanted=True)

    def _active(self, claimed: Claimed, *, wanted: bool) -> Active:
        run = claimed.run
        assert isinstance(run.state, Running)
        attempt = run.state.attempt
        if run.id not in self._known:
            self._known[run.id] = self._place(run, wanted=wanted)
            self._listener.adopted(self._known[run.id], attempt)
        if claimed.ending is not None and (run.id, attempt) not in self._endings:
            self._endings[run.id, attempt] = Ending(claimed.asked, claimed.ending)
        return Active(
            run=run.id,
            attempt=attempt,
            started=run.state.started,
            life=self._executor.look(run.id, attempt, self._cache.run(run.folder)),
            lost=claimed.lost,
            ending=self._endings.get((run.id, attempt)),
            wanted=wanted,
            cancelled=self._known[run.id].trial in self._cancelled,
            rebooted=claimed.boot != self._boot,
        )

    def _place(self, run: Run, *, wanted: bool) -> Place:
        if not wanted:
            return Place(run.id, -1, 0, 0, {}, run.folder)
        trial, fold, repeat = self._store.place(self._search.id, run.id)
        values = self._store.trials(self._search.id, None, only=trial)[0].values
        return Place(run.id, trial, fold, repeat, values, run.folder)

    # Acting

    def _write_down(self, actions: list[Action], facts: Facts) -> list[tuple[Run, int, Lock]]:
        """One transaction for all that ends and begins in this turn."""
        ends = [a for a in actions if isinstance(a, End | Requeue)]
        starts = [a.run for a in actions if isinstance(a, Start)]
        if not ends and not starts:
            return []
        closes = {a.run: self._close(a) for a in ends if isinstance(a, End)}
        for action in ends:
            self._executor.bury(action.run, action.attempt, self._paths(action.run))
        launches: list[tuple[Run, int, Lock]] = []
        try:
            self._record(ends, closes, starts, launches, facts.now)
        except BaseException:
            for _, _, lock in launches:
                lock.release()
            raise
        for action in ends:
            self._tell_end(action, closes)
        return launches

    def _record(
        self,
        ends: list[End | Requeue],
        closes: Mapping[int, Close],
        starts: list[int],
        launches: list[tuple[Run, int, Lock]],
        now: float,
    ) -> None:
        with self._store.transaction():
            for action in ends:
                if isinstance(action, End):
                    self._store.end(closes[action.run], self._metric, now)
                else:
                    why, lost = action.why, action.lost
                    self._store.requeue(action.run, action.attempt, why, now, lost=lost)
            queued = {run.id: run for run in self._store.queued(self._search.id, len(starts))}
            for run in (queued[n] for n in starts if n in queued):
                # The lock first: whoever sees the run claimed finds it locked, or its process dead.
                lock = Lock(self._cache.run(run.folder).lock)
                if not lock.acquire():
                    continue
                attempt = self._store.claim(run.id, self._search.id, self._boot, now)
                if attempt is None:
                    lock.release()
                else:
                    launches.append((run, attempt, lock))

    def _paths(self, run: int) -> RunPaths:
        return self._cache.run(self._known[run].folder)

    def _close(self, end: End) -> Close:
        reading = self._read(self._paths(end.run), end.run, end.outcome)
        return Close(end.run, end.attempt, end.outcome, end.seconds, end.detail, reading)

    def _read(self, paths: RunPaths, run: int, outcome: Outcome) -> ReadingRow | None:
        if self._metric is None or outcome is Outcome.CANCELLED:
            return None
        return read_metric(paths, self._metric, self._store.since(run))

    def _tell_end(self, action: End | Requeue, closes: Mapping[int, Close]) -> None:
        self._endings.pop((action.run, action.attempt), None)
        place = self._known.pop(action.run)
        if isinstance(action, End):
            self._listener.ended(place, closes[action.run])
        else:
            self._listener.requeued(place, action.why)

    def _terminate(self, action: Terminate) -> None:
        self._endings[action.run, action.attempt] = action.ending
        self._store.ask_to_end(action.run, action.attempt, action.ending.why, action.ending.since)
        number = signal.SIGKILL if action.ending.killed else signal.SIGTERM
        self._executor.signal(self._paths(action.run), number)

    def _start(self, run: Run, attempt: int, lock: Lock) -> None:
        assert self._work is not None, "a loop without work was let start"
        place = self._known[run.id] = self._place(run, wanted=True)
        paths = self._cache.run(run.folder)
        work = self._work
        rendering = render(work.template, place.values, work.shape, place.fold, place.repeat)
        try:
            files = rendering.files
            copy_workspace(work.snapshot(), paths.folder, files, marker=paths.copied)
            if self._store.is_fresh(run.id, attempt):
                _set_aside(paths.log, attempt - 1)
            paths.values.write_text(json.dumps(dict(place.values), indent=1), encoding="utf-8")
            self._executor.start(
                Launch(
                    run=run.id,
                    attempt=attempt,
                    paths=paths,
                    command=[work.interpreter, _as_path(work.template.script), *rendering.argv],
                    env={**work.env, **run_env(place, work.shape, self._search.name)},
                    lock=lock,
                )
            )
        except (OSError, HprunError) as error:
            lock.release()
            self._failure = CacheError(
                f"Trial {place.trial} could not be started: {error}.",
                hint="Nothing is lost: make room or mend the folder, and start again.",
            )
            self._asked = Asked.STOP
            with self._store.transaction():
                self._store.requeue(run.id, attempt, str(error), time.time(), lost=False)
            self._known.pop(run.id)
            return
        self._listener.started(place, attempt)

    def _abandon(self) -> None:
        """End all processes without writing anything down; the next coordinator finds out."""
        deadline = time.monotonic() + self._policy.grace_s
        for place in self._known.values():
            self._executor.signal(self._cache.run(place.folder), signal.SIGTERM)
        for place in self._known.values():
            paths = self._cache.run(place.folder)
            while is_locked(paths.lock) and time.monotonic() < deadline:
                self._executor.wait(0.1)
            self._executor.signal(paths, signal.SIGKILL)


def _as_path(script: str) -> str:
    """A script whose name begins with a dash is no option."""
    return f"./{script}" if script.startswith("-") else script


def _set_aside(log: Path, attempt: int) -> None:
    """Keep what attempts before a retry printed, but not where it counts for the metric."""
    if attempt and log.exists():
        log.rename(log.with_name(f"{log.stem}.attempt-{attempt}{log.suffix}"))


def boot_id() -> str:
    """What tells this start of the machine from all others; "" where the system has no such thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _resumable(error: HprunError) -> HprunError:
    """What stops a search in the middle is no usage error: it can be resumed."""
    error.status = 75
    return error
