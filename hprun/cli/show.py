"""`hprun show`: all about one trial."""

from __future__ import annotations

import json
from typing import Any

import click

from hprun.autolog import lines, read_record, record_path
from hprun.cli.options import (
    cache_option,
    find_search,
    find_trial,
    json_option,
    open_store,
    parse_trial,
)
from hprun.gpu.binding import binding_words
from hprun.model import Ended, Outcome, Queued, state_word
from hprun.paths import Cache
from hprun.report.log_tail import tail
from hprun.report.results import SCHEMA, results, results_json
from hprun.report.terminal import print_table, stdout
from hprun.report.words import score_words, time_words
from hprun.report.words_in_colour import Column, state_text
from hprun.store import Part, SearchRow, Store

_LOG_LINES = 15
_NOT_LIMITED = "GPU memory: no limit was set in TensorFlow, torch or JAX: they used no GPU"


@click.command("show")
@click.argument("trial")
@click.option("--search", help="The search (default: the one last used).")
@json_option
@cache_option
def command(trial: str, *, search: str | None, as_json: bool, cache: Cache) -> int:
    """Tell all about TRIAL: values, scores, attempts, folders, and why a run failed."""
    store = open_store(cache)
    row = find_search(store, search)
    number, _ = parse_trial(trial)
    found = find_trial(store, row, number, row.metric)
    result = results([found], row.metric)[0]
    if as_json:
        document = results_json(row.name, row.metric, [result], cache)
        one = document["trials"][0]
        del one["rank"]  # among one there is none
        click.echo(json.dumps({"schema": SCHEMA, "search": row.name, **one}, indent=1))
        return 0
    console = stdout()
    console.print(f"{row.name} trial {number}: ", state_text(result.state), sep="")
    for name, value in result.values.items():
        console.print(f"  {name} = {value!r}", markup=False)
    if row.metric is not None:
        spread = f" (std {score_words(result.std)}, n {result.n})" if result.n > 1 else ""
        score = score_words(result.score) if result.score is not None else result.note or "-"
        console.print(f"  {row.metric}: {score}{spread}", markup=False)
    console.print()
    _print_runs(store, row, result.parts)
    settings = row.request["settings"]
    limited = bool(settings.get("gpu_memory") or settings.get("gpu_memory_per_run"))
    for part in result.parts:
        _print_details(store, part, cache, limited=limited)
    return 0


def _print_runs(store: Store, row: SearchRow, parts: tuple[Part, ...]) -> None:
    repeats = any(part.run.repeat for part in parts)
    columns = [Column("fold", right=True)]
    columns += [Column("repeat", right=True)] if repeats else []
    columns += [Column("state"), Column(str(row.metric or "metric"), right=True)]
    columns += [Column("step", right=True), Column("time", right=True)]
    columns += [Column("attempts", right=True), Column("read from")]
    rows = []
    for part in parts:
        state, reading = part.run.state, part.reading
        ended = isinstance(state, Ended)
        cells: list[Any] = [str(part.run.fold)]
        cells += [str(part.run.repeat)] if repeats else []
        cells += [
            state_text(state_word(state)),
            score_words(reading.value) if reading else "-",
            str(reading.step) if reading and reading.step is not None else "-",
            time_words(state.seconds) if isinstance(state, Ended) and ended else "-",
            str(len(store.attempts(part.run.id))),
            reading.series if reading else "-",
        ]
        rows.append(cells)
    print_table(stdout(), columns, rows)


def _print_details(store: Store, part: Part, cache: Cache, *, limited: bool) -> None:
    console, run = stdout(), part.run
    paths = cache.run(run.folder)
    repeat = f" repeat {run.repeat}" if "repeat" in paths.folder.name else ""
    gone = "" if paths.folder.exists() or isinstance(run.state, Queued) else " (removed)"
    console.print(f"\nfold {run.fold}{repeat}: {paths.folder}{gone}", markup=False)
    if part.reading is not None:
        _print_reading(part.reading.detail or {})
    record = read_record(record_path(paths.checkpoint))
    for line in lines(record):
        console.print(f"  {line}", markup=False)
    ran = isinstance(run.state, Ended) and run.state.attempts
    if limited and ran and not record.memory:
        console.print(f"  {_NOT_LIMITED}", markup=False)
    attempts = store.attempts(run.id)
    for attempt in attempts:
        on = f" on {binding_words(attempt.device)}" if attempt.device else ""
        if len(attempts) > 1 or on:
            ending = attempt.ending or "running"
            console.print(f"  attempt {attempt.number}{on}: {ending}", markup=False)
    if isinstance(run.state, Ended) and run.state.outcome is not Outcome.COMPLETED:
        console.print(f"  {run.state.detail}", markup=False)
        for line in tail(paths.log, _LOG_LINES):
            console.print(f"    {line}", markup=False)


def _print_reading(detail: dict[str, Any] | Any) -> None:
    console = stdout()
    for note in detail.get("notes", []):
        console.print(f"  note: {note}", markup=False)
    if detail.get("candidates"):
        console.print("  the metric could be any of these; name one with --metric 'RUN//TAG':")
        for series, count, step, value in detail["candidates"]:
            words = f"    {series}  {count} points, last {score_words(value)} at step {step}"
            console.print(words, markup=False)
    if "tags" in detail:
        names = ", ".join(detail["tags"]) or "nothing"
        console.print(f"  the metric is missing; written was: {names}", markup=False)
