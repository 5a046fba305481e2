"""What the product promises, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.at_once import AUTO
from tests.benchmarks.competitors import COLD, FLOOR, WARM
from tests.benchmarks.scale import RESTART
from tests.benchmarks.trials import KERAS, NOTHING, NUMPY

Row = Mapping[str, Any]
Goal = dict[str, Any]

_SHORT = (
    (NOTHING, COLD, 2.0),
    (NOTHING, WARM, 1.0),
    (NUMPY, COLD, 1.15),
    (NUMPY, WARM, 0.5),
)
_LARGE = 100_000
_SCALE = (
    ("queue", "seconds", 3.0),
    ("queue", "peak_mb", 200.0),
    ("hprun status", "seconds", 0.2),
    ("hprun results --top 20", "seconds", 0.5),
    (RESTART, "seconds", 3.0),
    ("run, none done", "coordinator_cpu_ms_per_run", 5.0),
    ("run, nearly all done", "coordinator_cpu_ms_per_run", 5.0),
)


def goals(sections: Mapping[str, Sequence[Row]]) -> list[Goal]:
    """Each goal whose figures were measured: what, value, limit, and whether it is met."""
    found = [
        *_short(sections.get("noop", ())),
        *_keras(sections.get("keras", ())),
        *_scale(sections.get("scale", ())),
        *_reader(sections.get("reader", ())),
        *_stopping(sections.get("stopping", ())),
        *_at_once(sections.get("at-once", ())),
    ]
    return [goal | {"met": goal["value"] <= goal["limit"]} for goal in found]


def _short(rows: Sequence[Row]) -> Iterator[Goal]:
    for workload, competitor, limit in _SHORT:
        for row in _present(rows, competitor):
            if row["workload"] == workload:
                what = f"{competitor}, {workload}: makespan beside {FLOOR}"
                yield _goal(what, row["seconds_per_trial_to_floor"], limit)


def _stopping(rows: Sequence[Row]) -> Iterator[Goal]:
    for row in rows:
        if row.get("stopper") == "asha":
            yield _goal("--stop asha: epochs of all", row["of_all"], 1 / 3)
        if "active" in row:
            yield _goal("from a value on disk to the signal, s", row["most_s"], 1.0)


def _at_once(rows: Sequence[Row]) -> Iterator[Goal]:
    times = {row["jobs"]: row["seconds"] for row in rows}
    if AUTO in times:
        best = min(seconds for jobs, seconds in times.items() if jobs != AUTO)
        yield _goal("-j auto: makespan beside the best -j", times[AUTO] / best, 1 / 0.95)


def _keras(rows: Sequence[Row]) -> Iterator[Goal]:
    for warm in _present(rows, WARM):
        beside = f"{WARM}, {KERAS}:"
        yield _goal(f"{beside} CPU beside {FLOOR}", warm["cpu_s_per_trial_to_floor"], 0.35)
        yield _goal(f"{beside} makespan beside {FLOOR}", warm["seconds_per_trial_to_floor"], 0.5)
        for row in rows:
            name = row["competitor"]
            if name not in (FLOOR, COLD, WARM) and "seconds" in row:
                ratio = warm["seconds_per_trial"] / row["seconds_per_trial"]
                yield _goal(f"{beside} makespan beside {name}", ratio, 1.0)


def _scale(rows: Sequence[Row]) -> Iterator[Goal]:
    sizes = {1_000, _LARGE}
    for what, figure, limit in _SCALE:
        for row in rows:
            if row["what"] == what and row["trials"] in sizes:
                name = f"{row['trials']:,} trials, {what}: {_words(figure)}"
                yield _goal(name, row[figure], limit)


def _reader(rows: Sequence[Row]) -> Iterator[Goal]:
    """The rows have ratios of speed; goals are ratios of time."""
    for row in rows:
        if row["reader"] == "hprun":
            what = f"reader, {row['data']}: time beside"
            if row["ratio_to_rust"]:
                yield _goal(f"{what} TensorBoard's data server", 1 / row["ratio_to_rust"], 1.0)
            speed = row["ratio_to_event_accumulator"]
            yield _goal(f"{what} EventAccumulator", 1 / speed, 1 / 25)


def _present(rows: Sequence[Row], competitor: str) -> Iterator[Row]:
    return (row for row in rows if row["competitor"] == competitor)


def _goal(what: str, value: float, limit: float) -> Goal:
    return {"what": what, "value": value if math.isfinite(value) else None, "limit": limit}


def _words(figure: str) -> str:
    return {"peak_mb": "MB", "coordinator_cpu_ms_per_run": "coordinator's CPU, ms per run"}.get(
        figure, figure
    )
