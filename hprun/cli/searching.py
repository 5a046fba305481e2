"""Carrying a search out: the queue, the loop, the words around it, the exit status."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hprun.cli.options import now, open_store
from hprun.dataclass import dataclass
from hprun.engine.adding import Adding, Plan
from hprun.engine.asking import Asking
from hprun.engine.assemble import (
    Begun,
    Question,
    check_interpreter,
    interpreter,
    policy,
    search_key,
    work,
    write_down,
)
from hprun.engine.decide import FAILED_FAST, Asked, Finish
from hprun.engine.interrupts import Interrupts
from hprun.engine.listening import Listener
from hprun.engine.loop import Loop
from hprun.engine.packing_runs import Packing
from hprun.engine.placing import Placing, placing
from hprun.engine.provenance import record
from hprun.engine.readings import fill_readings
from hprun.engine.warming import shared_prefix, wants_warm, warm_starts
from hprun.errors import CacheError, HprunError
from hprun.executors import LocalExecutor
from hprun.files import Lock
from hprun.filesystems import refuse_network
from hprun.gpu.probing import Probe
from hprun.model import Values
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.lines import Lines, added_words
from hprun.report.progress import Progress
from hprun.report.ranking_table import print_ranking
from hprun.report.results import Result, results, results_json
from hprun.report.terminal import say, stderr, stdout
from hprun.report.words import count_words
from hprun.store import PlannedRun, SearchRow, Store

if TYPE_CHECKING:
    from hprun.engine.given import Source
    from hprun.engine.judging import Judge

COMPLETE, SOME_FAILED, NO_METRIC, STOPPED = 0, 1, 3, 75
_SHOWN = 10  # trials in the table at the end


def search(question: Question, cache: Cache, *, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Run what is not done yet; returns the exit status. Raises HprunError."""
    check_interpreter(question.settings)
    with contextlib.closing(Probe()) as probe:
        machine = Machine(placing(question.settings, probe), probe)
        return _search(question, cache, machine, as_json=as_json, quiet=quiet, verbose=verbose)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where runs may go here, and what tells how that stands."""

    placing: Placing
    probe: Probe


def _search(
    question: Question,
    cache: Cache,
    machine: Machine,
    *,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    refuse_network(cache.root)
    sources = _sources(question, cache)
    try:
        cache.create()
    except OSError as error:
        raise CacheError(
            f"The cache {cache.root} cannot be written: {error.strerror}.",
            hint="Name another folder with --cache.",
        ) from error
    store = open_store(cache, create=True)
    with held(store, cache, question) as begun:
        over = _carry_out(
            question,
            cache,
            store,
            begun,
            sources,
            machine,
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
        )
    if question.settings.on_finish:
        from hprun.cli import on_finish

        if on_finish.is_over(over.finish, before=begun.row.state, ran=over.ran):
            on_finish.call(
                question.settings.on_finish, begun.row, cache,
                complete=over.finish.complete, status=over.status, best=over.best,
            )  # fmt: skip
    return over.status


@dataclass(frozen=True, slots=True)
class _Over:
    """How a call ended: `ran` says whether there was anything to do."""

    finish: Finish
    status: int
    ran: bool
    best: Result | None


def _carry_out(  # noqa: PLR0913 - what it works with, each named
    question: Question,
    cache: Cache,
    store: Store,
    begun: Begun,
    sources: Sequence[Source],
    machine: Machine,
    *,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> _Over:
    """Run what is not done yet, and say how it ended; the caller holds the search's lock."""
    row = begun.row
    by_hand = _take_in(question, cache, store, begun, sources, quiet=quiet)
    if row.metric is not None:
        fill_readings(store, cache, row.id, row.metric)
    store.forget_requests(row.id)
    interrupts = Interrupts()
    judge = _judge(question, store, row)
    finish = Finish(complete=True, why=judge.why if judge is not None else "")
    ran = _is_open(store, row, question.trials + by_hand, finish.why)
    if ran:
        store.set_search_state(row.id, "running", now())
        record(cache, row.name, question.workspace, interpreter(question.settings))
        try:
            finish = _loop(
                question, cache, store, row, interrupts, machine, quiet, verbose, judge=judge
            )
        except HprunError:
            with contextlib.suppress(CacheError):  # the disk may be full
                store.set_search_state(row.id, "stopped", now())
            raise
    elif finish.why and not quiet:
        say(f"{finish.why}.")
    state = "complete" if finish.complete else "stopped"
    store.set_search_state(row.id, state, now())
    if as_json:
        ranked = results(store.trials(row.id, row.metric), row.metric)
        first = ranked[:_SHOWN]
        click.echo(json.dumps(results_json(row.name, row.metric, ranked, cache), indent=1))
    else:
        first = leaders(store, row.id, row.metric, _SHOWN)
        if not quiet:
            with contextlib.suppress(OSError):  # nobody is there to read it
                _print_end(store, row, first, early=question.stops is not None)
    if finish.complete:
        status = _status(store, row, first, quiet=quiet)
    else:
        status = _say_resume(row, cache, interrupts.first, interrupts.notice or finish.why)
    return _Over(finish, status, ran, first[0] if first else None)


