"""`python -m tests.crash`: shoot at a search and count what it loses. See `--help`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.crash.campaign import Verdict, shoot_at
from tests.crash.kills import Plan


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if nothing was lost, run twice or left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many `kill -9` (200)")
    parser.add_argument("--runs", type=int, default=200, help="runs of the search (200)")
    parser.add_argument("--seed", type=int, default=0, help="of the order and times (0)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once (2)")
    parser.add_argument("--load", type=int, default=2, help="busy processes beside it (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here, and leave it")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    plan = Plan(asked.kills, asked.runs, asked.seed, asked.jobs, asked.load)
    if asked.keep:
        asked.keep.mkdir(parents=True)
        verdict = shoot_at(asked.keep, plan)
    else:
        with tempfile.TemporaryDirectory(prefix="hprun-crash-") as folder:
            verdict = shoot_at(Path(folder), plan)
    if asked.json:
        asked.json.write_text(json.dumps(verdict.to_json(), indent=1) + "\n", encoding="utf-8")
    print(markdown(verdict))
    return 1 if verdict.violations else 0


def markdown(verdict: Verdict) -> str:
    """The table of the README, and below it what else is worth knowing."""
    rows = verdict.rows()
    table = [
        "| fault | times | finished results lost | runs run twice | orphans |",
        "|---|--:|--:|--:|--:|",
        *(f"| {r.fault} | {r.times} | {r.lost} | {r.twice} | {r.orphans} |" for r in rows),
        "| **all** | {} | {} | {} | {} |".format(
            *(sum(getattr(r, n) for r in rows) for n in ("times", "lost", "twice", "orphans"))
        ),
    ]
    plan = verdict.plan
    told = [
        f"{verdict.runs} runs, {verdict.attempts} attempts, {verdict.coordinators} coordinators.",
        f"{verdict.seconds:.0f} seconds, seed {plan.seed}, {plan.jobs} at once, load {plan.load}.",
        "",
        "How the attempts ended, and what may happen and did:",
        *(f"- {count} × {what}" for what, count in verdict.allowed.items()),
    ]
    wrong = [f"- {v.kind}: {v.text} (after: {v.after or 'no fault'})" for v in verdict.violations]
    return "\n".join([*table, "", *told, *(["", "Violations:", *wrong] if wrong else [])])


if __name__ == "__main__":
    sys.exit(main())
