"""Large searches: queueing them, asking about them, skipping what is done, and each run's price."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.big_search import specs
from tests.benchmarks.competitors import Bench, hprun_command
from tests.benchmarks.measuring import Pace, Task, interleave, measure, median
from tests.benchmarks.plan import Plan
from tests.benchmarks.scratch import scratch_folder

_ROOT = Path(__file__).parents[2]
_ASKED = Pace(least=5, most=5)
_COMMANDS = {
    "hprun status": ("status",),
    "hprun results --top 20": ("results", "--top", "20"),
}
RESTART = "restart, all done"


def measure_scale(plan: Plan) -> list[dict[str, Any]]:
    """One row for each question at each size."""
    rows: list[dict[str, Any]] = []
    for trials in plan.sizes:
        with scratch_folder() as folder:
            for row in _at(trials, Path(folder), plan):
                rows.append({"trials": trials, **row})
                print(f"{trials:,} trials: {row['what']}: {row['seconds']:.2f} s", file=sys.stderr)
    return rows


def _at(trials: int, folder: Path, plan: Plan) -> list[dict[str, Any]]:
    rows = [_queueing(trials, plan)]
    done = _made(trials, folder / "done", leave=0)
    rows += _questions(done)
    most = plan.marks[-1] + 20
    for what, leave in (("none done", None), ("nearly all done", most)):
        bench = _made(trials, folder / what.replace(" ", "-"), leave=leave)
        rows.append(_price(bench, what, plan.marks))
    return rows


def _bench(trials: int, folder: Path) -> Bench:
    bench = Bench("noop", trials, folder)
    bench.prepare()
    return bench


def _maker(bench: Bench, *more: str) -> list[str]:
    module = ("-m", "tests.benchmarks.big_search")
    return [sys.executable, *module, str(bench.project), str(bench.trials), *more]


def _made(trials: int, folder: Path, leave: int | None) -> Bench:
    bench = _bench(trials, folder)
    more = () if leave is None else ("--leave", str(leave))
    subprocess.run(_maker(bench, *more), cwd=_ROOT, check=True)
    return bench


def _queueing(trials: int, plan: Plan) -> dict[str, Any]:
    def once(_: str) -> dict[str, Any]:
        with scratch_folder() as folder:
            bench = _bench(trials, Path(folder))
            return measure(Task(_maker(bench), str(_ROOT)))

    return _row("queue", interleave({"queue": plan.queue}, once)["queue"])


def _questions(bench: Bench) -> list[dict[str, Any]]:
    """What a person asks of a search that is complete."""
    hprun = [sys.executable, "-m", "hprun"]
    commands = {what: [*hprun, *command] for what, command in _COMMANDS.items()}
    commands |= {
        RESTART: hprun_command(bench, (), *specs(bench.trials)),
        # What hprun costs beside an interpreter that does nothing.
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    figures = interleave(
        dict.fromkeys(commands, _ASKED), lambda what: measure(bench.task(commands[what]))
    )
    assert not bench.ended.exists(), "a restart ran what was done"
    return [_row(what, of_one) for what, of_one in figures.items()]


def _price(bench: Bench, what: str, marks: tuple[int, int]) -> dict[str, Any]:
    """What the coordinator itself takes for a run, between two marks."""
    command = hprun_command(bench, (), *specs(bench.trials))
    figures = measure(bench.task(command, marks=marks))
    (first, cpu, begun), (last, more_cpu, ended) = figures["marks"]
    runs = last - first
    return _row(f"run, {what}", [figures]) | {
        "runs": runs,
        "coordinator_cpu_ms_per_run": (more_cpu - cpu) / runs * 1000,
        "ms_per_run": (ended - begun) / runs * 1000,
    }


def _row(what: str, figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "what": what,
        "seconds": median(figures, "seconds"),
        "cpu_s": median(figures, "cpu_s"),
        "peak_mb": median(figures, "peak_mb"),
        "repetitions": figures,
    }
