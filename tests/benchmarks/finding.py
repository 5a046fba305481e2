"""How low strategies come: the best loss after so many evaluations, the median over seeds.

Each strategy of hprun searches through the whole runner, as a user calls it: a script that prints
its loss, a process for each trial, results out of the queue. Libraries call the same function in
their own process. All make one trial after the other, but for pySHAC, which works in batches.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.functions import Problem, named
from tests.benchmarks.plan import Plan
from tests.benchmarks.searchers import Search, Searcher, searchers

PROBLEMS = ("branin", "hartmann6", "mixed10", "digits")
_COUNTS = (50, 100, 200)
_FEWEST = 5  # seeds of each of the two, for a test to say anything


def measure_finding(plan: Plan) -> list[dict[str, Any]]:
    """A row for each problem and searcher, and one for each of hprun's beside Optuna's own.

    What a search found is kept in `plan.keep`, so that the whole can be made in several calls.
    """
    rows = []
    for name in plan.problems or PROBLEMS:
        found = {
            searcher: _kept(plan, named(name), searcher)
            for searcher in searchers(plan.peers_in)
            if not plan.strategies or searcher.name in plan.strategies
        }
        counts = [count for count in _COUNTS if count < plan.evaluations] + [plan.evaluations]
        for searcher, parts in found.items():
            if parts:
                rows += _rows(name, searcher, parts, plan, counts)
    return rows + list(_compared(rows))


def _kept(plan: Plan, problem: Problem, searcher: Searcher) -> list[dict[str, Any]]:
    """The searches of all seeds; those that are not there are made, without any time none."""
    parts = []
    for seed in range(plan.seeds):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            keep = (plan.keep or Path(folder)) / problem.name
            part = _longest(keep, searcher, plan.evaluations, seed)
            if plan.limit_s > 0 and (part is None or _may_go_further(part, plan)):
                count = plan.evaluations * searcher.times
                part = _made(searcher, Search(problem, seed, count, Path(folder), plan.limit_s))
                file = keep / f"{searcher.name}-{plan.evaluations}-{seed}.json"
                file.parent.mkdir(parents=True, exist_ok=True)
                new = file.with_suffix(".new")
                new.write_text(json.dumps(part) + "\n", "utf-8")
                new.replace(file)
            if part is not None:
                parts.append(part)
    return parts


def _longest(keep: Path, searcher: Searcher, evaluations: int, seed: int) -> dict[str, Any] | None:
    """The longest search that is kept; of one that knows its end, only with the same end."""
    end = str(evaluations) if searcher.knows_end else "*"
    there = [json.loads(file.read_text("utf-8"))
             for file in keep.glob(f"{searcher.name}-{end}-{seed}.json")]  # fmt: skip
    return max(there, key=lambda part: len(part["losses"]), default=None)


def _may_go_further(part: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a search is too short, and would not end where it ended before."""
    if part["cut"]:
        return bool(part["limit_s"] < plan.limit_s)
    return bool(part["asked"] < plan.evaluations)


def _made(searcher: Searcher, search: Search) -> dict[str, Any]:
    begun, before = time.monotonic(), _cpu()
    losses = searcher.losses(search)[: search.evaluations]
    seconds = time.monotonic() - begun
    print(f"{search.problem.name}: {searcher.name}: seed {search.seed}: {min(losses, default=0):.5g}"
          f" after {len(losses)}, {seconds:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
    return {
        "losses": losses,
        "asked": search.evaluations // searcher.times,
        "cut": seconds >= search.limit_s,
        "limit_s": search.limit_s,
        "seconds": seconds,
        "cpu_s": _cpu() - before,
    }


def _cpu() -> float:
    """Seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rows(
    problem: str,
    searcher: Searcher,
    parts: Sequence[Mapping[str, Any]],
    plan: Plan,
    counts: Sequence[int],
) -> Iterator[dict[str, Any]]:
    """The searcher's row; of one that makes twice the evaluations a row with half of them first."""
    for times in range(1, searcher.times + 1):
        row: dict[str, Any] = {
            "problem": problem,
            "by": searcher.by,
            "strategy": searcher.strategy + (f" ×{times}" if times > 1 else ""),
            "seeds": plan.seeds,
            "cpu_s": statistics.median(part["cpu_s"] for part in parts),
            "bests": {},
        }
        for count in counts:
            long = [
                part["losses"]
                for part in parts
                # One that has tried all there is to try stays where it is.
                if len(part["losses"]) >= count * times or _is_done(part, count)
            ]
            row["bests"][count] = [min(losses[: count * times]) for losses in long]
        yield row


def _is_done(part: Mapping[str, Any], count: int) -> bool:
    return not part["cut"] and part["asked"] >= count


def _compared(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Mann and Whitney's test, two-sided, of hprun's best losses beside Optuna's own."""
    from scipy.stats import mannwhitneyu

    for ours in rows:
        for theirs in rows:
            same = all(ours[key] == theirs[key] for key in ("problem", "strategy"))
            if not same or (ours["by"], theirs["by"]) != ("hprun", "Optuna"):
                continue
            for count in reversed(ours["bests"]):
                both = ours["bests"][count], theirs["bests"][count]
                if min(map(len, both)) >= _FEWEST:
                    yield {
                        "compared": ours["strategy"],
                        "problem": ours["problem"],
                        "after": count,
                        "seeds": [len(bests) for bests in both],
                        "ours": statistics.median(both[0]),
                        "theirs": statistics.median(both[1]),
                        "p": float(mannwhitneyu(*both).pvalue),
                    }
                    break
