"""The loop that carries a search out, put together from what the search asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.cli.options import now
from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.adding import Adding, Plan
from hprun.engine.asking import Asking
from hprun.engine.decide import Asked, Finish, Policy
from hprun.engine.gpu_memory import gpu_memory
from hprun.engine.interrupts import Interrupts
from hprun.engine.loop import Loop
from hprun.engine.packing_runs import Packing
from hprun.engine.placing import Placing
from hprun.engine.question import Question
from hprun.engine.warming import shared_prefix, wants_warm, warm_starts
from hprun.engine.work import Work, work
from hprun.executors import LocalExecutor, WarmStarts
from hprun.gpu.probing import Probe
from hprun.model import Values
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.lines import Lines
from hprun.report.progress import Progress
from hprun.report.terminal import stderr
from hprun.store import PlannedRun, SearchRow, Store

if TYPE_CHECKING:
    from hprun.engine.judging import Judge


@dataclass(frozen=True, slots=True)
class Machine:
    """Where runs may go here, and what tells how that stands."""

    placing: Placing
    probe: Probe


def run_loop(  # noqa: PLR0913, PLR0917 - what it works with, each named
    question: Question,
    cache: Cache,
    store: Store,
    row: SearchRow,
    interrupts: Interrupts,
    machine: Machine,
    quiet: bool,
    verbose: bool,
    *,
    judge: Judge | None,
    pipes: Path | None,
) -> Finish:
    """Run what is not done yet; the caller holds the search's lock.

    `pipes` are those of the MPS daemon that the runs share, where there is one of ours.
    """
    progress = _progress(question, store, row)
    left = progress.runs - progress.done
    lines = _lines(question, cache, row, progress, interrupts, quiet=quiet, verbose=verbose)
    placed = machine.placing
    how = _policy(question.settings, now(), placed.slots)
    memory = gpu_memory(question.settings, placed, pipes)
    doing = work(question, cache, lines.say, placed.env(left), memory)
    doing.snapshot()  # what cannot be copied is told before anything is claimed
    warm = None
    if wants_warm(question.settings.start, left, 1 if placed.auto else how.slots):
        warm = _warm(question, cache.search(row.name) / "forkserver", doing, lines)
    executor = LocalExecutor(warm)
    early = None
    if question.stops is not None:
        from hprun.engine.stopping import early_stops

        early = early_stops(store, cache, row, question.stops, question.shape)
    packing = Packing(store, cache, row, placed, executor, lines, machine.probe)
    loop = Loop(
        store, cache, row, how, lines, doing,
        executor=executor, early=early, judge=judge, packing=packing,
        asking=asking(question, cache, store, row, lines.say, quiet=quiet),
        adding=adding_to(question, cache, store, row),
    )  # fmt: skip
    from hprun.preemption import watch

    with (
        contextlib.closing(executor),
        contextlib.closing(packing),
        contextlib.closing(early) if early is not None else contextlib.nullcontext(),
        interrupts,
        watch(interrupts.ask) or contextlib.nullcontext(),
        # A table is taken back at the end, lines that are printed stay.
        lines if isinstance(lines, contextlib.AbstractContextManager) else contextlib.nullcontext(),
    ):
        return loop.run(interrupts)


def _policy(settings: Settings, now: float, slots: int) -> Policy:
    """How the loop is to decide, from `now` on."""
    return Policy(
        slots=slots,
        grace_s=settings.grace,
        max_retries=settings.max_retries,
        fail_fast=settings.fail_fast,
        timeout_s=settings.timeout or None,
        until=now + settings.for_ if settings.for_ else None,
        min_free=settings.min_free,
        max_log=settings.max_log,
    )


def _progress(question: Question, store: Store, row: SearchRow) -> Progress:
    """How far the search is, and what its best trials are."""
    per_trial = question.shape.runs_per_trial
    progress = Progress(
        row.metric, question.runs + store.added_count(row.id) * per_trial, per_trial
    )
    counts = store.counts(row.id)
    progress.done = sum(n for word, n in counts.items() if word not in ("queued", "running"))
    if row.metric is not None:
        begun = store.begun_trials(row.id) if per_trial > 1 else []
        best = leaders(store, row.id, row.metric, 1)
        progress.remember(best, store.trials(row.id, row.metric, begun))
    return progress


def _lines(
    question: Question,
    cache: Cache,
    row: SearchRow,
    progress: Progress,
    interrupts: Interrupts,
    *,
    quiet: bool,
    verbose: bool,
) -> Lines:
    """What is told of each run: a table on a terminal, else lines."""
    if quiet or not stderr().is_terminal:
        return Lines(progress, cache, question.workspace, quiet=quiet, verbose=verbose)
    from hprun.report.live import LiveTable

    def ask() -> None:
        interrupts.ask("asked by key")

    return LiveTable(row.name, progress, cache, question.workspace, ask, verbose=verbose)


def _warm(question: Question, folder: Path, doing: Work, lines: Lines) -> WarmStarts:
    """Starts that import once what the script imports, and do once what all runs begin with."""
    prefix = None
    if question.settings.share_prefix:
        prefix = shared_prefix(doing, folder, question.axes(), lines.say)
    return warm_starts(
        doing, folder, prefix=prefix, only_warm=question.settings.start == "warm",
        say=lines.say, ready=lines.warm,
    )  # fmt: skip


def asking(
    question: Question,
    cache: Cache,
    store: Store,
    row: SearchRow,
    say: Callable[[str], None],
    *,
    quiet: bool = False,
) -> Asking | None:
    """What proposes trials, where they are not all known."""
    chosen = question.chosen
    if chosen is None:
        return None
    plan, whole = _plan(question, cache, row), question.stops is None
    return Asking(
        store, row, chosen.strategy, chosen.name, chosen.budget, plan,
        whole=whole, say=say, quiet=quiet,
    )  # fmt: skip


def adding_to(question: Question, cache: Cache, store: Store, row: SearchRow) -> Adding:
    """What takes up trials that are added by hand; the caller holds the search's lock."""
    return Adding(store, row, _plan(question, cache, row), whole=question.stops is None)


def _plan(question: Question, cache: Cache, row: SearchRow) -> Plan:
    def plan(first: int, choices: Sequence[Values]) -> list[PlannedRun]:
        return list(question.plan(row.name, cache, choices, first))

    return plan


def stop_runs(
    store: Store, cache: Cache, row: SearchRow, grace_s: float, trial: int | None = None
) -> None:
    """End what a dead coordinator left running (of one trial); the caller holds the lock."""
    progress = Progress(row.metric, 0, 1)
    lines = Lines(progress, cache, cache.root, quiet=True)
    how = Policy(slots=1, grace_s=grace_s)
    loop = Loop(store, cache, row, how, lines, None, only_trial=trial)
    with Interrupts() as interrupts:
        loop.run(interrupts, asked=Asked.STOP)
