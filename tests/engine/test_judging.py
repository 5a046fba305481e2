"""The judge of a search agrees with the history, at a cost that does not grow with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.engine.decide import Active, Facts, Finish, Policy, Start, Terminate, decide
from hprun.engine.goals import Goal
from hprun.engine.judging import Judge
from hprun.model import Alive, Direction, Exited, Metric, Outcome, Reduce
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

LOSS = Metric("loss", Reduce.LAST, Direction.LOW)


def _store(folder, trials, folds=1):
    store = Store(folder / "hprun.db")
    row = store.put_search("question", "train", {}, 1.0)
    runs = [
        PlannedRun(t, f, 0, f"{t}/{f}", f"f/{t}/{f}") for t in range(trials) for f in range(folds)
    ]
    store.link(row.id, [PlannedTrial(t, {"x": t}) for t in range(trials)], runs, {})
    return store, row


def _end(store, run, score, now):
    outcome = Outcome.FAILED if score is None else Outcome.COMPLETED
    reading = None if score is None else ReadingRow("resolved", score, 1, "//loss")
    with store.transaction():
        attempt = store.claim(run, 1, "", now)
        store.end(Close(run, attempt, outcome, 1.0, "", reading), LOSS, now)


@settings(max_examples=40, deadline=None)
@given(
    scores=st.lists(st.none() | st.integers(-4, 4).map(float), min_size=12, max_size=12),
    order=st.permutations(range(12)),
    together=st.lists(st.integers(1, 4), min_size=12, max_size=12),
    retries=st.sets(st.integers(0, 11), max_size=3),
)
def test_a_judge_that_was_there_says_what_a_new_one_says(
    tmp_path_factory, scores, order, together, retries
):
    store, row = _store(tmp_path_factory.mktemp("judge"), 6, folds=2)
    goal = Goal(LOSS, until=-3.5, patience=3)
    judge = Judge(store, row.id, goal)
    left, now = list(order), 10.0
    for count in together:
        now += 1
        over, left = left[:count], left[count:]
        for at in over:
            _end(store, at + 1, scores[at], now)
        judge.hear([at + 1 for at in over])
        assert judge.why == Judge(store, row.id, goal).why
    for trial in retries:
        store.retry(row.id, trial % 6)
        for run in store.queued(row.id, 9):
            now += 1
            _end(store, run.id, 2.5, now)
            judge.hear([run.id])
        assert judge.why == Judge(store, row.id, goal).why
    store.close()


@pytest.mark.long
def test_hearing_of_a_run_costs_the_same_whatever_is_done(tmp_path):
    def steps(trials):
        folder = tmp_path / str(trials)
        folder.mkdir()
        store, row = _store(folder, trials + 1)
        for run in range(1, trials + 1):
            _end(store, run, float(run), float(run))
        judge = Judge(store, row.id, Goal(LOSS, until=-1.0))
        _end(store, trials + 1, -2.0, 1e6)
        count = 0

        def step():
            nonlocal count
            count += 1

        store._db.set_progress_handler(step, 10)
        judge.hear([trials + 1])
        store._db.set_progress_handler(None, 0)
        assert judge.why == f"loss -2 reached the goal -1 after {trials + 1:,} trials"
        store.close()
        return count

    assert 0 < steps(2000) <= steps(20) + 2


class Told:
    """A judge who has been told what to say."""

    judged = Judge.judged

    def __init__(self, why):
        self.why, self.heard = why, []

    def hear(self, runs):
        self.heard += runs


def _decided(judge, facts, by_hand=(), over=()):
    policy = Policy(slots=2)
    return decide(judge.judged(facts, over, set(by_hand).__contains__), policy)


def test_what_runs_is_ended_and_nothing_starts_once_the_goal_is_met():
    met = Told("enough")
    (ending,) = _decided(met, Facts(5.0, [Active(1, 1, 0.0, Alive())], [2, 3]), over=[9])
    assert isinstance(ending, Terminate)
    assert ending.ending.why == "preempted"
    assert met.heard == [9]
    assert _decided(met, Facts(5.0, [], [2, 3], proposable=4)) == [
        Finish(complete=True, why="enough")
    ]


def test_nothing_starts_before_the_score_of_what_has_ended_is_known():
    facts = Facts(5.0, [Active(1, 1, 0.0, Exited(0, 4.0))], [2, 3], proposable=3)
    assert [type(action).__name__ for action in _decided(Told(""), facts)] == ["End"]
    assert _decided(Told(""), Facts(5.0, [], [2, 3])) == [Start(2), Start(3)]


def test_what_was_added_by_hand_is_run_though_the_goal_is_met():
    met = Told("enough")
    assert _decided(met, Facts(5.0, [], [7, 2]), by_hand=[7]) == [Start(7)]
    assert _decided(met, Facts(5.0, [Active(7, 1, 0.0, Alive())], [2]), by_hand=[7]) == []
