"""A run's metric at this moment."""

from __future__ import annotations

from hprun.metrics import Resolved, RunReader
from hprun.model import Metric
from hprun.report.words import score_words


def current(reader: RunReader, metric: Metric) -> tuple[str, tuple[float, ...]]:
    """The value at this moment, with its step, and all so far."""
    match reader.reading(metric):
        case Resolved() as resolved if (last := resolved.points.last()) is not None:
            return f"{score_words(last[1])} @ {last[0]}", resolved.curve.values
        case _:
            return "-", ()
