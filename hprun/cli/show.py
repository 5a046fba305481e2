"""`hprun show`: all about a search, or one trial of it."""

from __future__ import annotations

import json
from typing import Any

import click

from hprun.autolog import lines, read_record, record_path
from hprun.cli.options import (
    cache_option,
    find_search,
    find_trial,
    is_trial,
    json_option,
    live_state,
    open_store,
    parse_trial,
)
from hprun.engine.provenance import calls
from hprun.engine.writing_down import saved_settings
from hprun.gpu.binding import binding_words
from hprun.model import Ended, Outcome, Queued, state_word
from hprun.paths import Cache
from hprun.report.log_tail import tail
from hprun.report.provenance_words import date_words, provenance_rows, short_provenance
from hprun.report.results import SCHEMA, metric_json, results, results_json
from hprun.report.terminal import print_table, stdout
from hprun.report.words import count_words, score_words, time_words
from hprun.report.words_in_colour import Column, state_text
from hprun.store import Part, SearchRow, Store

_LOG_LINES = 15
_NOT_LIMITED = "GPU memory: no limit was set in TensorFlow, torch or JAX: they used no GPU"


@click.command("show")
@click.argument("what", metavar="[SEARCH|TRIAL]", required=False)
@click.option("--search", help="The search that TRIAL belongs to (default: the one last used).")
@json_option
@cache_option
def command(what: str | None, *, search: str | None, as_json: bool, cache: Cache) -> int:
    """Tell all about TRIAL: values, scores, attempts, folders, and why a run failed.

    Or about SEARCH: what it asks, how it stands, and with what it was run: commit and changes,
    packages, machine.
    """
    store = open_store(cache)
    if what is not None and is_trial(what):
        row = find_search(store, search)
        return _show_trial(store, row, what, cache, as_json=as_json)
    if search is not None:
        raise click.UsageError("--search goes with a trial: `hprun show 7 --search NAME`.")
    row = find_search(store, what)
    if as_json:
        click.echo(json.dumps(_search_json(store, row, cache), indent=1))
    else:
        _show_search(store, row, cache)
    return 0


def _search_json(store: Store, row: SearchRow, cache: Cache) -> dict[str, Any]:
    counts = store.counts(row.id)
    return {
        "schema": SCHEMA,
        "search": row.name,
        "state": live_state(cache, row, counts),
        "metric": metric_json(row.metric),
        "settings": row.request["settings"],
        "trials": store.trial_count(row.id),
        "counts": counts,
        "created": row.created,
        "provenance": calls(cache, row.name),
    }


def _show_search(store: Store, row: SearchRow, cache: Cache) -> None:
    console, counts = stdout(), store.counts(row.id)
    settings = saved_settings(row, cache)[0]
    console.print(f"{row.name}: ", state_text(live_state(cache, row, counts)), sep="")
    console.print(f"  script: {' '.join([settings.script, *settings.args])}", markup=False)
    for spec in settings.hp:
        console.print(f"  {spec}", markup=False)
    if settings.search or settings.trials:
        asked = f", {settings.trials:,} trials" if settings.trials else ""
        console.print(f"  strategy: {settings.search or 'tpe'}{asked}", markup=False)
    console.print(f"  metric: {row.metric or 'none'}", markup=False)
    runs = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
    trials = count_words(store.trial_count(row.id), "trial")
    console.print(f"  {trials}; runs: {runs or 'none'}", markup=False)
    console.print(f"  begun: {date_words(row.created)}", markup=False)
    found = calls(cache, row.name)
    if not found:
        console.print("  what it was run with was not written down", markup=False)
        return
    more = f", the last of {len(found)} calls" if len(found) > 1 else ""
    console.print(f"\nrun with ({date_words(found[-1]['at'])}{more}):", markup=False)
    for name, text in provenance_rows(found[-1], cache.search(row.name)):
        line = f"{name}: {text}" if name else text
        console.print(f"  {line}", markup=False)


def _show_trial(store: Store, row: SearchRow, trial: str, cache: Cache, *, as_json: bool) -> int:
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
    recorded = calls(cache, row.name)
    if recorded:
        console.print(f"\n{short_provenance(recorded[-1])}; `hprun show {row.name}` tells more",
                      markup=False)  # fmt: skip
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
