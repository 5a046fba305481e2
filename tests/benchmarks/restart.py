"""The same command again: when all is done, and after `kill -9` in the middle."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.competitors import Bench, Competitor, installed, missing, own
from tests.benchmarks.measuring import measure
from tests.benchmarks.plan import Plan
from tests.benchmarks.scratch import scratch_folder

_LIMIT_S = 90.0
_TRIAL_S = "0.2"  # so that there is a middle to be killed in


def measure_restarts(plan: Plan) -> list[dict[str, Any]]:
    """One row for each competitor."""
    rows = []
    for competitor in (*own(), *installed(plan.peers_in)):
        done = plan.of_slow(plan.restart_trials) if competitor.slow else plan.restart_trials
        killed = plan.of_slow(plan.killed_trials) if competitor.slow else plan.killed_trials
        row = {"competitor": competitor.name, **_again(competitor, done)}
        row |= _killed(competitor, killed)
        print(
            f"restart: {competitor.name}: {row['again_seconds']:.2f} s,"
            f" ran {row['again_ran']} of {done} again;"
            f" after kill -9: {row['finished_ran_again']} again",
            file=sys.stderr,
        )
        rows.append(row)
    absent = [{"competitor": name, "missing": True} for name in missing(plan.peers_in)]
    return rows + absent


def _again(competitor: Competitor, trials: int) -> dict[str, Any]:
    with scratch_folder() as folder:
        bench = Bench("noop", trials, Path(folder))
        bench.prepare()
        task = replace(competitor.task(bench), limit_s=_LIMIT_S)
        measure(task)
        again = measure(task)
    return {
        "trials": trials,
        "again_seconds": again["seconds"],
        "again_cpu_s": again["cpu_s"],
        "again_ran": again["ended"],
        "again_timed_out": again["timed_out"],
    }


def _killed(competitor: Competitor, trials: int) -> dict[str, Any]:
    """`finished_ran_again` counts all that ended beyond the trials asked for."""
    with scratch_folder() as folder:
        bench = Bench("noop", trials, Path(folder))
        bench.prepare()
        task = competitor.task(bench)
        environment = {**task.environment, "TRIAL_SECONDS": _TRIAL_S}
        kill_at = max(1, round(trials * 0.4))
        figures = measure(replace(task, environment=environment, limit_s=_LIMIT_S, kill_at=kill_at))
        ended = bench.ended.stat().st_size // 25
    again = figures["again"]
    return {
        "killed_trials": trials,
        "killed_at": kill_at,
        "living_after_kill": figures["living_after_kill"],
        "after_kill_seconds": again["seconds"],
        "after_kill_timed_out": again["timed_out"],
        "never_ended": max(0, trials - ended),
        "finished_ran_again": max(0, ended - trials),
        "left": figures["left"],
    }
