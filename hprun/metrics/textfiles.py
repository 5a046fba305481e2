"""Metrics in the text files that a script writes: JSON, JSON lines and CSV.

Each reader gives the curve that a key or column holds, or None where the file lacks it. Of rows
that are broken or half written, the others are read; a broken JSON document holds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from hprun.metrics.merging import MergedCurve

LARGEST_JSON = 64 << 20
"""Bytes; a larger JSON file is data, no metrics."""

STEPS = ("step", "global_step", "epoch", "iteration", "iter")
"""Keys and columns that count steps, the better ones first."""

_DEEPEST = 8
_INT64 = 1 << 63
_METRICS_JSON = re.compile(r"(.+[._-])?metrics\.json", re.IGNORECASE)
_RESULTS_JSON = re.compile(r"(.+[._-])?(results?|history|scores?)\.json", re.IGNORECASE)
_DELIMITERS = ",;\t"

Rows = list[Mapping[str, Any]]


def rank_of(path: str) -> int | None:
    """Tell which files are asked before others: 0 first, then 1; None for a file that is not.

    `metrics.json`, JSON lines and CSV are asked first, then results, history and scores.
    """
    name = PurePath(path).name.lower()
    if name.endswith((".jsonl", ".csv")) or _METRICS_JSON.fullmatch(name):
        return 0
    return 1 if _RESULTS_JSON.fullmatch(name) else None


def read_text(path: str, name: str, *, ended: bool) -> MergedCurve | None:
    """Read the curve of `name` from a file, by the kind that its suffix says. Raises OSError."""
    suffix = PurePath(path).suffix.lower()
    if suffix == ".csv":
        found = _from_rows(name, _csv_rows(path, lambda header: name in header, ended=ended))
    elif suffix == ".jsonl":
        found = _from_rows(name, _json_lines(path, _last_key(name)))
    else:
        found = _from_json(name, _json(path))
    return found or None


def names_in(path: str) -> list[str]:
    """List the keys or columns that a file holds, nested ones joined by a slash. Raises OSError."""
    suffix = PurePath(path).suffix.lower()
    if suffix == ".csv":
        rows: Iterable[Any] = _first(_csv_rows(path, lambda _: True))
    elif suffix == ".jsonl":
        rows = _first(_json_lines(path, ""))
    else:
        whole = _json(path)
        rows = whole if isinstance(whole, list) else [whole]
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(_names(row)))
    return [name for name in names if name not in STEPS]


def look_up(row: object, name: str) -> object:
    """Find a key, also one of a nested mapping written `a/b` or `a.b`; None where it is not."""
    if not isinstance(row, Mapping):
        return None
    if name in row:
        return row[name]
    for at in re.finditer(r"[/.]", name):
        if name[: at.start()] in row:
            found = look_up(row[name[: at.start()]], name[at.end() :])
            if found is not None:
                return found
    return None


def _names(row: object, before: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(row, Mapping) and depth < _DEEPEST:
        for key, value in row.items():
            yield from _names(value, f"{before}/{key}" if before else str(key), depth + 1)
    elif before and (_number(row) is not None or isinstance(row, list)):
        yield before


def _first(rows: Iterable[Any]) -> list[Any]:
    return [row for row, _ in zip(rows, range(1000), strict=False)]


def _from_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> MergedCurve:
    """Make a curve of the rows that hold a number under `name`."""
    values: list[float] = []
    columns: dict[str, list[int | None]] = {key: [] for key in STEPS}
    for row in rows:
        value = _number(look_up(row, name))
        if value is not None:
            values.append(value)
            for key, column in columns.items():
                column.append(_whole(row.get(key)))
    return _curve(values, columns)


def _from_json(name: str, whole: object) -> MergedCurve:
    """Make a curve of a JSON document: a list of rows, or a mapping to numbers or lists."""
    if isinstance(whole, list):
        return _from_rows(name, (row for row in whole if isinstance(row, Mapping)))
    held = look_up(whole, name)
    if not isinstance(held, list) or not isinstance(whole, Mapping):
        return _from_rows(name, [whole] if isinstance(whole, Mapping) else [])
    values: list[float] = []
    places: list[int] = []
    for place, item in enumerate(held):
        value = _number(item)
        if value is not None:
            values.append(value)
            places.append(place)
    beside = look_up(whole, re.split(r"[/.][^/.]*$", name)[0]) if name not in whole else whole
    around = beside if isinstance(beside, Mapping) else whole
    columns: dict[str, list[int | None]] = {}
    for key in STEPS:
        steps = around.get(key)
        if isinstance(steps, list) and len(steps) == len(held):
            columns[key] = [_whole(steps[place]) for place in places]
    return _curve(values, columns or {"place": list(places)})


def _curve(values: list[float], columns: Mapping[str, Sequence[int | None]]) -> MergedCurve:
    """Pair values with the first column of steps that is complete and never goes back.

    Where all go back, as after a resume, the first complete one counts; without any, the place.
    """
    complete: list[list[int]] = []
    for column in columns.values():
        steps = [step for step in column if step is not None]
        if len(steps) == len(values):
            complete.append(steps)
    rising = (steps for steps in complete if steps == sorted(steps))
    merged = MergedCurve()
    merged.extend(next(rising, complete[0] if complete else range(len(values))), values)
    return merged


def _number(value: object) -> float | None:
    """Read a number, or a text that is one; anything else is None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _whole(value: object) -> int | None:
    """Read a step: the whole part of a number, if it can be one."""
    number = _number(value)
    return int(number) if number is not None and abs(number) < _INT64 else None


def _json(path: str) -> object:
    import json

    with open(path, encoding="utf-8-sig", errors="replace") as file:  # noqa: PTH123
        text = file.read(LARGEST_JSON + 1)
    if len(text) > LARGEST_JSON:
        return None
    try:
        whole: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return whole


def _json_lines(path: str, word: str) -> Iterator[Mapping[str, Any]]:
    """Give the objects of the lines that hold `word`; others need not be parsed."""
    import json

    with open(path, encoding="utf-8-sig", errors="replace") as file:  # noqa: PTH123
        for line in file:
            if word not in line:
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, Mapping):
                yield row


def _last_key(name: str) -> str:
    """The part of a name that a line must hold to hold the name: JSON may escape the others."""
    last = re.split(r"[/.]", name)[-1]
    return last if last.isascii() and '"' not in last and "\\" not in last else ""


def _csv_rows(
    path: str, wants: Callable[[list[str]], bool], *, ended: bool = True
) -> Iterator[Mapping[str, Any]]:
    """Give the rows under the header, if `wants` says so; the header tells the delimiter."""
    import csv

    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:  # noqa: PTH123
        lines = _complete_lines(file, ended=ended)
        try:
            first = next(lines, "").lstrip("#")
            headers = [(_cells(first, delimiter), delimiter) for delimiter in _DELIMITERS]
            # The delimiter that makes the most columns, of those that make the one wanted.
            headers.sort(key=lambda pair: -len(pair[0]))
            header, delimiter = next((pair for pair in headers if wants(pair[0])), ([], ","))
            for cells in (
                csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if header else ()
            ):
                yield {key: cell.strip() for key, cell in zip(header, cells, strict=False)}
        except csv.Error:
            return


def _cells(line: str, delimiter: str) -> list[str]:
    import csv

    return [
        cell.strip()
        for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    ]


def _complete_lines(lines: Iterable[str], *, ended: bool) -> Iterator[str]:
    """Leave out a last line that is still being written: its last number may be cut short."""
    return (line for line in lines if ended or line.endswith(("\n", "\r")))
