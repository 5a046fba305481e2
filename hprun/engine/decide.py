"""Facts become actions. No clock, no file, no process, no database: only this decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from hprun.dataclass import dataclass
from hprun.model import FAILURES, Alive, Exited, Gone, Life, Outcome

_KILLED = 128  # a shell's status for "ended by signal N" is 128 + N
_SIGTERM, _SIGKILL = 15, 9
_MOST_FULL = 2  # attempts that may run out of memory beside others, which should have been alone
_FROM_OUTSIDE = (1, 2, _SIGTERM)  # HUP, INT, TERM: somebody wanted it gone
_VANISHED = "vanished, killed together with its shell"


class Asked(Enum):
    """What has been asked of the whole search."""

    GO = 0
    STOP = 1  # softly: TERM, a time of grace, KILL
    STOP_NOW = 2


@dataclass(frozen=True, slots=True)
class Ending:
    """An attempt has been told to end: since when, why, and whether it was killed yet."""

    since: float
    why: str  # preempted, cancelled, timed-out, hung or stopped
    killed: bool = False
    detail: str = ""


PREEMPTED, CANCELLED, TIMED_OUT, HUNG = "preempted", "cancelled", "timed-out", "hung"
STOPPED_EARLY = "stopped"
FAILED_FAST = "a run failed"
TOO_LATE = "the time of --for is over"
DISK_FULL = "the disk is nearly full"
PREPARING = "what the script imports is being imported, once for all runs"


@dataclass(frozen=True, slots=True)
class Active:
    """A claimed run. `lost` counts the attempts in a row that vanished before this one.

    `wanted` is False when no search asks for it any more; `cancelled` when a user stopped it;
    `rebooted` when the machine was started anew since it was claimed. `failures` counts the
    attempts that failed since the run was last asked for; `hung` says that a warm start went
    wrong and the attempt does nothing; `hopeless` is why a stopper wants it to end. `full` says
    that it ran out of memory, and how, `alone` that no other run was there to use it, `fulls`
    counts the attempts before that did.
    """

    run: int
    attempt: int
    started: float
    life: Life
    lost: int = 0
    ending: Ending | None = None
    wanted: bool = True
    cancelled: bool = False
    rebooted: bool = False
    failures: int = 0
    hung: bool = False
    hopeless: str = ""
    full: str = ""
    alone: bool = False
    fulls: int = 0


@dataclass(frozen=True, slots=True)
class Rival:
    """Another search of this cache that is running: the slots are the machine's, not a search's.

    `running` attempts of it live, `waits` says that it has more to start, up to `slots`;
    `last_start` is when it last started one, in seconds since the epoch.
    """

    running: int
    waits: bool
    slots: int
    last_start: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What the hands saw: `queued` are the next runs that wait: as many as slots, and those after.

    `awaited` counts runs of this search that a rival's coordinator is running for both;
    `last_start` is when this search last started an attempt, `typical_s` how long its runs take
    (0: not known), `failed` whether one of them has failed, `free_bytes` the room on the disk,
    `preparing` that starts are about to become warm, so that it is better to wait, `proposable`
    how many trials a strategy may add to what is queued, `thinking` that it was asked for some and
    has not answered, `met` why the search has found enough.
    """

    now: float
    active: Sequence[Active]
    queued: Sequence[int]
    asked: Asked = Asked.GO
    awaited: int = 0
    rivals: Sequence[Rival] = ()
    last_start: float = 0.0
    typical_s: float = 0.0
    failed: bool = False
    free_bytes: float = math.inf
    preparing: bool = False
    proposable: int = 0
    thinking: bool = False
    met: str = ""
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How the user wants it; times in seconds, `until` since the epoch.

    `grace_s` passes from TERM to KILL. `max_lost` attempts in a row may vanish, `max_retries`
    more may be made after failures. `fail_fast` stops at the first failure, `until` is when to
    stop in any case. Nothing is started with less than `min_free` bytes on the disk; a log of more
    than `max_log` bytes loses its middle (0: never).
    """

    slots: int
    grace_s: float = 10.0
    max_lost: int = 3
    max_retries: int = 0
    fail_fast: bool = False
    timeout_s: float | None = None
    until: float | None = None
    min_free: float = 0.0
    max_log: float = 0.0


@dataclass(frozen=True, slots=True)
class Start:
    """Claim a run and start an attempt."""

    run: int


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the strategy for so many trials: slots are free and nothing waits for them."""

    count: int


