"""Early stopping: what it spares, whether the best is still found, and how quick it is."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hprun.paths import Cache
from hprun.store import Store
from tests.benchmarks.plan import Plan
from tests.benchmarks.scratch import scratch_folder

KERAS = Path(__file__).parents[2] / "examples" / "keras_digits.py"
_EPOCHS = 27
_ACTIVE = 16
_STOPPERS = ("", "asha", "hyperband", "median")

# Writes one value a second and a half after its start at the earliest, says when it was on disk,
# and again when it is told to end.
_PROBE = """
import os, random, signal, sys, time
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
number = 0
def told(signum, frame):
    with open("told", "w") as file:
        file.write(repr(time.time()))
    os._exit(143)
signal.signal(signal.SIGTERM, told)
time.sleep(1.5 + 3 * random.Random(number).random())
writer = EventFileWriter("logs")
value = Summary.Value(tag="loss", simple_value=1.0)
writer.add_event(Event(wall_time=time.time(), step=1, summary=Summary(value=[value])))
writer.flush()
with open("wrote", "w") as file:
    file.write(repr(time.time()))
time.sleep(600)
"""


def measure_stopping(plan: Plan) -> list[dict[str, Any]]:
    """One row for each stopper, and one for the time from a value on disk to the signal."""
    rows = []
    for stopper in _STOPPERS:
        rows.append(_search(stopper, 6 if plan.quick else 40))
        print(f"stopping: {rows[-1]}", file=sys.stderr)
    rows.append(_reaction(4 if plan.quick else 3 * _ACTIVE))
    print(f"stopping: {rows[-1]}", file=sys.stderr)
    return rows


def _search(stopper: str, trials: int) -> dict[str, Any]:
    """Forty random trials of the Keras example, the same ones each time."""
    stop = ["--stop", stopper] if stopper else []
    with scratch_folder() as folder:
        begun = time.monotonic()
        call_hprun(
            folder,
            *("--search", "random", "--trials", str(trials), *stop),
            *("--hp", "lr=1e-5:l:0.3", "--hp", "units=8:256", "--hp", f"epochs={_EPOCHS}"),
            *("--metric", "val_loss:min", str(KERAS)),
        )
        seconds = time.monotonic() - begun
        results = json.loads(call_hprun(folder, "results", "--json"))["trials"]
        epochs = _EPOCHS * trials
        if stopper:
            store = Store(Cache(Path(folder) / "cache").database)
            row = store.searches()[0]
            assert row.metric is not None, "it was just searched by one"
            parts = store.ended_parts(row.id, row.metric)
            epochs = sum(part.detail["track"]["values"] for part in parts)
            store.close()
    return {
        "stopper": stopper or "none",
        "trials": trials,
        "epochs": epochs,
        "of_all": epochs / (_EPOCHS * trials),
        "best_trial": results[0]["trial"],
        "best": results[0]["score"],
        "seconds": seconds,
    }


def _reaction(runs: int) -> dict[str, Any]:
    """From a value's flush to the signal's arrival, with sixteen runs active."""
    with scratch_folder() as folder:
        (Path(folder) / "probe.py").write_text(_PROBE, encoding="utf-8")
        call_hprun(
            folder,
            *("--hp", f"number=1:{runs}", "--metric", "loss:min", "--jobs", str(_ACTIVE)),
            *("--stop", "threshold:worst=0.5,max=100,min=1", "probe.py"),
        )
        took = [
            float(told.read_text("ascii")) - float(told.with_name("wrote").read_text("ascii"))
            for told in (Path(folder) / "cache").glob("*/*/*/told")
        ]
    return {
        "active": _ACTIVE,
        "runs": len(took),
        "median_s": statistics.median(took),
        "most_s": max(took),
    }


def call_hprun(folder: str, *arguments: str) -> str:
    """What hprun prints, called in a folder; raises CalledProcessError where it fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HPRUN_")}
    done = subprocess.run(
        [sys.executable, "-m", "hprun", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout
