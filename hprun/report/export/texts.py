"""Rows as CSV, JSON and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from hprun.model import Metric
from hprun.report.export.rows import BEFORE, BEHIND, Row
from hprun.report.results import SCHEMA, finite, metric_json
from hprun.strategies.listed import cell_text


def csv_text(table: Sequence[Row], columns: Sequence[str]) -> str:
    """A header and a line for each trial; `columns` are those of the values.

    Numbers are in full. A cell is empty where there is nothing, and `None` for Python's None.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*BEFORE, *columns, *BEHIND])
    for row in table:
        own = row.own() | {"started": row.started, "ended": row.ended}
        values = (cell_text(row.values[c]) if c in row.values else "" for c in columns)
        writer.writerow([*_cells(own, BEFORE), *values, *_cells(own, BEHIND)])
    return file.getvalue()


def _cells(own: dict[str, Any], names: Sequence[str]) -> list[str]:
    return [_cell(own[name]) for name in names]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def json_text(table: Sequence[Row], search: str, metric: Metric | None) -> str:
    """One document; each trial is an object as in JSON lines."""
    document = {
        "schema": SCHEMA,
        "search": search,
        "metric": metric_json(metric),
        "trials": [_object(row) for row in table],
    }
    return json.dumps(document, indent=1) + "\n"


def json_lines(table: Sequence[Row]) -> str:
    """An object a line; a hyperparameter that a trial lacks is absent, null is None."""
    return "".join(json.dumps(_object(row)) + "\n" for row in table)


def _object(row: Row) -> dict[str, Any]:
    own = row.own()
    return {
        **{name: own[name] for name in BEFORE},
        **row.values,
        **{name: own[name] for name in ("n", "state", "seconds")},
        "score": finite(own["score"]),
        "std": finite(own["std"]),
        "started": row.started.isoformat() if row.started else None,
        "ended": row.ended.isoformat() if row.ended else None,
    }
