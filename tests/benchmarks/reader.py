"""How quickly event files are read, beside reading their bytes and beside TensorBoard's readers.

`python -m tests.benchmarks.reader [--quick]` prints a table; `measure` gives its rows.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.reader_data import SETS, DataSet, made

ROOT = Path(__file__).parents[2]
READERS = ("floor", "hprun", "data server", "EventAccumulator")

Row = dict[str, object]


def measure(quick: bool) -> list[Row]:
    """Time all readers on all data sets; medians of interleaved repetitions, 5 or (quick) 3.

    Each data set has a million events, or (quick) a tenth. EventAccumulator reads a tenth of that,
    once: its row says by `events` of how many. Ratios are of events per second.
    """
    events = 100_000 if quick else 1_000_000
    rows: list[Row] = []
    for data in SETS:
        rows += _measure(data, events, 3 if quick else 5)
    return rows


def _measure(data: DataSet, events: int, times: int) -> list[Row]:
    folder = made(data, events)
    few = made(data, events // 10)
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in _there()}
    for turn in range(times):
        for reader, runs in found.items():
            if reader != "EventAccumulator":
                runs.append(_once(reader, folder, data.tag))
            elif turn == 0:
                runs.append(_once(reader, few, data.tag))
    _check(found, events)
    rows = []
    for reader, runs in found.items():
        count = events // 10 if reader == "EventAccumulator" else events
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        row: Row = {
            "data": data.name,
            "reader": reader,
            "events": count,
            "repetitions": len(runs),
            "seconds": middle["seconds"],
            "cpu_seconds": middle["cpu"],
            "events_per_s": count / middle["seconds"],
            "peak_rss_mb": middle["mb"],
        }
        rows.append(row)
    speeds = {str(row["reader"]): float(str(row["events_per_s"])) for row in rows}
    for row in rows:
        own = speeds[str(row["reader"])]
        row["ratio_to_rust"] = own / speeds["data server"] if "data server" in speeds else None
        row["ratio_to_event_accumulator"] = own / speeds["EventAccumulator"]
    return rows


def _there() -> list[str]:
    """The readers that are installed: TensorBoard's data server is not made for every system."""
    server = importlib.util.find_spec("tensorboard_data_server") is not None
    if server:
        from tensorboard_data_server import server_binary

        server = server_binary() is not None
    return [reader for reader in READERS if reader != "data server" or server]


def _once(reader: str, folder: Path, tag: str) -> dict[str, float]:
    script = Path(__file__).with_name("reader_ways.py")
    done = subprocess.run(
        [sys.executable, str(script), reader, str(folder), tag],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{reader} on {folder}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _check(found: dict[str, list[dict[str, float]]], events: int) -> None:
    """All must have read all, and the same."""
    sums = set()
    for reader, runs in found.items():
        if reader in {"hprun", "data server"}:
            for run in runs:
                assert run["points"] == events, (reader, run["points"])
                sums.add(f"{run['sum']:.6e}")
        elif reader == "EventAccumulator":
            assert runs[0]["points"] == events // 10
    assert len(sums) == 1, sums


def table(rows: list[Row]) -> str:
    """The rows as text, a line each."""
    head = f"{'data':<11}{'reader':<18}{'seconds':>9}{'CPU s':>8}{'events/s':>13}{'MB':>6}"
    lines = [f"{head}{'x server':>10}{'x EventAcc.':>12}"]
    for row in rows:
        rust = row["ratio_to_rust"]
        lines.append(
            f"{row['data']:<11}{row['reader']:<18}{row['seconds']:>9.3f}{row['cpu_seconds']:>8.3f}"
            f"{row['events_per_s']:>13,.0f}{row['peak_rss_mb']:>6.0f}"
            f"{f'{rust:.2f}' if rust is not None else '-':>10}"
            f"{row['ratio_to_event_accumulator']:>12.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    print(table(measure(parser.parse_args().quick)))
