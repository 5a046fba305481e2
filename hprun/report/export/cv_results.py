"""Rows as scikit-learn's `cv_results_`: what its searches leave, for who has code for that."""

from __future__ import annotations

import csv
import io
import math
from bisect import bisect_left
from collections.abc import Sequence
from statistics import fmean, pstdev

from hprun.model import SCORED, Direction, Ended, Metric
from hprun.report.ranking_table import value_names
from hprun.report.results import Result
from hprun.store import Part


def cv_results_csv(results: Sequence[Result], metric: Metric) -> str:
    """A line for each trial in the order of their numbers.

    Greater is better, as everywhere in scikit-learn: where low is better, scores are negated, as
    in `neg_log_loss`. Trials that are equally good share a rank. A split is a fold of a repeat;
    the time of a fit is that of a run. What is missing is empty, which pandas reads as NaN.
    Source: scikit-learn, sklearn/model_selection/_search.py, `_format_results`.
    """
    ordered = sorted(results, key=lambda result: result.trial)
    names = value_names(ordered)
    splits = max((len(result.parts) for result in ordered), default=0)
    sign = -1.0 if metric.direction is Direction.LOW else 1.0
    ranks = _ranks(ordered, sign)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["mean_fit_time", "std_fit_time", *(f"param_{name}" for name in names),
                     "params", *(f"split{n}_test_score" for n in range(splits)),
                     "mean_test_score", "std_test_score", "rank_test_score"])  # fmt: skip
    for result, rank in zip(ordered, ranks, strict=True):
        parts = sorted(result.parts, key=lambda part: (part.run.repeat, part.run.fold))
        scores = [_score(part) for part in parts] + [None] * (splits - len(parts))
        times = [p.run.state.seconds for p in parts if isinstance(p.run.state, Ended)]
        ranked = result.rank is not None
        writer.writerow([
            repr(fmean(times)) if times else "",
            repr(pstdev(times)) if times else "",
            *(result.values.get(name, "") for name in names),
            repr(dict(result.values)),
            *(_number(score, sign) for score in scores),
            _number(result.score, sign) if ranked else "",
            _number(result.std, 1.0) if ranked else "",
            rank,
        ])  # fmt: skip
    return file.getvalue()


def _score(part: Part) -> float | None:
    state = part.run.state
    scored = isinstance(state, Ended) and state.outcome in SCORED
    return part.reading.value if scored and part.reading is not None else None


def _number(score: float | None, sign: float) -> str:
    return "" if score is None or math.isnan(score) else repr(sign * score)


def _ranks(results: Sequence[Result], sign: float) -> list[int]:
    """The rank of each: one more than how many are better; those without a score come last."""
    keys = [
        -sign * r.score
        if r.rank is not None and r.score is not None and math.isfinite(r.score)
        else math.inf
        for r in results
    ]
    in_order = sorted(keys)
    return [1 + bisect_left(in_order, key) for key in keys]
