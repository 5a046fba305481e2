"""The queue on disk: what it keeps, and what it refuses."""

import math
import sqlite3
from pathlib import Path

import pytest

from hprun.errors import CacheError
from hprun.model import Direction, Ended, Metric, Outcome, Queued, Reduce, Running
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

LOSS = Metric("val_loss", Reduce.MIN, Direction.LOW)


@pytest.fixture
def store(tmp_path):
    with_file = Store(tmp_path / "hprun.db")
    yield with_file
    with_file.close()


def _search(store, key="question", script="train.py"):
    return store.put_search(key, "train", {"settings": {"script": script}}, 1.0)


def _link(store, row, identities, folds=1, digests=None):
    """One trial for each `folds` identities."""
    runs = [
        PlannedRun(n // folds, n % folds, 0, identity, f"{row.name}/{n // folds:04d}/fold-{n}")
        for n, identity in enumerate(identities)
    ]
    trials = [PlannedTrial(n, {"lr": n / 10}) for n in range(len(identities) // folds)]
    return store.link(row.id, trials, runs, digests or {})


def _finish(store, run, value=None, outcome=Outcome.COMPLETED):
    with store.transaction():
        attempt = store.claim(run, 1, "", 10.0)
        reading = ReadingRow("resolved", value, 3, "//val_loss") if value is not None else None
        store.end(Close(run, attempt, outcome, 2.0, "", reading), LOSS, 12.0)


def test_a_search_is_found_by_its_question_and_named_once(store):
    first, again = _search(store), _search(store)
    other = _search(store, key="another")
    assert (first.id, first.name) == (again.id, again.name) == (1, "train-1")
    assert other.name == "train-2"


def test_runs_come_in_order_and_a_claimed_one_is_not_claimed_again(store):
    row = _search(store)
    _link(store, row, ["a", "b", "c"])
    queued = store.queued(row.id, 2)
    assert [run.identity for run in queued] == ["a", "b"]
    with store.transaction():
        assert store.claim(queued[0].id, row.id, "boot", 5.0) == 1
        assert store.claim(queued[0].id, row.id, "boot", 5.0) is None
    (claimed,) = store.claimed(row.id)
    assert (claimed.run.state, claimed.owner) == (Running(1, 5.0), "train-1")


def test_a_run_that_completed_serves_every_search_that_asks_for_it(store):
    first = _search(store)
    _link(store, first, ["a", "b"])
    for run in store.queued(first.id, 9):
        _finish(store, run.id, 0.5)
    wider = _search(store, key="wider")
    linked = _link(store, wider, ["a", "b", "c"])
    assert (linked.runs, linked.done, linked.changed) == (3, 2, 0)
    assert [run.identity for run in store.queued(wider.id, 9)] == ["c"]


def test_an_edited_script_queues_what_it_changed_and_says_how_much(store):
    row = _search(store)
    _link(store, row, ["a", "b"])
    for run in store.queued(row.id, 9):
        _finish(store, run.id, 0.5)
    linked = _link(store, row, ["a", "B"])
    assert (linked.done, linked.changed) == (1, 1)
    assert [run.identity for run in store.queued(row.id, 9)] == ["B"]
    back = _link(store, row, ["a", "b"])
    assert (back.done, back.changed) == (2, 1)
    assert store.queued(row.id, 9) == []


def test_a_failed_run_waits_for_retry_in_its_search_and_is_new_to_another(store):
    row = _search(store)
    _link(store, row, ["a"])
    _finish(store, store.queued(row.id, 1)[0].id, outcome=Outcome.FAILED)
    assert _link(store, row, ["a"]).failed == 1
    assert store.queued(row.id, 9) == []
    other = _search(store, key="other")
    _link(store, other, ["a"])
    assert len(store.queued(other.id, 9)) == 1
    _finish(store, 1, outcome=Outcome.FAILED)
    assert store.retry(row.id, None) == 1
    assert store.queued(row.id, 9)[0].state == Queued(2)


def test_the_database_itself_refuses_to_change_a_completed_run(store, tmp_path):
    row = _search(store)
    _link(store, row, ["a"])
    _finish(store, store.queued(row.id, 1)[0].id, 0.5)
    assert store.retry(row.id, None) == 0
    raw = sqlite3.connect(tmp_path / "hprun.db")
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        raw.execute("UPDATE run SET state = 'queued', outcome = NULL")
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute("INSERT INTO run (identity, folder, state) VALUES ('x', 'x', 'ended')")
    raw.close()


def test_an_attempt_that_is_not_the_last_one_can_end_nothing(store):
    row = _search(store)
    _link(store, row, ["a"])
    run = store.queued(row.id, 1)[0].id
    with store.transaction():
        first = store.claim(run, row.id, "", 1.0)
        store.requeue(run, first, "vanished", 2.0, lost=True)
        second = store.claim(run, row.id, "", 3.0)
        assert not store.end(Close(run, first, Outcome.COMPLETED, 1.0), None, 4.0)
        assert not store.requeue(run, first, "again", 4.0, lost=True)
        assert store.end(Close(run, second, Outcome.COMPLETED, 1.0), None, 4.0)
    assert [a.ending for a in store.attempts(run)] == ["vanished", "completed"]


def test_attempts_that_vanish_are_counted_in_a_row(store):
    row = _search(store)
    _link(store, row, ["a"])
    run = store.queued(row.id, 1)[0].id
    for lost, expected in ((True, 1), (True, 2), (False, 0)):
        with store.transaction():
            store.requeue(run, store.claim(run, row.id, "", 1.0), "why", 2.0, lost=lost)
        with store.transaction():
            attempt = store.claim(run, row.id, "", 1.0)
        assert store.claimed(row.id)[0].lost == expected
        with store.transaction():
            store._db.execute("UPDATE run SET state = 'queued' WHERE id = ?", (run,))
        assert attempt


def test_a_score_that_is_no_number_comes_back_as_one(store):
    row = _search(store)
    _link(store, row, ["a", "b", "c"])
    for run, value in zip(store.queued(row.id, 9), (math.nan, math.inf, 0.0), strict=True):
        _finish(store, run.id, value)
    values = [t.parts[0].reading.value for t in store.trials(row.id, LOSS)]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, 0.0]


def test_a_new_cache_and_one_brought_up_to_date_have_the_same_tables(store, tmp_path):
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript((Path(__file__).parent / "cache-0.1.0.sql").read_text(encoding="utf-8"))
    old.close()
    listing = "SELECT type, name FROM sqlite_schema ORDER BY 1, 2"
    assert Store(tmp_path / "old.db")._all(listing) == store._all(listing)


def test_what_was_linked_before_is_linked_again_without_writing(store):
    row = _search(store)
    assert _link(store, row, ["a", "b"]).done == 0
    _finish(store, store.queued(row.id, 1)[0].id)
    before = store._db.total_changes
    linked = _link(store, row, ["a", "b"])
    assert (linked.runs, linked.done, linked.changed) == (2, 1, 0)
    # The rows of the passing plan, and the digests.
    assert store._db.total_changes - before == 3


def test_a_coordinator_syncs_now_and_then_and_everybody_else_each_time(store, monkeypatch):
    row = _search(store)
    synced = []
    monkeypatch.setattr("hprun.store.connection.os.fsync", synced.append)
    store.sync(0.0)
    assert synced == []  # each transaction has seen to it
    store.sync_now_and_then()
    for now in (10.0, 10.1, 10.3, 10.35, 10.9):
        store.set_search_state(row.id, "running", now)
        store.sync(now)
        store.sync(now)
    assert len(synced) == 3
    store.sync(99.0)
    assert len(synced) == 3  # nothing new
    store.sync_at_once()
    store.set_search_state(row.id, "stopped", 100.0)
    store.sync(200.0)
    assert len(synced) == 3
    assert store._all("PRAGMA synchronous") == [(2,)]


def test_a_trial_can_be_cancelled_while_it_waits(store):
    row = _search(store)
    _link(store, row, ["a", "b"])
    with store.transaction():
        store.cancel_queued(row.id, 1)
    states = [t.parts[0].run.state for t in store.trials(row.id, None)]
    assert states[0] == Queued(0)
    assert isinstance(states[1], Ended)
    assert states[1].outcome is Outcome.CANCELLED


def test_arrays_survive_the_way_through_the_store(store):
    row = _search(store)
    store.link(row.id, [PlannedTrial(0, {"w": (1, 2.5), "x": None})],
               [PlannedRun(0, 0, 0, "a", "f")], {})  # fmt: skip
    assert store.trials(row.id, None)[0].values == {"w": (1, 2.5), "x": None}


def test_a_forgotten_search_leaves_what_another_one_uses(store):
    one, two = _search(store), _search(store, key="two")
    _link(store, one, ["a", "b"])
    _link(store, two, ["b", "c"])
    assert len(store.delete_search(one.id)) == 1
    assert [run.identity for run in store.queued(two.id, 9)] == ["b", "c"]


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "hprun.db").write_text("this is no database, whatever it is called" * 50)
    with pytest.raises(CacheError, match="damaged"):
        Store(tmp_path / "hprun.db")


def test_a_cache_of_a_newer_hprun_is_refused(store, tmp_path):
    raw = sqlite3.connect(tmp_path / "hprun.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(CacheError, match="newer"):
        Store(tmp_path / "hprun.db")


def test_reading_a_cache_that_is_not_there_makes_none(tmp_path):
    with pytest.raises(CacheError, match="no search"):
        Store(tmp_path / "hprun.db", create=False)
    assert not (tmp_path / "hprun.db").exists()


def test_queueing_many_runs_takes_as_many_statements_as_few(store):
    row = _search(store)
    seen = []
    store._db.set_trace_callback(lambda sql: seen.append(sql.split()[0]))
    _link(store, row, [str(n) for n in range(3)])
    few = len([word for word in seen if word in ("SELECT", "UPDATE", "DELETE")])
    seen.clear()
    _link(store, row, [str(n) for n in range(300)])
    assert len([word for word in seen if word in ("SELECT", "UPDATE", "DELETE")]) <= few + 2


def test_what_an_attempt_was_asked_is_known_to_the_next_coordinator(store):
    row = _search(store)
    _link(store, row, ["a"])
    run = store.queued(row.id, 1)[0].id
    with store.transaction():
        attempt = store.claim(run, row.id, "", 1.0)
    store.ask_to_end(run, attempt, "preempted", 2.0)
    store.ask_to_end(run, attempt, "timed-out", 3.0)
    (claimed,) = store.claimed(row.id)
    assert (claimed.ending, claimed.asked) == ("preempted", 2.0)
    with store.transaction():
        store.requeue(run, attempt, "stopped", 4.0, lost=False)
        store.claim(run, row.id, "", 5.0)
    assert store.claimed(row.id)[0].ending is None


def test_attempts_before_a_retry_do_not_count(store):
    row = _search(store)
    _link(store, row, ["a"])
    _finish(store, 1, outcome=Outcome.FAILED)
    store.retry(row.id, None)
    with store.transaction():
        assert store.claim(1, row.id, "", 50.0) == 2
    assert store.is_fresh(1, 2)
    assert store.since(1) == 50.0
    with store.transaction():
        store.requeue(1, 2, "preempted", 60.0, lost=False)
        store.claim(1, row.id, "", 70.0)
    assert not store.is_fresh(1, 3)
    assert store.since(1) == 50.0


def test_a_trial_more_costs_the_same_however_many_are_done(tmp_path):
    def steps(trials):
        store = Store(tmp_path / f"{trials}.db")
        row = _search(store)
        _link(store, row, [f"id-{n}" for n in range(trials)])
        for run in range(1, trials + 1):
            _finish(store, run)
        count = 0

        def step():
            nonlocal count
            count += 1

        store._db.set_progress_handler(step, 10)
        added = [PlannedTrial(trials, {"lr": 1.0})]
        store.add(row.id, added, [PlannedRun(trials, 0, 0, "new", "train-1/new/fold-0")])
        store._db.set_progress_handler(None, 0)
        store.close()
        return count

    assert 0 < steps(1000) <= steps(10) + 5
