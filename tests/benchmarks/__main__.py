"""`python -m tests.benchmarks`: hprun beside the floor and its peers, in one run. See `--help`."""

from __future__ import annotations

import argparse
import compileall
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hprun
from tests.benchmarks.at_once import measure_at_once
from tests.benchmarks.competitors import PEERS, versions
from tests.benchmarks.early_stopping import measure_stopping
from tests.benchmarks.environments import install
from tests.benchmarks.goals import goals
from tests.benchmarks.machine import machine
from tests.benchmarks.plan import Plan, quick
from tests.benchmarks.restart import measure_restarts
from tests.benchmarks.scale import measure_scale
from tests.benchmarks.tables import markdown
from tests.benchmarks.trials import measure_keras, measure_short


def _measure_reader(plan: Plan) -> list[dict[str, Any]]:
    from tests.benchmarks.reader import measure

    return list(measure(plan.quick))


def _measure_finding(plan: Plan) -> list[dict[str, Any]]:
    from tests.benchmarks.finding import measure_finding

    return measure_finding(plan)


SECTIONS: Mapping[str, Callable[[Plan], list[dict[str, Any]]]] = {
    "noop": measure_short,
    "keras": measure_keras,
    "restart": measure_restarts,
    "reader": _measure_reader,
    "scale": measure_scale,
    "strategies": _measure_finding,
    "stopping": measure_stopping,
    "at-once": measure_at_once,
}
_AS_ASKED = (
    "competitors", "seeds", "evaluations", "problems", "strategies", "limit_s", "keep",
)  # fmt: skip
_LONG = ("strategies",)  # takes hours: only when it is asked for


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 once all is measured, whatever the figures say."""
    asked = _parser().parse_args(arguments)
    if asked.install_peers:
        install(asked.install_peers)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    plan = Plan(peers_in=None if asked.quick else asked.peers)
    plan = quick(plan) if asked.quick else plan
    if asked.trials:
        plan = replace(
            plan, trials=asked.trials, keras_trials=asked.trials, restart_trials=asked.trials
        )
    if asked.thorough:
        plan = replace(plan, slow=1.0)
    plan = replace(
        plan, **{name: value for name in _AS_ASKED if (value := getattr(asked, name)) is not None}
    )
    # As pip does when it installs; a checkout has not been installed, and may not have been run.
    compileall.compile_dir(Path(hprun.__file__).parent, quiet=1)
    begun, measured = time.monotonic(), _empty(plan, asked.no_peers)
    for name in asked.only:
        rows = SECTIONS[name](plan)
        measured["sections"][name] = [
            row for row in rows if not (asked.no_peers and row.get("missing"))
        ]
        _summarise(measured, time.monotonic() - begun)
        if asked.json:  # after each section: a long run that is broken off has told something
            asked.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    text = markdown(measured)
    if asked.markdown:
        asked.markdown.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_sections, default=[name for name in SECTIONS if name not in _LONG],
        metavar="SECTION,...",
        help=f"only these of {','.join(SECTIONS)}; without, all but {','.join(_LONG)}",
    )  # fmt: skip
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument(
        "--peers", type=Path, metavar="FOLDER", help="where --install-peers has put the peers"
    )
    peers.add_argument("--no-peers", action="store_true", help="do not even list them")
    parser.add_argument(
        "--install-peers", type=Path, metavar="FOLDER",
        help="make virtual environments for the peers there, and measure nothing",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few trials, no peers: two minutes")
    parser.add_argument("--trials", type=int, metavar="N", help="this many, where it says 200")
    parser.add_argument(
        "--competitors", type=_words, metavar="NAME,...",
        help="only these beside the floor: 'hprun --start warm,Ray Tune'",
    )  # fmt: skip
    parser.add_argument(
        "--thorough", action="store_true",
        help=f"as many trials of the slow peers ({_slow()}) as of the others, not a quarter",
    )  # fmt: skip
    finding = parser.add_argument_group("for the section strategies")
    finding.add_argument("--seeds", type=int, metavar="N", help="over so many (10)")
    finding.add_argument("--evaluations", type=int, metavar="N", help="so many a search (200)")
    finding.add_argument("--problems", type=_words, metavar="NAME,...", help="only on these")
    finding.add_argument(
        "--strategies", type=_words, metavar="WHO-NAME,...", help="only these: hprun-tpe,optuna-gp"
    )
    finding.add_argument(
        "--limit",
        type=float,
        metavar="SECONDS",
        dest="limit_s",
        help="end each search then (500); 0: make none, show what is kept",
    )
    finding.add_argument(
        "--keep", type=Path, metavar="FOLDER",
        help="where searches are kept, so that another call makes only those that lack",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables here too")
    return parser


def _sections(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := [name for name in chosen if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(SECTIONS)}")
    return chosen


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _slow() -> str:
    return ", ".join(peer.packages[0] for peer in PEERS if peer.slow)


def _empty(plan: Plan, no_peers: bool) -> dict[str, Any]:
    return {
        "schema": 1,
        "machine": machine(),
        "peers": versions(None if no_peers else plan.peers_in),
        "quick": plan.quick,
        "sections": {},
    }


def _summarise(measured: dict[str, Any], seconds: float) -> None:
    """What follows from the figures so far."""
    single = list(_repetitions(measured["sections"]))
    cores = measured["machine"]["cores"]
    wall = sum(one["seconds"] for one in single)
    measured["cpu_by"] = " and ".join(sorted({one["way"] for one in single}))
    measured["others"] = sum(one["others_s"] for one in single) / (wall * cores) if wall else 0.0
    measured["goals"] = goals(measured["sections"])
    measured["seconds"] = seconds


def _repetitions(sections: Mapping[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for rows in sections.values():
        for row in rows:
            if isinstance(row.get("repetitions"), list):
                yield from row["repetitions"]


if __name__ == "__main__":
    sys.exit(main())
