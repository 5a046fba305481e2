"""`hprun export`: a search in the forms that other tools read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hprun.cli.options import (
    asked_metric,
    cache_option,
    find_search,
    metric_options,
    open_store,
    understood,
)
from hprun.engine.writing_down import saved_settings
from hprun.errors import HprunError
from hprun.files import write_whole
from hprun.model import Metric
from hprun.paths import Cache
from hprun.report.export.rows import Row, rows, value_columns
from hprun.report.results import Result, results
from hprun.report.terminal import stderr
from hprun.report.words import count_words
from hprun.store import SearchRow, Store

if TYPE_CHECKING:
    from hprun.report.export.study import Curves

_FORMATS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".db": "optuna",
    ".sqlite3": "optuna",
}
_NO_TEXT = ("parquet", "optuna")


@click.command("export")
@click.argument("search", required=False)
@click.option(
    "--format",
    "-f",
    "kind",
    type=click.Choice(["csv", "json", "jsonl", "parquet", "optuna", "sklearn"]),
    help="What to write (default: as the file's name ends, else csv).",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
    help="Where to write it (default: to stdout).",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Replace the file, or the study, that is there.")
@metric_options
@cache_option
def command(
    search: str | None,
    *,
    kind: str | None,
    output: Path | None,
    replace: bool,
    metric: str | None,
    direction: str | None,
    cache: Cache,
) -> int:
    """Write the trials of SEARCH (default: the one last used) for other tools.

    csv, json, jsonl and parquet have a row for each trial; optuna is a study in an SQLite file;
    sklearn is `cv_results_` as CSV, where greater is better.
    """
    kind = kind or (_FORMATS.get(output.suffix.lower(), "csv") if output is not None else "csv")
    _check(kind, output, replace=replace)
    store = open_store(cache)
    row = find_search(store, search)
    chosen = asked_metric(store, cache, row, metric, direction)
    ranked = results(store.trials(row.id, chosen), chosen)
    table = rows(ranked, store.trial_times(row.id))
    if kind == "optuna":
        assert output is not None, "which has been checked"
        _write_study(store, cache, row, chosen, table, output, replace=replace)
        return 0
    data = _data(kind, row, chosen, ranked, table)
    if output is None:
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return 0
    try:
        write_whole(output, data)
    except OSError as error:
        raise HprunError(f"{output} cannot be written: {error.strerror}.") from error
    stderr().print(f"Wrote {count_words(len(table), 'trial')} to {output}.", markup=False)
    return 0


def _check(kind: str, output: Path | None, *, replace: bool) -> None:
    if output is None:
        if kind in _NO_TEXT:
            end = "parquet" if kind == "parquet" else "db"
            raise HprunError(
                f"--format {kind} writes a file, and none is named.",
                hint=f"For example: `hprun export --format {kind} -o search.{end}`.",
            )
        if replace:
            raise HprunError("--replace has no effect without --output.")
    elif kind != "optuna" and output.exists() and not replace:
        raise HprunError(f"{output} is there already.", hint="Overwrite it with --replace.")


def _data(
    kind: str, row: SearchRow, metric: Metric | None, ranked: Sequence[Result], table: Sequence[Row]
) -> bytes:
    from hprun.report.export import texts

    columns = list(value_columns(ranked).values())
    match kind:
        case "csv":
            return texts.csv_text(table, columns).encode()
        case "json":
            return texts.json_text(table, row.name, metric).encode()
        case "jsonl":
            return texts.json_lines(table).encode()
        case "parquet":
            from hprun.report.export.parquet import parquet_bytes

            return parquet_bytes(table, columns)
    from hprun.report.export.cv_results import cv_results_csv

    needed = _needed(row, metric)
    if needed.direction.value == "min":
        stderr().print(f"Scores are negated, as greater is better there: {needed} is low.")
    return cv_results_csv(ranked, needed).encode()


def _needed(row: SearchRow, metric: Metric | None) -> Metric:
    if metric is None:
        raise HprunError(f"{row.name} has no metric.", hint="Name one with --metric.")
    return metric


def _write_study(
    store: Store,
    cache: Cache,
    row: SearchRow,
    metric: Metric | None,
    table: Sequence[Row],
    path: Path,
    *,
    replace: bool,
) -> None:
    from hprun.report.export.study import Exported, write_study

    needed = _needed(row, metric)
    question = understood(row, cache)
    settings, _ = saved_settings(row, cache)
    exported = Exported(
        row.name,
        needed,
        table,
        question.space if question is not None else None,
        settings.seed,
        datetime.fromtimestamp(row.created, timezone.utc),
        {"script": settings.script, "metric": str(needed), "written by": "hprun"},
    )
    count = write_study(exported, path, _curves(store, cache, needed), replace=replace)
    left = len(table) - count
    more = f"; {count_words(left, 'trial')} not over yet left out" if left else ""
    stderr().print(
        f"Wrote {count_words(count, 'trial')} to the study {row.name} in {path}{more}.",
        markup=False,
    )


def _curves(store: Store, cache: Cache, metric: Metric) -> Curves:
    """What reads a run's curve out of what it wrote, where that is still there."""
    from hprun.metrics import Resolved, read_run
    from hprun.model import Curve, Ended
    from hprun.store import Part

    def curve(part: Part) -> Curve | None:
        paths = cache.run(part.run.folder)
        if not isinstance(part.run.state, Ended) or not paths.folder.exists():
            return None
        since = store.since(part.run.id)
        reading = read_run(paths.folder, metric, log=paths.log, since=since)
        return reading.curve if isinstance(reading, Resolved) and reading.points.size else None

    return curve
