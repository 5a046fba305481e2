"""Look, decide, act, again. Each act is written down before it is done."""

from __future__ import annotations

import contextlib
import errno
import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hprun.autolog import forget
from hprun.engine.adding import Adding
from hprun.engine.asking import Asking
from hprun.engine.decide import (
    DISK_FULL,
    STOPPED_EARLY,
    Action,
    Asked,
    End,
    Facts,
    Finish,
    Policy,
    Propose,
    Requeue,
    Start,
    Terminate,
    decide,
    may_not_start,
)
from hprun.engine.interrupts import Interrupts
from hprun.engine.layouts import Layouts
from hprun.engine.listening import Listener, Place
from hprun.engine.lookout import Lookout
from hprun.engine.recording import Claim, Recording
from hprun.engine.repair import record_run
from hprun.engine.starting import Starting
from hprun.engine.work import Work
from hprun.errors import CacheError, HprunError
from hprun.executors import LocalExecutor
from hprun.executors.logs import hold_down, settle
from hprun.files import Lock, is_locked
from hprun.model import FAILURES, SCORED, Metric
from hprun.paths import Cache, RunPaths
from hprun.store import Close, Request, SearchRow, Store

if TYPE_CHECKING:  # most searches have no use for it
    from hprun.engine.judging import Judge
    from hprun.engine.packing_runs import Packing
    from hprun.engine.stopping import EarlyStops

_LOOK_S = 0.5  # between looks for requests when nothing else happens
_LOGS_S = 5.0  # between looks at the sizes of logs
_CURVES_S = 0.25  # between looks at curves
_PAUSE_S = 2.0  # between tries to write on a full disk


