"""How good strategies are: the best loss after so many trials, median over seeds.

`measure()` plays the runner: it asks for a batch, tells all its scores, and asks again. Each
competitor is a function from problem, seed, trials and batch to the losses in their order.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hprun.model import Direction
from hprun.strategies.protocol import Known, Stand, Strategy
from tests.benchmarks.functions import Problem, problems

Competitor = Callable[[Problem, int, int, int], list[float]]
"""(problem, seed, trials, batch) -> losses."""


def play(strategy: Strategy, problem: Problem, trials: int, batch: int) -> list[float]:
    """The losses of a strategy's trials, told batch by batch."""
    history: list[Known] = []
    losses: list[float] = []
    while len(history) < trials:
        proposals = strategy.propose(tuple(history), min(batch, trials - len(history)))
        if not proposals:
            break
        for proposal in proposals:
            number = len(history)
            losses.append(problem.loss(proposal.values))
            history.append(
                Known(number, proposal.values, Stand.COMPLETE, losses[-1], number, proposal.note)
            )
    return losses


def shac(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """SHAC as it is by default, the number of trials known."""
    from hprun.strategies.shac import Shac

    return play(Shac(problem.space, Direction.LOW, seed, trials), problem, trials, batch)


def shac_open_end(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """SHAC that does not know how many trials there will be."""
    from hprun.strategies.shac import Shac

    return play(Shac(problem.space, Direction.LOW, seed), problem, trials, batch)


def shac_faithful(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """pySHAC's way, without its cross-validation: batches of ten are too small for it."""
    from hprun.strategies.shac import Shac
    from hprun.strategies.shac.options import shac_options

    written = {"faithful": True, "num_batches": trials // batch, "skip_cv_checks": True}
    options = shac_options(written, trials)
    return play(Shac(problem.space, Direction.LOW, seed, trials, options), problem, trials, batch)


def random_search(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """Even draws."""
    import numpy as np

    units = np.random.default_rng(seed).random((trials, len(problem.space.axes)))
    return [problem.loss(problem.space.values(row)) for row in units.tolist()]


def random_twice(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """Even draws, two for one: the bar that SHAC's paper sets."""
    losses = random_search(problem, seed, 2 * trials, batch)
    return [min(pair) for pair in zip(losses[::2], losses[1::2], strict=True)]


def optuna_tpe(problem: Problem, seed: int, trials: int, batch: int) -> list[float]:
    """Optuna's own TPE with its defaults, asked in batches."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    losses: list[float] = []
    while len(losses) < trials:
        asked = [study.ask() for _ in range(min(batch, trials - len(losses)))]
        for trial, values in [(trial, _suggested(trial, problem)) for trial in asked]:
            losses.append(problem.loss(values))
            study.tell(trial, losses[-1])
    return losses


def _suggested(trial: Any, problem: Problem) -> dict[str, Any]:
    values: dict[str, Any] = {}
    conditional = problem.space.only_if
    for axis in sorted(problem.space.axes, key=lambda axis: axis.name in conditional):
        if axis.name in conditional:
            other, value = conditional[axis.name]
            if values[other] != value:
                continue
        if axis.options:
            values[axis.name] = trial.suggest_categorical(axis.name, axis.words)
        else:
            kind = trial.suggest_int if isinstance(axis.low, int) and "qlog" in axis.spec else None
            kind = trial.suggest_int if "rand" in axis.spec else kind or trial.suggest_float
            values[axis.name] = kind(axis.name, axis.low, axis.high, log=axis.log)
    return values


COMPETITORS: Mapping[str, Competitor] = {
    "random": random_search,
    "random x2": random_twice,
    "optuna tpe": optuna_tpe,
    "shac": shac,
    "shac open end": shac_open_end,
    "shac faithful": shac_faithful,
}


def measure(
    on: Iterable[Problem] | None = None,
    competitors: Mapping[str, Competitor] = COMPETITORS,
    *,
    seeds: int = 10,
    trials: int = 200,
    batch: int = 10,
    after: Sequence[int] = (50, 100, 200),
    told: Callable[[Mapping[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """A row for each problem and competitor.

    It has the median, the quartiles and every seed's best loss after so many trials, and the
    seconds of CPU that a run took, the function's own included. `told` is given each row as soon
    as it is there.
    """
    import numpy as np

    rows = []
    for problem in problems() if on is None else on:
        for name, competitor in competitors.items():
            begun = time.process_time()
            runs = [competitor(problem, seed, trials, batch) for seed in range(seeds)]
            seconds = (time.process_time() - begun) / seeds
            row: dict[str, Any] = {"problem": problem.name, "competitor": name, "seconds": seconds}
            for count in after:
                bests = [min(losses[:count]) for losses in runs]
                row[f"best@{count}"] = np.percentile(bests, [50, 25, 75]).tolist()
            row["bests"] = [min(losses) for losses in runs]
            rows.append(row)
            if told:
                told(row)
    return rows


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    rows = list(rows)
    counts = [key for key in rows[0] if key.startswith("best@")] if rows else []
    lines = ["| problem | strategy | " + " | ".join(counts) + " | CPU s |"]
    lines.append("|" + "---|" * (len(counts) + 3))
    for row in rows:
        cells = ["{:.4g} [{:.4g}, {:.4g}]".format(*row[key]) for key in counts]
        cells.append(f"{row['seconds']:.1f}")
        lines.append(f"| {row['problem']} | {row['competitor']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table: `python -m tests.benchmarks.strategies_quality --help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", nargs="*", help="only these problems")
    parser.add_argument("--competitors", nargs="*", help="only these")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--json", help="also write the rows there")
    asked = parser.parse_args()
    rows = measure(
        [p for p in problems() if not asked.on or p.name in asked.on],
        {n: c for n, c in COMPETITORS.items() if not asked.competitors or n in asked.competitors},
        seeds=asked.seeds, trials=asked.trials,
        after=[count for count in (50, 100, 200, 400) if count <= asked.trials],
        told=lambda row: print(table([row]).splitlines()[-1], file=sys.stderr, flush=True),
    )  # fmt: skip
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(rows, file, indent=1)
    print(table(rows))


if __name__ == "__main__":
    main()