@dataclass(frozen=True, slots=True)
class End:
    """An attempt is over, and so is its run."""

    run: int
    attempt: int
    outcome: Outcome
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Requeue:
    """An attempt is over, but its run is to be tried again; it was `lost`, has `failed`, or ran
    out of memory: was `full`.
    """

    run: int
    attempt: int
    why: str
    lost: bool = False
    failed: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Terminate:
    """Tell an attempt to end, softly or with KILL."""

    run: int
    attempt: int
    ending: Ending


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is active and nothing is to be started: the loop is over, for the reason given.

    `why` is "" for one that was asked to stop, and for one that is complete by itself.
    """

    complete: bool
    why: str = ""


Action = Start | Propose | End | Requeue | Terminate | Finish


def decide(facts: Facts, policy: Policy) -> list[Action]:
    """What to do now, in the order in which to do it.

    Law: never two attempts of one run, never more attempts than slots, and each run ends as
    completed, ends otherwise, or goes back to the queue.
    """
    actions: list[Action] = []
    asked, why = _asked(facts, policy)
    living = 0
    for active in facts.active:
        match active.life:
            case Alive():
                living += 1
                actions += _while_alive(active, asked, facts.now, policy)
            case Exited() as exited:
                actions.append(_after_exit(active, exited, policy))
            case Gone():
                actions.append(_after_loss(active, facts.now, policy, _VANISHED))
    if asked is not Asked.GO:
        finish = Finish(complete=bool(facts.met), why=why)
        return actions if facts.active else [*actions, finish]
    if not may_not_start(facts, policy) and not (policy.fail_fast and _some_failed(actions)):
        free = _free(facts, living, policy)
        free = free if facts.room is None else min(free, facts.room)
        actions += [Start(run) for run in facts.queued[:free]]
        back = sum(isinstance(action, Requeue) for action in actions)  # they wait again, too
        wanted = min(free - len(facts.queued) - back, facts.proposable)
        if wanted > 0:
            actions.append(Propose(wanted))
    if not facts.active and not facts.awaited:
        if not facts.queued and not facts.proposable and not facts.thinking:
            actions.append(Finish(complete=True))
        elif may_not_start(facts, policy) == TOO_LATE:
            actions.append(Finish(complete=False, why=TOO_LATE))
    return actions


def _some_failed(actions: Sequence[Action]) -> bool:
    return any(isinstance(action, End) and action.outcome in FAILURES for action in actions)


def _asked(facts: Facts, policy: Policy) -> tuple[Asked, str]:
    """What is asked of the search, by somebody or by its own limits, and why."""
    if facts.asked is not Asked.GO:
        return facts.asked, facts.met
    if facts.met:
        return Asked.STOP, facts.met
    if policy.fail_fast and facts.failed:
        return Asked.STOP, FAILED_FAST
    if policy.until is not None and facts.now >= policy.until:
        return Asked.STOP, TOO_LATE
    return Asked.GO, ""


def may_not_start(facts: Facts, policy: Policy) -> str:
    """Why nothing may be started now; "" if it may."""
    if facts.free_bytes < policy.min_free:
        return DISK_FULL
    if policy.until is not None and facts.now + facts.typical_s > policy.until:
        return TOO_LATE
    return PREPARING if facts.preparing else ""


def _free(facts: Facts, living: int, policy: Policy) -> int:
    """How many attempts may start now: slots that no search uses, shared evenly.

    A search that has less, or the same and started longer ago, goes first.
    """
    total = living + sum(rival.running for rival in facts.rivals)
    free = max(0, policy.slots - total)
    for rival in facts.rivals:
        eager = rival.waits and rival.running < rival.slots and total < rival.slots
        if eager and (rival.running, rival.last_start) < (living, facts.last_start):
            return 0
    return min(free, 1) if facts.rivals else free


def _while_alive(active: Active, asked: Asked, now: float, policy: Policy) -> list[Action]:
    ending = active.ending
    if active.hung and (ending is None or not ending.killed):
        return [Terminate(active.run, active.attempt, Ending(now, HUNG, killed=True))]
    if ending is None:
        why = _why_end(active, asked, now, policy)
        if why is None:
            return []
        hard = asked is Asked.STOP_NOW
        detail = active.hopeless if why == STOPPED_EARLY else ""
        return [Terminate(active.run, active.attempt, Ending(now, why, hard, detail))]
    overdue = now - ending.since >= policy.grace_s or asked is Asked.STOP_NOW
    if overdue and not ending.killed:
        return [Terminate(active.run, active.attempt, replace(ending, since=now, killed=True))]
    if ending.killed and now - ending.since >= policy.grace_s:
        # Killed, and something still holds the lock: say it again rather than wait for ever.
        return [Terminate(active.run, active.attempt, replace(ending, since=now, killed=True))]
    return []


def _why_end(active: Active, asked: Asked, now: float, policy: Policy) -> str | None:
    if active.cancelled or not active.wanted:
        return CANCELLED
    if asked is not Asked.GO:
        return PREEMPTED
    if policy.timeout_s is not None and now - active.started >= policy.timeout_s:
        return TIMED_OUT
    return STOPPED_EARLY if active.hopeless else None


def _after_exit(active: Active, exited: Exited, policy: Policy) -> Action:
    run, attempt, status = active.run, active.attempt, exited.status
    seconds = max(0.0, exited.at - active.started)
    if exited.told:
        return _after_loss(active, exited.at, policy, describe_status(status))
    if status == 0:
        return End(run, attempt, Outcome.COMPLETED, seconds)
    if status - _KILLED in _FROM_OUTSIDE:
        return _after_loss(active, exited.at, policy, describe_status(status))
    if active.full:
        return _after_exhaustion(active, seconds)
    if active.failures < policy.max_retries:
        return Requeue(run, attempt, f"failed ({describe_status(status)})", failed=True)
    return End(run, attempt, Outcome.FAILED, seconds, describe_status(status))


def _after_exhaustion(active: Active, seconds: float) -> Action:
    """A run that others left no memory is tried again without them; that is enough to tell."""
    if active.alone or active.fulls >= _MOST_FULL:
        return End(active.run, active.attempt, Outcome.OUT_OF_MEMORY, seconds, active.full)
    why = f"{active.full}, beside other runs: the next attempt is alone"
    return Requeue(active.run, active.attempt, why, full=True)


def _after_loss(active: Active, now: float, policy: Policy, how: str) -> Action:
    """An attempt that ended by no doing of its script is no outcome: its run is tried again."""
    run, attempt = active.run, active.attempt
    seconds = max(0.0, now - active.started)
    if active.ending is not None:
        return _after_ending(active, active.ending, seconds)
    if not active.wanted:
        return End(run, attempt, Outcome.CANCELLED, seconds, "the script changed")
    if active.rebooted:
        return Requeue(run, attempt, "the machine went down")
    if active.lost + 1 >= policy.max_lost:
        detail = f"{how}, {active.lost + 1} times in a row"
        return End(run, attempt, Outcome.FAILED, seconds, detail)
    return Requeue(run, attempt, how, lost=True)


def _after_ending(active: Active, ending: Ending, seconds: float) -> Action:
    """An attempt that was asked to end has ended."""
    run, attempt = active.run, active.attempt
    if ending.why == PREEMPTED:
        return Requeue(run, attempt, "stopped with its search")
    if ending.why == HUNG:
        return Requeue(run, attempt, "hung after a warm start")
    if ending.why == STOPPED_EARLY:
        return End(run, attempt, Outcome.STOPPED, seconds, ending.detail)
    if ending.why == TIMED_OUT:
        return End(run, attempt, Outcome.TIMED_OUT, seconds, "took longer than --timeout")
    return End(run, attempt, Outcome.CANCELLED, seconds, "stopped on request")


def describe_status(status: int) -> str:
    """A sentence for how a script ended that did not complete."""
    if status == 0:
        return "ended itself when it was told to"
    if status == _KILLED + _SIGKILL:
        return "killed by SIGKILL: by somebody, or by the kernel for want of memory"
    if status == _KILLED + _SIGTERM:
        return "ended by SIGTERM from outside"
    if status == 127:
        return "its interpreter was not found (status 127)"
    if status > _KILLED:
        return f"ended by signal {status - _KILLED}"
    return f"exit status {status}"