def _judge(question: Question, store: Store, row: SearchRow) -> Judge | None:
    if question.goal is None:
        return None
    from hprun.engine.judging import Judge

    return Judge(store, row.id, question.goal)


def _sources(question: Question, cache: Cache) -> list[Source]:
    """What the search is given to begin with, where it has not been given it before."""
    if not question.settings.from_:
        return []
    from hprun.engine.given import gather

    return gather(question, cache)


def _take_in(
    question: Question,
    cache: Cache,
    store: Store,
    begun: Begun,
    sources: Sequence[Source],
    *,
    quiet: bool,
) -> int:
    """Write down what the search is given and what was added by hand while nobody was there, and
    say what it will do; returns how many trials there are by hand.
    """
    row = begun.row
    if sources:
        store.put_given(row.id, (trial for source in sources for trial in source.trials))
    added = adding_to(question, cache, store, row).take(store.requests(row.id))
    by_hand = store.added_count(row.id)
    if not quiet:
        for source in sources:
            say(source.words())
        _say_plan(question, begun, by_hand)
    for text in added_words(added, quiet=quiet):
        say(text)
    return by_hand


@contextmanager
def held(store: Store, cache: Cache, question: Question) -> Iterator[Begun]:
    """Hold the lock of a search while it is written down and worked on. Raises CacheError."""
    known = store.search_by_key(search_key(question, cache))
    if known is not None:
        with lock_search(store, cache, known):
            yield write_down(question, store, cache, now())
        return
    begun = write_down(question, store, cache, now())
    with lock_search(store, cache, begun.row):
        yield begun


@contextmanager
def lock_search(store: Store, cache: Cache, row: SearchRow) -> Iterator[None]:
    """Be the only coordinator of a search. Raises CacheError where there is one."""
    path = cache.search_lock(row.name)
    lock = Lock(path)
    try:
        taken = lock.acquire()
    except OSError as error:
        raise CacheError(
            f"{path} cannot be written: {error.strerror}.", hint="Name another cache with --cache."
        ) from error
    if not taken:
        pid = path.read_text("ascii").strip() or "unknown"
        counts = store.counts(row.id)
        waiting, running = counts.get("queued", 0), counts.get("running", 0)
        total = sum(counts.values())
        raise CacheError(
            f"{row.name} is being searched already, by process {pid}:"
            f" {total - waiting - running} of {total} done, {running} running.",
            hint="Watch it with `hprun status --watch`, or end it with `hprun stop`.",
        )
    with lock:
        lock.write(str(os.getpid()))
        yield


