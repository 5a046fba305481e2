"""How quickly commands answer, as a ratio to an interpreter that does nothing.

Absolute figures depend on the machine; the ratios hold on any. An empty interpreter takes about
13 ms on the machine where the limits were set: 150 ms for `--help` is a ratio of 11, 200 ms for
`status` one of 15.
"""

import statistics
import subprocess
import sys
import time

import pytest

_TIMES = 7


def _seconds(command, folder):
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search of 1,000 trials, all of them done."""
    from hprun.model import Direction, Metric, Outcome, Reduce
    from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

    folder = tmp_path_factory.mktemp("thousand")
    (folder / "cache").mkdir()
    store = Store(folder / "cache" / "hprun.db")
    row = store.put_search("key", "train", {"settings": {"script": "train.py"}}, 1.0)
    metric = Metric("val_loss", Reduce.MIN, Direction.LOW)
    store.set_metric(row.id, metric)
    numbers = range(1000)
    store.link(
        row.id,
        [PlannedTrial(n, {"lr": n / 1000, "units": n}) for n in numbers],
        [PlannedRun(n, 0, 0, f"{n}", f"train-1/{n:04d}/fold-0") for n in numbers],
        {},
    )
    with store.transaction():
        for run in store.queued(row.id, 1000):
            attempt = store.claim(run.id, row.id, "", 1.0)
            reading = ReadingRow("resolved", 1 / run.id, 9, "validation//epoch_loss")
            store.end(Close(run.id, attempt, Outcome.COMPLETED, 3.0, "", reading), metric, 4.0)
    store.close()
    return folder


@pytest.mark.parametrize(
    ("command", "limit"),
    [(("--help",), 11), (("--version",), 11), (("status",), 15), (("results", "--top", "20"), 30)],
)
def test_a_command_answers_at_once(searched, command, limit, record_property):
    floor, ours = [], []
    for _ in range(_TIMES):
        floor.append(_seconds([sys.executable, "-c", "pass"], searched))
        ours.append(_seconds([sys.executable, "-m", "hprun", *command], searched))
    ratio = statistics.median(ours) / statistics.median(floor)
    record_property("ratio", ratio)
    print(f"hprun {' '.join(command)}: {statistics.median(ours) * 1000:.0f} ms, {ratio:.1f} times"
          f" an empty interpreter ({statistics.median(floor) * 1000:.0f} ms)")  # fmt: skip
    assert ratio < limit
