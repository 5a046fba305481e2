"""Look, decide, act, again. Each act is written down before it is done."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping

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
from hprun.model import Gone, Metric, Outcome, Run, Running
from hprun.paths import Cache, RunPaths
from hprun.store import Close, ReadingRow, SearchRow, Store
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
    ) -> None:
        """`work` may be None for a loop that only stops what still runs."""
        self._store = store
        self._cache = cache
        self._search = search
        self._policy = policy
        self._listener = listener
        self._work = work
        self._metric: Metric | None = search.metric
        self._executor = LocalExecutor()
        self._endings: dict[tuple[int, int], Ending] = {}
        self._known: dict[int, Place] = {}  # of the active runs
        self._cancelled: set[int] = set()  # trials
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
        active = [self._active(run, wanted=True) for run in self._store.running(self._search.id)]
        active += [self._active(run, wanted=False) for run in self._store.strays()]
        queued = self._store.queued(self._search.id, self._policy.slots)
        return Facts(now, active, [run.id for run in queued], self._asked)

    def _active(self, run: Run, *, wanted: bool) -> Active:
        assert isinstance(run.state, Running)
        attempt = run.state.attempt
        if run.id not in self._known:
            self._known[run.id] = self._place(run, wanted=wanted)
            self._listener.adopted(self._known[run.id], attempt)
        life = self._executor.look(run.id, attempt, self._cache.run(run.folder))
        return Active(
            run=run.id,
            attempt=attempt,
            started=run.state.started,
            life=life,
            lost=self._store.lost(run.id) if isinstance(life, Gone) else 0,
            ending=self._endings.get((run.id, attempt)),
            wanted=wanted,
            cancelled=self._known[run.id].trial in self._cancelled,
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
        closes = {a.run: self._close(a, facts) for a in ends if isinstance(a, End)}
        for action in ends:
            self._executor.bury(action.run, action.attempt, self._paths(action.run))
        launches: list[tuple[Run, int, Lock]] = []
        now = facts.now
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
                attempt = self._store.claim(run.id, now)
                if attempt is None:
                    lock.release()
                else:
                    launches.append((run, attempt, lock))
        for action in ends:
            self._tell_end(action, closes)
        return launches

    def _paths(self, run: int) -> RunPaths:
        return self._cache.run(self._known[run].folder)

    def _close(self, end: End, facts: Facts) -> Close:
        started = next(a.started for a in facts.active if a.run == end.run)
        reading: ReadingRow | None = None
        if self._metric is not None and end.outcome is not Outcome.CANCELLED:
            reading = read_metric(self._paths(end.run), self._metric, started)
        return Close(end.run, end.attempt, end.outcome, end.seconds, end.detail, reading)

    def _tell_end(self, action: End | Requeue, closes: Mapping[int, Close]) -> None:
        self._endings.pop((action.run, action.attempt), None)
        place = self._known.pop(action.run)
        if isinstance(action, End):
            self._listener.ended(place, closes[action.run])
        else:
            self._listener.requeued(place, action.why)

    def _terminate(self, action: Terminate) -> None:
        self._endings[action.run, action.attempt] = action.ending
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
            paths.values.write_text(json.dumps(dict(place.values), indent=1), encoding="utf-8")
            self._executor.start(
                Launch(
                    run=run.id,
                    attempt=attempt,
                    paths=paths,
                    command=[work.interpreter, work.template.script, *rendering.argv],
                    env={**work.env, **run_env(place, work.shape, self._search.name)},
                    lock=lock,
                )
            )
        except OSError as error:
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


def _resumable(error: HprunError) -> HprunError:
    """What stops a search in the middle is no usage error: it can be resumed."""
    error.status = 75
    return error
