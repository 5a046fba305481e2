"""Carrying a search out: taken up under its lock, run by the loop, and told how it ended."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hprun.cli.endings import exit_status, print_end, say_resume
from hprun.cli.holding import held
from hprun.cli.looping import Machine, adding_to, run_loop
from hprun.cli.options import now, open_store
from hprun.dataclass import dataclass
from hprun.engine.decide import Finish
from hprun.engine.gpu_memory import gpu_memory
from hprun.engine.gpu_sharing import check_sharing, sharing
from hprun.engine.interpreter import check_interpreter, interpreter
from hprun.engine.interrupts import Interrupts
from hprun.engine.placing import placing
from hprun.engine.provenance import record
from hprun.engine.question import Question
from hprun.engine.readings import fill_readings
from hprun.engine.writing_down import Begun
from hprun.errors import CacheError, HprunError
from hprun.filesystems import refuse_network
from hprun.gpu.probing import Probe
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.lines import added_words
from hprun.report.results import Result, results, results_json
from hprun.report.terminal import say
from hprun.report.words import count_words
from hprun.store import SearchRow, Store

if TYPE_CHECKING:
    from hprun.engine.given import Source
    from hprun.engine.judging import Judge

_SHOWN = 10  # trials in the table at the end


def search(question: Question, cache: Cache, *, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Run what is not done yet; returns the exit status. Raises HprunError."""
    check_interpreter(question.settings)
    with contextlib.closing(Probe()) as probe:
        machine = Machine(placing(question.settings, probe), probe)
        gpu_memory(question.settings, machine.placing)  # what cannot be is told before anything
        check_sharing(question.settings, machine.placing)
        return _search(question, cache, machine, as_json=as_json, quiet=quiet, verbose=verbose)


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
            tell = (lambda _: None) if quiet else say
            with sharing(question.settings, cache.search(row.name) / "mps", tell) as pipes:
                finish = run_loop(
                    question, cache, store, row, interrupts, machine, quiet, verbose,
                    judge=judge, pipes=pipes,
                )  # fmt: skip
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
                print_end(store, row, first, early=question.stops is not None)
    if finish.complete:
        status = exit_status(store, row, first, quiet=quiet)
    else:
        status = say_resume(row, cache, interrupts.first, interrupts.notice or finish.why)
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


def _is_open(store: Store, row: SearchRow, trials: int, met: str) -> bool:
    """Say whether there is anything to do in a search that is to have so many trials."""
    counts = store.counts(row.id)
    if counts.get("running") or store.strays():
        return True
    if met:
        return bool(store.added_open(row.id))
    return bool(counts.get("queued")) or store.trial_count(row.id) < trials


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