def _is_open(store: Store, row: SearchRow, trials: int, met: str) -> bool:
    """Say whether there is anything to do in a search that is to have so many trials."""
    counts = store.counts(row.id)
    if counts.get("running") or store.strays():
        return True
    if met:
        return bool(store.added_waiting(row.id))
    return bool(counts.get("queued")) or store.trial_count(row.id) < trials


def adding_to(question: Question, cache: Cache, store: Store, row: SearchRow) -> Adding:
    """What takes up trials that are added by hand; the caller holds the search's lock."""
    return Adding(store, row, _plan(question, cache, row), whole=question.stops is None)


def _plan(question: Question, cache: Cache, row: SearchRow) -> Plan:
    def plan(first: int, choices: Sequence[Values]) -> list[PlannedRun]:
        return list(question.plan(row.name, cache, choices, first))

    return plan


def _loop(  # noqa: PLR0913, PLR0917 - what it works with, each named
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
) -> Finish:
    per_trial = question.shape.runs_per_trial
    runs = question.runs + store.added_count(row.id) * per_trial
    progress = Progress(row.metric, runs, per_trial)
    counts = store.counts(row.id)
    progress.done = sum(n for word, n in counts.items() if word not in ("queued", "running"))
    if row.metric is not None:
        begun = store.begun_trials(row.id) if progress.runs_per_trial > 1 else []
        best = leaders(store, row.id, row.metric, 1)
        progress.remember(best, store.trials(row.id, row.metric, begun))
    lines: Lines
    if stderr().is_terminal and not quiet:
        from hprun.report.live import LiveTable

        lines = live = LiveTable(
            row.name,
            progress,
            cache,
            question.workspace,
            lambda: interrupts.ask("asked by key"),
            verbose=verbose,
        )
        context: contextlib.AbstractContextManager[object] = live
    else:
        lines = Lines(progress, cache, question.workspace, quiet=quiet, verbose=verbose)
        context = contextlib.nullcontext()
    listener: Listener = lines
    placed = machine.placing
    how = policy(question.settings, now(), placed.slots)
    doing = work(question, cache, lines.say, placed.env(runs - progress.done))
    doing.snapshot()  # what cannot be copied is told before anything is claimed
    warm = None
    first = 1 if placed.auto else how.slots
    if wants_warm(question.settings.start, runs - progress.done, first):
        folder = cache.search(row.name) / "forkserver"
        prefix = None
        if question.settings.share_prefix:
            prefix = shared_prefix(doing, folder, question.axes(), lines.say)
        warm = warm_starts(
            doing,
            folder,
            prefix=prefix,
            only_warm=question.settings.start == "warm",
            say=lines.say,
            ready=lines.warm,
        )
    executor = LocalExecutor(warm)
    early = None
    if question.stops is not None:
        from hprun.engine.stopping import early_stops

        early = early_stops(store, cache, row, question.stops, question.shape)
    packing = Packing(store, cache, row, placed, executor, listener, machine.probe)
    loop = Loop(
        store, cache, row, how, listener, doing,
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
        context,
    ):
        return loop.run(interrupts)


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


def stop_runs(
    store: Store, cache: Cache, row: SearchRow, grace_s: float, trial: int | None = None
) -> None:
    """End what a dead coordinator left running (of one trial); the caller holds the lock."""
    from hprun.engine.decide import Policy

    progress = Progress(row.metric, 0, 1)
    lines = Lines(progress, cache, cache.root, quiet=True)
    how = Policy(slots=1, grace_s=grace_s)
    loop = Loop(store, cache, row, how, lines, None, only_trial=trial)
    with Interrupts() as interrupts:
        loop.run(interrupts, asked=Asked.STOP)


