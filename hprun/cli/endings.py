"""How a search ended: its ranking, what went wrong, how to go on, the exit status."""

from __future__ import annotations

import os
import shlex
import signal

from hprun.engine.decide import FAILED_FAST
from hprun.paths import Cache
from hprun.report.ranking_table import print_ranking
from hprun.report.results import Result
from hprun.report.terminal import say, stdout
from hprun.report.words import count_words
from hprun.store import SearchRow, Store

COMPLETE, SOME_FAILED, NO_METRIC, STOPPED = 0, 1, 3, 75


def print_end(store: Store, row: SearchRow, first: list[Result], *, early: bool) -> None:
    """The first of the ranking, and what stopping early has saved."""
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


def say_resume(row: SearchRow, cache: Cache, first: signal.Signals | None, why: str) -> int:
    """Say how to go on with a search that was stopped; returns its exit status."""
    stopped = f"Stopped: {why}." if why else "Stopped."
    say(f"{stopped} Go on with `{resume_command(row, cache)}`.")
    if why == FAILED_FAST:
        return SOME_FAILED
    return 128 + first if first is not None else STOPPED


def exit_status(store: Store, row: SearchRow, first: list[Result], *, quiet: bool) -> int:
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
