"""Many short trials, two at once: how long they take, and how much CPU, beside the floor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.competitors import FLOOR, Bench, Competitor, installed, missing, own
from tests.benchmarks.measuring import Pace, interleave, measure, median
from tests.benchmarks.plan import Plan
from tests.benchmarks.scratch import scratch_folder

NOTHING, NUMPY, KERAS = "noop", "numpy_alone", "keras_digits"
# Those that train in processes that go on, as fast as hprun or nearly: measured as often.
_RIVALS = ("hprun --start warm", "Ray Tune", "keras-tuner")


def measure_short(plan: Plan) -> list[dict[str, Any]]:
    """Trials that import nothing, and trials that only import numpy."""
    rows = []
    for workload in (NOTHING, NUMPY):
        rows += _race(workload, plan.trials, plan, plan.ours, plan.peers)
    return rows


def measure_keras(plan: Plan) -> list[dict[str, Any]]:
    """Short Keras trainings."""
    return _race(KERAS, plan.keras_trials, plan, plan.keras, plan.peers_keras)


def _race(workload: str, trials: int, plan: Plan, ours: Pace, peers: Pace) -> list[dict[str, Any]]:
    paces = dict.fromkeys(own(), ours) | dict.fromkeys(installed(plan.peers_in), peers)
    if workload == KERAS:
        paces |= {one: plan.rivals for one in paces if one.name in _RIVALS}
    wanted = {FLOOR, *plan.competitors}
    paces = {one: pace for one, pace in paces.items() if not plan.competitors or one.name in wanted}

    def once(competitor: Competitor) -> dict[str, Any]:
        count = plan.of_slow(trials) if competitor.slow else trials
        return run_once(competitor, workload, count)

    figures = interleave(paces, once)
    rows = [_row(workload, competitor, figures[competitor]) for competitor in paces]
    floor = next(row for row in rows if row["competitor"] == FLOOR)
    for row in rows:
        for name in ("seconds_per_trial", "cpu_s_per_trial"):
            row[f"{name}_to_floor"] = row[name] / floor[name]
    absent = [
        {"workload": workload, "competitor": name, "missing": True}
        for name in missing(plan.peers_in)
    ]
    return rows + absent


def run_once(competitor: Competitor, workload: str, trials: int) -> dict[str, Any]:
    """The figures of one search by one competitor, in an empty folder."""
    with scratch_folder() as folder:
        bench = Bench(workload, trials, Path(folder))
        bench.prepare()
        figures = measure(competitor.task(bench))
        print(f"{workload}: {competitor.name}: {figures['seconds']:.2f} s", file=sys.stderr)
        if figures["ended"] < trials or figures["timed_out"]:
            said = (bench.folder / "said").read_text("utf-8", "replace")[-800:]
            print(f"only {figures['ended']} of {trials} trials ended: {said}", file=sys.stderr)
    return figures | {"trials": trials}


def _row(workload: str, competitor: Competitor, figures: list[dict[str, Any]]) -> dict[str, Any]:
    trials = figures[0]["trials"]
    return {
        "workload": workload,
        "competitor": competitor.name,
        "at_once": competitor.at_once,
        "own_process": not competitor.inside,
        "trials": trials,
        "ended": min(one["ended"] for one in figures),
        "seconds": median(figures, "seconds"),
        "seconds_per_trial": median(figures, "seconds") / trials,
        "cpu_s_per_trial": median(figures, "cpu_s") / trials,
        "peak_mb": median(figures, "peak_mb"),
        "repetitions": figures,
    }
