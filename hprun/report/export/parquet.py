"""Rows as an Apache Parquet file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from hprun.errors import HprunError
from hprun.model import Value
from hprun.report.export.rows import BEFORE, BEHIND, Row
from hprun.space.literals import value_text

_LARGEST = 2**63


def parquet_bytes(table: Sequence[Row], columns: Sequence[str]) -> bytes:
    """A file with a typed column each; what a trial lacks, and None, are null.

    Raises HprunError where PyArrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise HprunError(
            "Parquet needs PyArrow, which this Python does not have.",
            hint='`pip install "hprun[parquet]"`, or take --format csv.',
        ) from None
    arrays: dict[str, Any] = {}
    for name in (*BEFORE, *columns, *BEHIND):
        if name in columns:
            arrays[name] = pyarrow.array(column_of([row.values.get(name) for row in table]))
        elif name in ("started", "ended"):
            kind = pyarrow.timestamp("us", tz="UTC")
            arrays[name] = pyarrow.array([getattr(row, name) for row in table], type=kind)
        else:
            kind = {"state": pyarrow.string(), "rank": pyarrow.int64(), "trial": pyarrow.int64(),
                    "n": pyarrow.int64()}.get(name, pyarrow.float64())  # fmt: skip
            arrays[name] = pyarrow.array([row.own()[name] for row in table], type=kind)
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), file)
    return file.getvalue()


def column_of(values: Sequence[Value]) -> list[Any]:
    """Values as one type: whole numbers, numbers, truths, texts, or lists of numbers.

    What is of several kinds, or a number beyond 64 bits, is a text as in a spec.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and all(abs(v) < _LARGEST for v in values if isinstance(v, int)):
        number = float if float in kinds else int
        return [None if v is None else number(v) for v in values]  # type: ignore[arg-type]
    if kinds in ({bool}, {str}):
        return list(values)
    if kinds == {tuple} and all(map(_are_numbers, values)):
        return [None if v is None else [float(x) for x in v] for v in values]  # type: ignore
    return [None if v is None else v if isinstance(v, str) else value_text(v) for v in values]


def _are_numbers(value: Value) -> bool:
    return not isinstance(value, tuple) or all(type(x) in (int, float) for x in value)