class Loop:
    """The coordinator of one search; the caller holds the search's lock."""

    def __init__(  # noqa: PLR0913 - what it works with, each named
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
        asking: Asking | None = None,
        adding: Adding | None = None,
        judge: Judge | None = None,
        early: EarlyStops | None = None,
        packing: Packing | None = None,
    ) -> None:
        """`work` may be None for a loop that only stops what still runs.

        `asking` is there when trials come from a strategy, `adding` when they may come from the
        user as well, `judge` when there is a goal, `early` when runs may be stopped early,
        `packing` wherever something may start.
        `only_trial` leaves all trials but one out of sight.
        """
        self._store = store
        self._cache = cache
        self._search = search
        self._policy = policy
        self._listener = listener
        self._asking = asking
        self._adding = adding
        self._judge = judge
        self._early = early
        self._packing = packing
        self._metric: Metric | None = search.metric
        self._executor = executor or LocalExecutor()
        self._lookout = Lookout(
            store, cache, search, policy, listener, self._executor,
            only_trial=only_trial, early=early,
        )  # fmt: skip
        self._known = self._lookout.known
        self._endings = self._lookout.endings
        self._failed = self._enough = False
        self._said = ""
        self._held_down = 0.0  # monotonic; when logs were last looked at
        self._held_until = 0.0  # monotonic; the disk was full a moment ago
        layouts = Layouts(store, cache, search.id, self._lookout)
        self._recording = Recording(
            store, cache, search, lookout=self._lookout, layouts=layouts, packing=packing
        )
        self._starting = None if work is None else Starting(
            store, cache, search.name, work,
            layouts=layouts, executor=self._executor, packing=packing,
        )  # fmt: skip
        self._cancelled = set[int]() if only_trial is None else {only_trial}  # trials
        self._asked = Asked.GO
        self._failure: HprunError | None = None

    def run(self, interrupts: Interrupts, asked: Asked = Asked.GO) -> Finish:
        """Go on until everything has ended, or a stop was asked for.

        Raises the HprunError that made it stop, after ending what was running. A full disk is
        no reason to stop: it is waited out.
        """
        self._asked = asked
        if self._adding is not None:
            self._lookout.waiting.prefer(self._store.added_open(self._search.id))
        self._store.sync_now_and_then()
        try:
            return self._go_on(interrupts)
        finally:
            if self._asking is not None:
                self._asking.close()
            self._store.sync_at_once()

    def _go_on(self, interrupts: Interrupts) -> Finish:
        while True:
            try:
                finish = self._turn(interrupts)
            except CacheError as error:  # the queue itself cannot be written
                if not error.passes or interrupts.asked is not Asked.GO:
                    self._abandon()
                    raise _resumable(self._failure or error) from None
                self._say_pause(DISK_FULL)
                self._wait(_PAUSE_S, interrupts)
                continue
            if finish is not None:
                break
        if self._failure is not None:
            raise _resumable(self._failure)
        return finish

    def _say_pause(self, why: str) -> None:
        """Tell the listener once for each reason why nothing is started."""
        if why != self._said:
            self._said = why
            self._listener.paused(why)

    def _say_enough(self, why: str) -> None:
        if why and not self._enough:
            self._enough = True
            self._listener.enough(why)

    def _turn(self, interrupts: Interrupts) -> Finish | None:
        self._heed(interrupts)
        room = self._asking.room if self._asking is not None else 0
        full = time.monotonic() < self._held_until
        facts = self._lookout.look(
            self._asked, self._cancelled, failed=self._failed, proposable=room,
            thinking=self._thinks(), full=full,
        )  # fmt: skip
        if self._judge is not None:
            facts = self._judge.judged(
                facts, self._lookout.over, self._lookout.waiting.is_preferred
            )
            self._say_enough(facts.met)
        if self._packing is not None:
            facts = self._packing.packed(facts, self._known)
        self._lookout.over.clear()
        self._say_pause(may_not_start(facts, self._policy) if facts.queued else "")
        actions = decide(facts, self._policy)
        launches = self._write_down(actions, facts)
        for action in actions:
            if isinstance(action, Terminate):
                self._terminate(action)
        for place, attempt, lock in launches:
            self._start(place, attempt, lock)
        asked_for = sum(a.count for a in actions if isinstance(a, Propose))
        thought = facts.thinking and self._asked is Asked.GO
        if asked_for or thought:
            self._propose(asked_for)
        elif facts.thinking and self._asking is not None:
            self._asking.close()  # the search is to stop, so nothing more is wanted
        self._hold_logs_down()
        self._listener.looked()
        finish = next((a for a in actions if isinstance(a, Finish)), None)
        ended = sum(isinstance(a, End | Requeue) for a in actions)
        proposed = (asked_for or thought) and not self._thinks()
        one_by_one = bool(launches) and self._measures
        more_at_once = proposed or one_by_one or len(launches) < ended
        if finish is None and not more_at_once:
            if launches and self._starting is not None:
                self._starting.ahead(facts.queued[len(launches) :])
            self._wait(self._patience(facts), interrupts)
        return finish

    def _wait(self, seconds: float, interrupts: Interrupts) -> None:
        self._store.sync(time.monotonic())
        descriptors = self._asking.descriptors() if self._asking is not None else []
        self._executor.wait(
            seconds, [interrupts.descriptor, *self._listener.descriptors(), *descriptors]
        )
        interrupts.drain()

    def _hold_logs_down(self) -> None:
        if time.monotonic() - self._held_down >= _LOGS_S:
            self._held_down = time.monotonic()
            for place in self._known.values():
                hold_down(self._cache.run(place.folder).log, int(self._policy.max_log))

    def _patience(self, facts: Facts) -> float:
        due = [e.since + self._policy.grace_s - facts.now for e in self._endings.values()]
        follows = self._early is not None or self._measures
        return max(0.01, min([_CURVES_S if follows else _LOOK_S, *due]))

    @property
    def _measures(self) -> bool:
        """Whether it is being found out how many runs at once are worth it."""
        return self._packing is not None and self._packing.measures

    # Looking

    def _take_up(self, requests: list[Request]) -> None:
        """Queue what was asked for by hand, before all that waits."""
        if self._adding is None or not any(request.trials for request in requests):
            return
        self._listener.added(self._adding.take(requests))
        self._lookout.waiting.prefer(self._store.added_open(self._search.id))

    def _heed(self, interrupts: Interrupts) -> None:
        asked = interrupts.asked
        requests = self._store.requests(self._search.id)
        self._take_up(requests)
        for request in requests:
            if request.trials:
                continue
            if request.trial is None:
                asked = max(asked, Asked.STOP, key=lambda a: a.value)
            elif request.trial not in self._cancelled:
                self._cancelled.add(request.trial)
                with self._store.transaction():
                    self._store.cancel_queued(self._search.id, request.trial)
        if asked.value > self._asked.value:
            self._listener.stopping("at once" if asked is Asked.STOP_NOW else "softly")
            self._asked = asked

    # Acting

    def _write_down(self, actions: list[Action], facts: Facts) -> list[Claim]:
        """One transaction for all that ends and begins in this turn."""
        ends = [a for a in actions if isinstance(a, End | Requeue)]
        starts = [a.run for a in actions if isinstance(a, Start)]
        if not ends and not starts:
            return []
        started = {a.run: a.started for a in facts.active}
        closes = {a.run: self._close(a, started[a.run]) for a in ends if isinstance(a, End)}
        for action in ends:
            self._executor.bury(action.run, action.attempt, self._paths(action.run))
        self._drop_hopeless(closes)
        claims = self._recording.write(ends, closes, starts, facts.now)
        for action in ends:
            self._tell_end(action, closes)
        return claims

    def _drop_hopeless(self, closes: Mapping[int, Close]) -> None:
        """Leave out the remaining folds of trials that turn out hopeless by the runs that ended."""
        if self._early is not None:
            for run, close in closes.items():
                self._drop_rest(self._known[run].trial, self._early.ended(self._known[run], close))

    def _drop_rest(self, trial: int, why: str) -> None:
        """Leave out what is still to come of a trial, if there is a reason."""
        if not why or self._early is None or trial < 0:
            return
        self._early.drop(trial, why)
        with self._store.transaction():
            count = self._store.drop_queued(self._search.id, trial, why)
        if count:
            self._listener.dropped(trial, count, why)

    def _thinks(self) -> bool:
        return self._asking is not None and self._asking.thinking

    def _propose(self, count: int) -> None:
        """Ask the strategy for so many trials; for none, hear what it was asked before."""
        assert self._asking is not None, "a loop without a strategy was let propose"
        try:
            first = self._asking.ask(count) if count else self._asking.hear()
        except CacheError:
            raise
        except HprunError as error:
            self._failure = error
            self._asked = Asked.STOP
            return
        if first is not None:
            self._lookout.waiting.requeued(first)

    def _paths(self, run: int) -> RunPaths:
        return self._cache.run(self._known[run].folder)

    def _close(self, end: End, started: float) -> Close:
        paths = self._paths(end.run)
        settle(paths.log, int(self._policy.max_log))
        since = started if end.attempt == 1 else None
        reading = self._lookout.read(paths, end.run, end.outcome, since)
        return Close(end.run, end.attempt, end.outcome, end.seconds, end.detail, reading)

    def _tell_end(self, action: End | Requeue, closes: Mapping[int, Close]) -> None:
        self._endings.pop((action.run, action.attempt), None)
        place = self._known.pop(action.run)
        if self._packing is not None:
            self._packing.ended(action)
        if isinstance(action, End):
            if place.trial >= 0:
                paths = self._cache.run(place.folder)
                where = (place.trial, place.fold, place.repeat)
                close = closes[action.run]
                note, added = self._store.origin(self._search.id, place.trial)
                record_run(
                    paths.record, place.identity, where, close, self._metric, note, added=added
                )
            self._lookout.over.append(action.run)
            self._failed |= action.outcome in FAILURES
            if action.outcome in SCORED:
                with contextlib.suppress(OSError):
                    forget(self._cache.run(place.folder).checkpoint)
            self._listener.ended(place, closes[action.run])
        else:
            self._listener.requeued(place, action.why)

    def _terminate(self, action: Terminate) -> None:
        self._endings[action.run, action.attempt] = action.ending
        ending = action.ending
        why = f"{ending.why}: {ending.detail}" if ending.detail else ending.why
        self._store.ask_to_end(action.run, action.attempt, why, ending.since)
        number = signal.SIGKILL if action.ending.killed else signal.SIGTERM
        self._executor.signal(self._paths(action.run), number)
        if self._early is not None and ending.why == STOPPED_EARLY:
            place = self._known[action.run]
            self._drop_rest(place.trial, self._early.was_stopped(place))

    def _start(self, place: Place, attempt: int, lock: Lock) -> None:
        assert self._starting is not None, "a loop without work was let start"
        self._known[place.run] = place
        try:
            self._starting.start(place, attempt, lock)
        except (OSError, HprunError) as error:
            lock.release()
            self._could_not_start(place, attempt, error)
            return
        if self._early is not None:
            self._early.started(place.run, attempt)
        self._listener.started(place, attempt)

    def _could_not_start(self, place: Place, attempt: int, error: OSError | HprunError) -> None:
        """Wait for room on a full disk; stop for anything else."""
        if getattr(error, "errno", None) == errno.ENOSPC:
            self._held_until = time.monotonic() + _PAUSE_S
        else:
            self._failure = CacheError(
                f"Trial {place.trial} could not be started: {error}.",
                hint="Nothing is lost: mend the folder, and start again.",
            )
            self._asked = Asked.STOP
        self._recording.give_back(place, attempt, str(error), time.time())
        self._known.pop(place.run)

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
