"""How many at once: `-j auto` beside one at a time and beside one for each core."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from tests.benchmarks.early_stopping import KERAS, call_hprun
from tests.benchmarks.measuring import interleave
from tests.benchmarks.plan import Plan
from tests.benchmarks.scratch import scratch_folder

AUTO = "auto"


def measure_at_once(plan: Plan) -> list[dict[str, Any]]:
    """A row for each `-j`, with the median of its times, in seconds; all in turn."""
    from hprun.config import jobs_default

    trials = 4 if plan.quick else 24
    paces = {"1": plan.peers_keras, str(jobs_default()): plan.rivals, AUTO: plan.rivals}

    def once(jobs: str) -> dict[str, Any]:
        figure = {"seconds": _search(jobs, trials)}
        print(f"at once: -j {jobs}: {figure['seconds']:.1f} s", file=sys.stderr)
        return figure

    return [
        {
            "jobs": jobs,
            "searched": trials,
            "times": [figure["seconds"] for figure in figures],
            "seconds": statistics.median(figure["seconds"] for figure in figures),
        }
        for jobs, figures in interleave(paces, once).items()
    ]


def _search(jobs: str, trials: int) -> float:
    """Seconds for a grid of learning rates over the Keras example."""
    with scratch_folder() as folder:
        begun = time.monotonic()
        call_hprun(
            folder,
            *("-j", jobs, "--hp", f"lr=1e-4:l{trials}:0.1", "--metric", "val_loss:min"),
            str(KERAS),
        )
        return time.monotonic() - begun
