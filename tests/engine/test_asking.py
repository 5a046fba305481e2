"""What a strategy is told, when it is asked, and what becomes of one that fails."""

import math

import pytest

from hprun.engine.asking import Asking
from hprun.engine.decide import (
    Active,
    Asked,
    Facts,
    Finish,
    Policy,
    Propose,
    Requeue,
    Start,
    decide,
)
from hprun.engine.history import told
from hprun.errors import HprunError
from hprun.model import Alive, Exited, Gone
from hprun.store import PlannedRun, Store, TrialPart
from hprun.strategies import Known, Proposal, Stand


def _decided(queued, active, proposable, slots=3, **more):
    running = [Active(run, 1, 0.0, Alive()) for run in active]
    return decide(Facts(1.0, running, queued, proposable=proposable, **more), Policy(slots=slots))


def test_a_strategy_is_asked_for_the_slots_that_nothing_waits_for():
    assert _decided([], [], 9) == [Propose(3)]
    assert _decided([7], [], 9) == [Start(7), Propose(2)]
    assert _decided([7], [5], 9) == [Start(7), Propose(1)]
    assert _decided([7, 8], [5], 9) == [Start(7), Start(8)]
    assert _decided([], [5, 6], 1) == [Propose(1)]
    assert _decided([], [4, 5, 6], 9) == []


def test_a_run_that_is_to_be_tried_again_is_waited_for_before_more_is_proposed():
    for life, more in ((Gone(), {}), (Exited(1, 2.0), {"max_retries": 1})):
        facts = Facts(1.0, [Active(5, 1, 0.0, life)], [], proposable=9)
        decided = decide(facts, Policy(slots=1, **more))
        assert [type(action) for action in decided] == [Requeue]
        decided = decide(facts, Policy(slots=3, **more))
        assert decided[1:] == [Propose(2)]


def test_a_search_is_complete_when_nothing_can_be_proposed_either():
    assert _decided([], [], 0) == [Finish(complete=True)]
    assert _decided([], [5], 0) == []


def test_nothing_is_proposed_by_a_search_that_is_to_stop_or_has_no_room():
    assert _decided([], [5], 9, asked=Asked.STOP)[-1] != Propose(2)
    policy = Policy(slots=3, min_free=10.0)
    assert decide(Facts(1.0, [], [], proposable=9, free_bytes=5.0), policy) == []


def test_what_is_told_of_a_trial_depends_on_all_of_its_runs():
    proposed = [(number, {"x": number}, {"n": number}) for number in range(9)]
    parts = [
        TrialPart(0, "completed", 0.5, 4.0), TrialPart(0, "completed", 1.5, 9.0),
        TrialPart(1, "completed", 0.5, 5.0), TrialPart(1, "running", None, 0.0),
        TrialPart(2, "failed", 0.5, 3.0), TrialPart(2, "queued", None, 0.0),
        TrialPart(3, "completed", math.nan, 2.0), TrialPart(3, "completed", 1.0, 1.0),
        TrialPart(4, "stopped", 0.25, 7.0), TrialPart(4, "completed", 0.75, 8.0),
        TrialPart(5, "completed", None, 6.0), TrialPart(5, "completed", 1.0, 6.0),
        TrialPart(6, "queued", None, 0.0), TrialPart(6, "queued", None, 0.0),
        TrialPart(7, "completed", 0.25, 10.0), TrialPart(7, "stopped", None, 0.0),
        TrialPart(8, "stopped", None, 11.0), TrialPart(8, "stopped", None, 0.0),
    ]  # fmt: skip
    known = told(proposed, parts)
    assert [k.stand for k in known] == [
        Stand.COMPLETE, Stand.OPEN, Stand.FAILED, Stand.COMPLETE, Stand.STOPPED, Stand.FAILED,
        Stand.OPEN, Stand.STOPPED, Stand.FAILED,
    ]  # fmt: skip
    assert [k.score for k in known if k.number != 3] == [
        1.0,
        None,
        None,
        0.5,
        None,
        None,
        0.25,
        None,
    ]
    assert math.isnan(known[3].score)
    assert [k.ended for k in known] == [4, None, 1, 0, 3, 2, None, 5, 6]
    assert known[6] == Known(6, {"x": 6}, Stand.OPEN, None, None, {"n": 6})


class Counts:
    """Proposes 0, 1, 2 …, up to `most`."""

    def __init__(self, most=99):
        self.most = most
        self.asked = []

    def propose(self, history, count):
        self.asked.append((len(history), count))
        return [
            Proposal({"x": n}, {"place": n})
            for n in range(len(history), min(self.most, len(history) + count))
        ]


def _asking(tmp_path, strategy, budget=5):
    store = Store(tmp_path / "hprun.db")
    row = store.put_search("question", "train", {}, 1.0)

    def plan(first, choices):
        return [PlannedRun(first + n, 0, 0, f"{v['x']}", f"f/{n}") for n, v in enumerate(choices)]

    return store, row, Asking(store, row, strategy, "counts", budget, plan)


def test_trials_are_written_down_with_their_notes_up_to_the_budget(tmp_path):
    store, row, asking = _asking(tmp_path, Counts())
    assert asking.room == 5
    assert asking.ask(2) == 1
    assert asking.ask(9) == 3
    assert asking.room == 0
    assert store.proposed(row.id, after=3) == [(4, {"x": 4}, {"place": 4})]
    assert [run.identity for run in store.queued(row.id, 9)] == ["0", "1", "2", "3", "4"]


def test_a_strategy_that_has_no_more_is_not_asked_again(tmp_path):
    _, _, asking = _asking(tmp_path, Counts(most=1))
    assert asking.ask(2) == 1
    assert asking.ask(2) is None
    assert asking.room == 0


def test_one_that_learns_nothing_is_asked_for_all_at_once(tmp_path):
    strategy = Counts()
    strategy.plans_ahead = True
    _, _, asking = _asking(tmp_path, strategy)
    asking.ask(1)
    assert strategy.asked == [(0, 5)]
    assert asking.room == 0


class Broken:
    def __init__(self, answer):
        self.answer = answer

    def propose(self, history, count):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [ZeroDivisionError("x"), [1], [Proposal({"x": 1})] * 3, 7])
def test_a_strategy_that_fails_or_talks_nonsense_is_named_and_nothing_is_lost(tmp_path, answer):
    store, row, asking = _asking(tmp_path, Broken(answer))
    with pytest.raises(HprunError, match="The strategy counts failed"):
        asking.ask(2)
    assert store.trial_count(row.id) == 0
