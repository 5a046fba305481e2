"""Queues of released versions load for ever."""

import sqlite3
from pathlib import Path

import pytest

from hprun.model import Direction, Metric, Reduce
from hprun.report.leaders import leaders
from hprun.store import Store

DUMPS = sorted(Path(__file__).parent.glob("cache-*.sql"))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_queue_of_a_released_version_loads(dump, tmp_path):
    raw = sqlite3.connect(tmp_path / "hprun.db")
    raw.executescript(dump.read_text(encoding="utf-8"))
    raw.close()
    store = Store(tmp_path / "hprun.db")
    (row,) = store.searches()
    assert row.name == "train-1"
    assert row.metric == Metric("loss", Reduce.MIN, Direction.LOW)
    assert store.counts(row.id) == {"completed": 4, "failed": 2}
    trials = store.trials(row.id, row.metric)
    assert [t.values for t in trials] == [{"lr": 1}, {"lr": 2}, {"lr": 3}]
    assert [p.reading.value for p in trials[0].parts] == [1.0, 2.0]
    (best,) = leaders(store, row.id, row.metric, 1)
    assert (best.trial, best.score) == (0, 1.5)
    assert store._all("PRAGMA user_version") == [(2,)]
    assert store.retry(row.id, None) == 2
    with store.transaction():
        assert store.claim(store.queued(row.id, 1)[0].id, row.id, "boot", 1.0) == 2


def test_there_is_a_queue_of_each_released_version():
    assert [path.stem for path in DUMPS] == ["cache-0.1.0"]