def _say_plan(question: Question, begun: Begun, by_hand: int) -> None:
    linked, shape = begun.linked, question.shape
    trials = count_words(question.trials, "trial")
    if question.chosen is not None:
        trials += f" by {question.chosen.name}"
    if by_hand:
        trials += f" and {by_hand:,} added by hand"
    per = []
    if shape.folds:
        per.append(f"{shape.folds} folds")
    if shape.repeats > 1:
        per.append(f"{shape.repeats} repeats")
    runs = question.runs + by_hand * shape.runs_per_trial
    product = " × ".join([trials, *per]) + (f" = {runs:,} runs" if per else "")
    todo = runs - linked.done - linked.failed - linked.cancelled
    if not todo and not linked.failed and not linked.cancelled:
        rest = "everything is done already"
    else:
        parts = [f"{linked.done:,} done before"] if linked.done else []
        parts += [f"{linked.failed:,} failed before (`hprun retry`)"] if linked.failed else []
        parts += [f"{linked.cancelled:,} cancelled before"] if linked.cancelled else []
        rest = ", ".join([*parts, f"{todo:,} to run"])
    if linked.changed:
        files = " and ".join(begun.edited) or "what they execute"
        verb = "has" if len(begun.edited) == 1 else "have"
        say(f"{files} {verb} changed: that makes {linked.changed:,} of {linked.runs:,} runs others")
    metric = begun.row.metric
    by = f"; best is the {'lowest' if metric.direction.value == 'min' else 'highest'} {metric.name}" if (
        metric is not None
    ) else ""  # fmt: skip
    say(f"{begun.row.name}: {product}, {rest}{by}")


def _print_end(store: Store, row: SearchRow, first: list[Result], *, early: bool) -> None:
    print_ranking(stdout(), first, row.metric)
    more = store.trial_count(row.id) - len(first)
    if more > 0:
        say(f"… and {more:,} more: `hprun results`")
    if early and row.metric is not None:
        from hprun.report.spared import spared_words

        if words := spared_words(store.ended_parts(row.id, row.metric)):
            say(words)


def resume_command(row: SearchRow, cache: Cache) -> str:
    """What one types to go on with a search."""
    default = os.path.abspath("cache")  # noqa: PTH100
    where = "" if str(cache.root) == default else f" --cache {shlex.quote(str(cache.root))}"
    return f"hprun resume {row.name}{where}"


def _say_resume(row: SearchRow, cache: Cache, first: signal.Signals | None, why: str) -> int:
    stopped = f"Stopped: {why}." if why else "Stopped."
    say(f"{stopped} Go on with `{resume_command(row, cache)}`.")
    if why == FAILED_FAST:
        return SOME_FAILED
    return 128 + first if first is not None else STOPPED


def _status(store: Store, row: SearchRow, first: list[Result], *, quiet: bool) -> int:
    """The exit status of a complete search, with a word on what is not as it should be."""
    failed = store.failed_trials(row.id)
    if failed:
        if not quiet:
            numbers = ", ".join(map(str, failed[:8])) + (" …" if failed[8:] else "")
            say(
                f"{count_words(len(failed), 'trial')} failed: {numbers}. `hprun logs"
                f" {failed[0]}` says why, `hprun retry` runs them again."
            )
        return SOME_FAILED
    if row.metric is not None and all(result.score is None for result in first):
        if not quiet:
            _say_no_metric(row, first)
        return NO_METRIC
    return COMPLETE


def _say_no_metric(row: SearchRow, first: list[Result]) -> None:
    assert row.metric is not None
    readings = [p.reading for r in first for p in r.parts if p.reading is not None]
    candidates = [c[0] for r in readings for c in (r.detail or {}).get("candidates", [])]
    tags = [tag for r in readings for tag in (r.detail or {}).get("tags", [])]
    if candidates:
        names = ", ".join(dict.fromkeys(candidates))
        say(f"{row.metric.name} could be any of: {names}.")
    else:
        names = ", ".join(dict.fromkeys(tags)) or "nothing"
        say(f"No run wrote {row.metric.name}. What was written: {names}.")
    say("Rank by another name without running again: `hprun results --metric NAME`.")
