"""The trials of a list: read from CSV, JSON lines or `lr=0.1,units=32`, and proposed in order.

A cell of a table is written as a value in a spec: 32, 1e-3, True, None, adam, "a text", (1,2). A
cell that is none of these, such as a text with spaces, is a text. An empty cell means that the
trial does not have the name, which is right where a condition does not hold.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hprun.errors import ConfigError, HprunError, SpecError
from hprun.model import Value, Values
from hprun.space import Space, parse_value, parse_values
from hprun.space.literals import WORD, value_text
from hprun.space.nearness import did_you_mean
from hprun.strategies.encoding import same_trial
from hprun.strategies.protocol import Known, Proposal

Row = tuple[str, Values]
"""Where a trial is written, for messages (`runs.csv line 3`), and its values."""


class Listed:
    """Proposes the trials of a list, in order; those that were tried already are passed over."""

    plans_ahead = True

    def __init__(self, trials: Sequence[Values]) -> None:
        self._trials = list(trials)
        self._keys = [same_trial(values) for values in self._trials]

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next trials of the list."""
        tried = {same_trial(known.values) for known in history}
        proposals: list[Proposal] = []
        for values, key in zip(self._trials, self._keys, strict=True):
            if len(proposals) == count:
                break
            if key not in tried:
                tried.add(key)
                proposals.append(Proposal(values))
        return proposals


def read_file(path: Path, space: Space | None) -> list[Values]:
    """The trials of a `.csv` file, or of a `.jsonl` or `.json` file of one object a line.

    Raises ConfigError, naming file and line, for what cannot be read, and for names that are not
    those of the space; without a space the first trial says what the names are.
    """
    text = read_table(path)
    reader = read_csv if path.suffix.lower() == ".csv" else read_json_lines
    return reader(text, str(path), space)


def read_table(path: Path) -> str:
    """The text of a table. Raises ConfigError, naming the file."""
    if path.suffix.lower() not in (".csv", ".jsonl", ".json"):
        raise ConfigError(
            f"{path} is neither a table nor JSON lines",
            hint="name it .csv, with the names in its first line, or .jsonl, with an object a line",
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text in UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from None


def read_csv(text: str, source: str, space: Space | None) -> list[Values]:
    """The trials of a table, whose first line holds the names."""
    return _checked(_csv_rows(text, source), space)


def read_json_lines(text: str, source: str, space: Space | None) -> list[Values]:
    """The trials of lines that hold an object each; an array is a tuple, null is None."""
    return _checked(_json_rows(text, source), space)


def read_options(texts: Iterable[str], space: Space | None) -> list[Values]:
    """The trials of `--trial 'lr=0.1,units=32'`, given any number of times.

    Raises SpecError, which points at the column, and ConfigError for names that are not right.
    """
    return _checked(((f"--trial '{text}'", parse_values(text)) for text in texts), space)


def check_names(values: Values, space: Space, where: str = "the trial") -> None:
    """Raise ConfigError unless the names are those that the space has for such a trial.

    The values themselves may be any.
    """
    for name in values:
        if name not in space.names:
            raise ConfigError(
                f"{where}: there is no {name} in the space",
                hint=did_you_mean(name, space.names) or f"there are {', '.join(space.names)}",
            )
    for parameter in space.parameters:
        there = [name for name in parameter.names if name in values]
        if not parameter.active(values):
            if there:
                raise ConfigError(
                    f"{where}: {there[0]} is given, and it takes part only if "
                    f"{parameter.condition}",
                    hint="leave it out of this trial",
                )
        elif len(there) < len(parameter.names):
            missing = next(name for name in parameter.names if name not in values)
            raise ConfigError(f"{where}: {missing} is missing", hint=f"give a value for {missing}")


def _checked(rows: Iterable[Row], space: Space | None) -> list[Values]:
    found: list[Values] = []
    for where, values in rows:
        if not values:
            raise ConfigError(f"{where}: the trial is empty", hint="give it at least one value")
        if space is not None:
            check_names(values, space, where)
        elif found and set(values) != set(found[0]):
            odd = min(set(values) ^ set(found[0]))
            raise ConfigError(
                f"{where}: {odd} is {'missing' if odd in found[0] else 'not in the first trial'}",
                hint="without --hp each trial has the same names",
            )
        found.append(values)
    return found


def _csv_rows(text: str, source: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] | None = None
    try:
        for cells in reader:
            where = f"{source} line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = [cell.strip() for cell in cells]
                _check_header(names, where)
                continue
            if len(cells) != len(names):
                raise ConfigError(
                    f"{where} has {len(cells)} cells, and the first line has {len(names)} names",
                    hint="put a text that holds a comma between double quotes",
                )
            filled = zip(names, cells, strict=True)
            yield where, {name: read_cell(cell, where) for name, cell in filled if cell.strip()}
    except csv.Error as error:
        raise ConfigError(f"{source} line {reader.line_num} is no CSV: {error}") from None
    if names is None:
        raise ConfigError(f"{source} is empty", hint="its first line holds the names")


def _check_header(names: Sequence[str], where: str) -> None:
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            what = f"{name} stands twice" if name else f"column {place + 1} has no name"
            raise ConfigError(f"{where}: {what}", hint="each column has a name of its own")


def read_cell(cell: str, where: str) -> Value:
    """The value in a cell that is not empty. Raises ConfigError, saying where."""
    text = cell.strip()
    if not WORD.fullmatch(text) and text[0] not in "\"'(":
        return text
    try:
        return parse_value(text)
    except SpecError as wrong:
        raise ConfigError(f"{where}: {wrong.sentence}: {text}", hint=wrong.hint) from None


def cell_text(value: Value) -> str:
    """A value as a cell holds it; `read_cell` gives it again."""
    if isinstance(value, str) and value.strip():
        try:
            if read_cell(value, "") == value:
                return value
        except ConfigError:
            pass
    return value_text(value)


def _json_rows(text: str, source: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{source} line {number}"
        try:
            row = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)
            if not isinstance(row, dict):
                raise ValueError("it is no object")
            yield where, {name: json_value(value) for name, value in row.items()}
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"{where} cannot be read: {error}", hint='write {"lr": 0.1, "units": 32}'
            ) from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a finite number")


def json_value(value: Any) -> Value:
    """A value that was read as JSON. Raises ValueError for what can be none."""
    if isinstance(value, list):
        return tuple(map(json_value, value))
    if isinstance(value, dict):
        raise ValueError("a value cannot be an object")
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        raise ValueError("a number is too large")
    if value != value:  # noqa: PLR0124 - NaN alone is not itself
        raise ValueError("NaN is not a finite number")
    plain: Value = value
    return plain


def no_trials() -> HprunError:
    """The error for a list search without a list."""
    return ConfigError(
        "the strategy list has no trials",
        hint="name a file, as in --trials-from runs.csv, or give --trial 'lr=0.1,units=32'",
    )
