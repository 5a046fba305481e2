"""The first of a ranking are the same, however few of the others are read."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.model import Direction, Metric, Outcome, Reduce
from hprun.report import leaders as module
from hprun.report.leaders import leaders
from hprun.report.results import results
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

VALUES = st.sampled_from(
    [None, 0.0, 0.1, 0.1, 0.25, 0.3, 1e300, -2.0, math.nan, math.inf, -math.inf]
)
ENDS = st.sampled_from(
    [None, Outcome.COMPLETED, Outcome.COMPLETED, Outcome.STOPPED, Outcome.FAILED, Outcome.CANCELLED]
)


def _filled(path, folds, runs, metric):
    store = Store(path)
    row = store.put_search("question", "train", {}, 1.0)
    count = len(runs) // folds
    plan = [
        PlannedRun(n // folds, n % folds, 0, str(n), f"train-1/{n // folds}/fold-{n % folds}")
        for n in range(count * folds)
    ]
    store.link(row.id, [PlannedTrial(n, {"lr": n}) for n in range(count)], plan, {})
    for run, (value, outcome) in zip(store.queued(row.id, 99), runs, strict=False):
        if outcome is not None:
            kind = "missing" if value is None else "resolved"
            with store.transaction():
                attempt = store.claim(run.id, row.id, "", 1.0)
                reading = ReadingRow(kind, value)
                store.end(Close(run.id, attempt, outcome, 1.0, "", reading), metric, 2.0)
    return store, row.id


def _plain(found):
    return [(r.rank, r.trial, repr(r.score), repr(r.std), r.n, r.state, r.values) for r in found]


@settings(max_examples=150, deadline=None)
@given(
    runs=st.lists(st.tuples(VALUES, ENDS), max_size=24),
    folds=st.integers(1, 3),
    top=st.integers(1, 12),
    direction=st.sampled_from(Direction),
)
def test_they_are_the_first_of_all(tmp_path_factory, runs, folds, top, direction):
    metric = Metric("loss", Reduce.LAST, direction)
    store, search = _filled(tmp_path_factory.mktemp("c") / "hprun.db", folds, runs, metric)
    expected = results(store.trials(search, metric), metric)[:top]
    assert _plain(leaders(store, search, metric, top)) == _plain(expected)
    assert _plain(leaders(store, search, None, top)) == _plain(
        results(store.trials(search, None), None)[:top]
    )
    store.close()


@pytest.mark.parametrize("values", [[0.5] * 600, [n % 7 for n in range(600)]])
def test_so_do_many_equal_ones(tmp_path, values):
    metric = Metric("loss", Reduce.LAST, Direction.LOW)
    runs = [(float(value), Outcome.COMPLETED) for value in values]
    store, search = _filled(tmp_path / "hprun.db", 1, runs[:99], metric)
    expected = results(store.trials(search, metric), metric)[:5]
    assert _plain(leaders(store, search, metric, 5)) == _plain(expected)


def test_few_are_read_where_many_are_done(tmp_path, monkeypatch):
    metric = Metric("loss", Reduce.LAST, Direction.HIGH)
    runs = [(n / 99, Outcome.COMPLETED) for n in range(99)]
    store, search = _filled(tmp_path / "hprun.db", 1, runs, metric)
    monkeypatch.setattr(module, "_out_of_all", None)
    read = []
    trials = store.trials
    monkeypatch.setattr(store, "trials", lambda *a: read.append(a) or trials(*a))
    assert [r.trial for r in leaders(store, search, metric, 3)] == [98, 97, 96]
    assert len(read) == 3
