"""Who searches: hprun by each of its strategies, and libraries, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.functions import Problem
from tests.benchmarks.measuring import plain_environment

_HERE = Path(__file__).parent
_SCRIPTS = {"digits": ("digits_table.py", "digits_table.csv")}  # others have one of their name


@dataclass(frozen=True)
class Search:
    """What a searcher is asked for: so many evaluations of a problem, within `limit_s`."""

    problem: Problem
    seed: int
    evaluations: int
    folder: Path
    limit_s: float


@dataclass(frozen=True)
class Searcher:
    """One way to search; `losses` gives those of a search, in order, fewer at the limit.

    `times` says how many times as many evaluations it makes as are asked for, `knows_end` that
    what it does depends on their number.
    """

    by: str
    strategy: str
    losses: Callable[[Search], list[float]]
    times: int = 1
    knows_end: bool = False

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.by}-{self.strategy}".lower()


def searchers(peers: Path | None) -> list[Searcher]:
    """All that are there: hprun's strategies, Optuna, and the peers that are installed."""
    ours = [Searcher("hprun", name, _through_hprun(word), times, word == "shac")
            for name, word, times in (("random", "random", 2), ("TPE", "tpe", 1), ("GP", "gp", 1),
                                      ("CMA-ES", "cmaes", 1), ("SHAC", "shac", 1))]  # fmt: skip
    python = Path(sys.executable)
    optuna = [Searcher("Optuna", name, _driven(python, "search_with_optuna.py", word), times)
              for name, word, times in (("random", "random", 2), ("TPE", "tpe", 1),
                                        ("GP", "gp", 1), ("CMA-ES", "cmaes", 1))]  # fmt: skip
    found = [*ours, *optuna]
    for by, strategy, folder, driver, knows_end in (
        ("hyperopt", "TPE", "hyperopt", "search_with_hyperopt.py", False),
        ("pySHAC", "SHAC", "pyshac", "search_with_pyshac.py", True),
        ("keras-tuner", "Bayesian", "keras-tuner", "search_with_keras_tuner.py", False),
    ):
        peer = peers and peers.absolute() / folder / "bin" / "python"
        if peer and peer.exists():
            # keras-tuner borrows Keras's backend, SciPy and scikit-learn from us.
            path = sysconfig.get_path("purelib") if by == "keras-tuner" else ""
            run = _driven(peer, driver, strategy.lower(), path)
            found.append(Searcher(by, strategy, run, knows_end=knows_end))
    return found


def _through_hprun(word: str) -> Callable[[Search], list[float]]:
    """The losses as `hprun results` has them, of a script that prints them, one run at a time."""

    def losses(search: Search) -> list[float]:
        name = search.problem.name
        script, *others = _SCRIPTS.get(name, (f"{name}.py",))
        for file in (script, *others):
            shutil.copy(_HERE / "workloads" / file, search.folder)
        hprun = [sys.executable, "-m", "hprun"]
        specs = [word for spec in search.problem.space.specs for word in ("--hp", spec)]
        asked = ["--search", word, "--trials", str(search.evaluations), "--seed", str(search.seed)]
        _said([*hprun, "run", "-j", "1", "--quiet", *asked, *specs, "--metric", "loss:min", script],
              search)  # fmt: skip
        trials = json.loads(_said([*hprun, "results", "--json"], search))["trials"]
        in_order = sorted(trials, key=lambda trial: trial["trial"])
        return [trial["score"] for trial in in_order if trial["state"] == "completed"]

    return losses


def _driven(
    python: Path, driver: str, word: str, packages: str = ""
) -> Callable[[Search], list[float]]:
    """The losses as a driver prints them, each on a line as soon as it is known."""

    def losses(search: Search) -> list[float]:
        command = [str(python), str(_HERE / "peers" / driver), search.problem.name, word,
                   str(search.seed), str(search.evaluations)]  # fmt: skip
        whole, _, _ = _said(command, search, packages).rpartition("\n")
        return [float(line) for line in whole.splitlines()]

    return losses


def _said(command: Sequence[str], search: Search, packages: str = "") -> str:
    """What a command writes to its standard output, until it ends or the time is over.

    Raises CalledProcessError for one that fails.
    """
    path = os.pathsep.join(filter(None, (str(_HERE.parents[1]), packages)))
    environment = plain_environment() | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=search.folder, env=environment, capture_output=True,
                              timeout=search.limit_s, check=True)  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode()
    except subprocess.CalledProcessError as failed:
        sys.stderr.write(failed.stderr.decode(errors="replace")[-2000:])
        raise
    return done.stdout.decode()
