"""Trials that are added by hand reach the queue once, whenever who takes them up dies."""

import contextlib
import itertools

import pytest

from hprun.engine.adding import Adding, numbers
from hprun.errors import CacheError, RenderError
from hprun.store import PlannedRun, PlannedTrial, Store


def _plan(first, choices):
    return [
        PlannedRun(first + n, fold, 0, f"{v['x']}/{fold}", f"f/{first + n}/{fold}")
        for n, v in enumerate(choices)
        for fold in range(2)
    ]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "hprun.db")
    row = store.put_search("question", "train", {}, 1.0)
    store.link(
        row.id,
        [PlannedTrial(n, {"x": n}) for n in range(3)],
        _plan(0, [{"x": n} for n in range(3)]),
        {},
    )
    yield store
    store.close()


def _row(store):
    return store.searches()[0]


def _take(store, plan=_plan):
    return Adding(store, _row(store), plan).take(store.requests(1))


def test_what_is_asked_for_is_queued_with_numbers_of_its_own_and_no_note(store):
    store.ask_to_add(1, [{"x": 7}, {"x": 8}], 5.0)
    added = _take(store)
    assert added.trials == ((3, {"x": 7}), (4, {"x": 8}))
    assert (added.runs, added.refused) == (4, ())
    assert store.proposed(1, after=2) == [(3, {"x": 7}, {}), (4, {"x": 8}, {})]
    assert [run.identity for run in store.queued(1, 99)][-4:] == ["7/0", "7/1", "8/0", "8/1"]
    assert store.added_open(1) == [7, 8, 9, 10]
    assert (store.trial_count(1), store.added_count(1)) == (5, 2)
    assert store.requests(1) == []


def test_what_is_there_already_is_not_added_again(store):
    store.ask_to_add(1, [{"x": 1.0}, {"x": 7}, {"x": 7}], 5.0)
    store.ask_to_add(1, [{"x": 7}, {"x": True}], 6.0)
    assert _take(store).trials == ((3, {"x": 7}), (4, {"x": True}))
    assert len(numbers(store, 1)) == store.trial_count(1) == 5


def test_a_trial_that_the_script_has_no_place_for_is_refused_and_forgotten(store):
    def plan(first, choices):
        raise RenderError("there is no x any more")

    store.ask_to_add(1, [{"x": 7}], 5.0)
    added = _take(store, plan)
    assert (added.trials, added.refused) == ((), ("there is no x any more",))
    assert store.requests(1) == []
    assert store.trial_count(1) == 3


def test_a_full_disk_refuses_nothing(store):
    def plan(first, choices):
        raise CacheError("The disk is full.")

    store.ask_to_add(1, [{"x": 7}], 5.0)
    with pytest.raises(CacheError):
        _take(store, plan)
    assert len(store.requests(1)) == 1


def test_requests_to_stop_are_forgotten_by_a_new_coordinator_and_those_to_add_are_not(store):
    store.ask_to_stop(1, None, 5.0)
    store.ask_to_add(1, [{"x": (1, 2.5)}], 5.0)
    store.forget_requests(1)
    (request,) = store.requests(1)
    assert request.trials == [{"x": (1, 2.5)}]


def test_a_complete_search_is_so_no_more(store):
    store.set_search_state(1, "complete", 5.0)
    store.ask_to_add(1, [{"x": 1}], 5.0)
    _take(store)
    assert _row(store).state == "complete"
    store.ask_to_add(1, [{"x": 9}], 5.0)
    _take(store)
    assert _row(store).state == "stopped"


class Death(BaseException):
    """The process is killed here."""


def _statements(store, fatal):
    """Let the store die at its n-th statement."""
    count = itertools.count(1)

    def trace(statement):
        if next(count) == fatal:
            raise Death

    class Mortal:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            found = getattr(self._inner, name)
            if name not in ("execute", "executemany"):
                return found

            def call(sql, *more):
                trace(sql)
                return found(sql, *more)

            return call

    store._db = Mortal(store._db)
    return count


def test_dying_at_any_statement_adds_each_trial_once(tmp_path):
    for fatal in itertools.count(1):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        store = Store(folder / "hprun.db")
        store.put_search("question", "train", {}, 1.0)
        store.ask_to_add(1, [{"x": 7}], 5.0)
        store.ask_to_add(1, [{"x": 8}], 5.0)
        count = _statements(store, fatal)
        with contextlib.suppress(Death):
            _take(store)
        over = next(count) <= fatal
        store.close()
        store = Store(folder / "hprun.db")
        there = {values["x"] for _, values, _ in store.proposed(1, after=-1)}
        left = {values["x"] for request in store.requests(1) for values in request.trials}
        assert there | left == {7, 8}
        assert not there & left
        _take(store)
        assert sorted(v["x"] for _, v, _ in store.proposed(1, after=-1)) == [7, 8]
        assert len(store.queued(1, 99)) == 4
        assert store.requests(1) == []
        store.close()
        if over:
            break
    assert fatal > 15
