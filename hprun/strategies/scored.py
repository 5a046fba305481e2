"""Trials with their scores, read from a table: what `hprun results` wrote, or anybody else.

A CSV file has the names in its first line, and cells as in `listed`; a JSON file holds what
`hprun results --json` prints, or an object a line. The score stands under the metric's name, or
under `score`. Other columns that are no names of the space are passed over.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hprun.errors import ConfigError
from hprun.model import Metric, Outcome, Value, Values
from hprun.strategies.listed import json_value, read_cell, read_table

_SCORES = ("score", "scores")
_BEFORE, _AFTER = ["rank", "trial"], ["score", "std", "n", "seconds", "state"]
"""What `hprun results --csv` writes before and after the values."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A trial of a table; `score` is None where there is none, `early` if it was stopped early."""

    values: Values
    score: float | None
    early: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it was written: where, its values, score and state, and its number, if it has one."""

    where: str
    values: Mapping[str, Value]
    score: Any
    state: Any = Outcome.COMPLETED.value
    number: int = -1

    def scored(self) -> Scored:
        counts = self.state in (Outcome.COMPLETED.value, Outcome.STOPPED.value)
        score = _number(self.score, self.where) if counts else None
        return Scored(self.values, score, self.state == Outcome.STOPPED.value)


def read_scored(path: Path, names: Sequence[str], metric: Metric) -> list[Scored]:
    """The trials of a file, in the order of their numbers or else as they stand; `names` are those
    of the space.

    Raises ConfigError, naming file and line, for what cannot be read, for a table without scores,
    and for one that says that it holds another metric's.
    """
    text = read_table(path)
    if path.suffix.lower() == ".csv":
        rows = list(_csv_rows(text, str(path), names, metric))
    else:
        rows = _json_rows(text, str(path), names, metric)
    return [row.scored() for row in sorted(rows, key=lambda row: row.number)]


def _csv_rows(text: str, source: str, names: Sequence[str], metric: Metric) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            where = f"{source} line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                raise ConfigError(
                    f"{where} has {len(cells)} cells, and the first line has {len(header)} names",
                    hint="put a text that holds a comma between double quotes",
                )
            yield _csv_row(header, cells, where, names, metric)
    except csv.Error as error:
        raise ConfigError(f"{source} line {reader.line_num} is no CSV: {error}") from None
    if not header:
        raise ConfigError(f"{source} is empty", hint="its first line holds the names")


def _csv_row(
    header: list[str], cells: list[str], where: str, names: Sequence[str], metric: Metric
) -> _Row:
    ours = len(_BEFORE), -len(_AFTER)
    if header[: ours[0]] == _BEFORE and header[ours[1] :] == _AFTER:
        pairs = zip(header[ours[0] : ours[1]], cells[ours[0] : ours[1]], strict=True)
        values = {name: read_cell(cell, where) for name, cell in pairs if cell.strip()}
        number = int(cells[1]) if cells[1].isdigit() else -1
        return _Row(where, values, cells[ours[1]], cells[-1], number)
    at = header.index(_score_name(header, names, metric, where))
    pairs = zip(header, cells, strict=True)
    values = {n: read_cell(cell, where) for n, cell in pairs if n in names and cell.strip()}
    return _Row(where, values, cells[at])


def _json_rows(text: str, source: str, names: Sequence[str], metric: Metric) -> list[_Row]:
    whole = _whole(text)
    if whole is not None:
        _check_metric(whole.get("metric"), metric, source)
        objects = [(source, one) for one in whole["trials"]]
    else:
        objects = [
            (f"{source} line {number}", line)
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
        ]
    return [_json_row(one, where, names, metric) for where, one in objects]


def _whole(text: str) -> dict[str, Any] | None:
    """The document of `hprun results --json`, if the text is one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(found, dict) and isinstance(found.get("trials"), list)
    return found if is_ours else None


def _json_row(one: Any, where: str, names: Sequence[str], metric: Metric) -> _Row:
    try:
        row = json.loads(one) if isinstance(one, str) else one
        if not isinstance(row, dict):
            raise ValueError("it is no object")
        if isinstance(row.get("values"), dict) and "score" in row:
            values = {name: json_value(value) for name, value in row["values"].items()}
            state, number = row.get("state", Outcome.COMPLETED.value), row.get("trial", -1)
            return _Row(where, values, row["score"], state, number if type(number) is int else -1)
        at = _score_name(list(row), names, metric, where)
        values = {name: json_value(row[name]) for name in names if name in row}
        return _Row(where, values, row[at])
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{where} cannot be read: {error}", hint='write {"lr": 0.1, "score": 0.93}'
        ) from None


def _score_name(header: Sequence[str], names: Sequence[str], metric: Metric, where: str) -> str:
    for name in (metric.name, *_SCORES):
        if name in header and name not in names:
            return name
    raise ConfigError(
        f"{where}: there are no scores",
        hint=f"name the column that holds them {metric.name} or score",
    )


def _check_metric(written: Any, metric: Metric, source: str) -> None:
    """Scores of another metric, or ranked the other way, would lead a strategy astray."""
    if not isinstance(written, dict):
        return
    ours = {
        "name": metric.name,
        "reduce": metric.reduce.value,
        "direction": metric.direction.value,
    }
    if written != ours:
        raise ConfigError(
            f"{source} holds scores of {written.get('name')}:{written.get('reduce')},"
            f" and the search ranks by {metric}",
            hint=f"write it again with `hprun results --metric {metric} --json`",
        )


def _number(written: Any, where: str) -> float | None:
    """A score: a number, NaN and infinities too; None for an empty cell or null."""
    if written is None or (isinstance(written, str) and not written.strip()):
        return None
    try:
        if isinstance(written, bool):
            raise ValueError
        return float(written)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{where}: the score {written!r} is no number") from None
