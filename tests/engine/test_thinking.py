"""Questions are answered in a thread, which can be left behind."""

import select
import sys
import threading

import pytest

from hprun.engine.asking import Asking
from hprun.engine.decide import Asked, Facts, Finish, Policy, decide
from hprun.engine.thinking import Thinker
from hprun.errors import HprunError
from hprun.model import Outcome
from hprun.store import Close, PlannedRun, Store
from hprun.strategies import Proposal


def waited(thinker):
    """The answer, once the descriptor says that there is one."""
    readable, _, _ = select.select([thinker.descriptor], [], [], 60)
    assert readable
    return thinker.answer()


def test_an_answer_comes_with_what_was_printed():
    thinker = Thinker()
    stdout = sys.stdout

    def question():
        print("one\ntwo")
        return threading.get_ident()

    thinker.ask(question, 60)
    assert thinker.thinking
    answer = thinker.answer()
    assert (answer.error, answer.printed) == (None, ("one", "two"))
    assert answer.result != threading.get_ident()
    assert sys.stdout is stdout
    assert not thinker.thinking
    thinker.ask(threading.get_ident, 0)
    assert waited(thinker).result == answer.result


def test_an_error_is_an_answer():
    thinker = Thinker()
    thinker.ask(lambda: sys.exit(3), 60)
    answer = thinker.answer()
    assert isinstance(answer.error, SystemExit)
    assert answer.result is None
    thinker.ask(lambda: 5, 60)
    assert thinker.answer().error is None


def test_there_is_no_answer_before_there_is_one_and_a_thread_can_be_left_behind():
    thinker = Thinker()
    gate = threading.Event()
    stdout = sys.stdout

    def question():
        print("begun")
        gate.wait(60)

    thinker.ask(question, 0)
    assert thinker.answer() is None
    assert select.select([thinker.descriptor], [], [], 0)[0] == []
    thinker.give_up()
    assert sys.stdout is stdout
    assert not thinker.thinking
    gate.set()
    assert select.select([thinker.descriptor], [], [], 60)[0]
    assert thinker.answer() is None
    assert sys.stdout is stdout


class Slow:
    """Proposes what it is let."""

    most_seconds = 1000.0

    def __init__(self):
        self.gate = threading.Event()
        self.says = [Proposal({"x": 1})]

    def propose(self, history, count):
        print("thinking of", count)
        self.gate.wait(60)
        if isinstance(self.says, Exception):
            raise HprunError("The strategy slow failed.") from self.says
        return self.says


@pytest.fixture
def asking(tmp_path):
    """A search of five trials with a slow strategy, and what was said."""
    store = Store(tmp_path / "hprun.db")
    row = store.put_search("question", "train", {}, 1.0)

    def plan(first, choices):
        return [
            PlannedRun(first + n, 0, 0, f"run {first + n}", f"f/{first + n}")
            for n, _ in enumerate(choices)
        ]

    said = []
    slow = Slow()
    made = Asking(store, row, slow, "slow", 5, plan, say=said.append)
    yield made, slow, said, store, row
    slow.gate.set()
    made.close()


def heard(asking):
    select.select(asking.descriptors(), [], [], 60)
    return asking.hear()


def answered(asking):
    """Ask for one, and wait for the answer."""
    first = asking.ask(1)
    return heard(asking) if asking.thinking else first


def test_while_a_strategy_thinks_nothing_is_proposable_and_the_search_goes_on(asking):
    asking, slow, said, store, row = asking
    assert asking.ask(1) is None
    assert asking.thinking
    assert asking.room == 0
    assert asking.hear() is None
    facts = Facts(1.0, [], [], proposable=asking.room, thinking=True)
    assert decide(facts, Policy(slots=2)) == []
    stopped = Facts(1.0, [], [], thinking=True, asked=Asked.STOP)
    assert decide(stopped, Policy(slots=2)) == [Finish(complete=False)]
    slow.gate.set()
    assert heard(asking) == 1
    assert not asking.thinking
    assert asking.descriptors() == []
    assert asking.room == 4
    assert said == ["slow: thinking of 1"]
    assert store.trial_count(row.id) == 1


def test_one_that_does_not_answer_in_its_time_is_left_behind(asking):
    asking, _, said, store, row = asking
    asking._most_seconds = 1e-9
    with pytest.raises(HprunError, match="The strategy slow has not answered for 1e-09 s"):
        asking.ask(1)
    assert not asking.thinking
    assert said == ["slow: thinking of 1"]
    assert store.trial_count(row.id) == 0


def test_the_traceback_of_one_that_fails_is_shown(asking):
    asking, slow, said, _, _ = asking
    try:
        int("x")
    except ValueError as error:
        slow.says = error
    slow.gate.set()
    with pytest.raises(HprunError, match="The strategy slow failed"):
        answered(asking)
    assert 'int("x")' in "\n".join(said)


def test_nothing_for_now_is_asked_again_when_a_run_has_ended(asking):
    asking, slow, _, store, row = asking
    slow.gate.set()
    answers = iter([[Proposal({"x": 1})], [], [], [Proposal({"x": 2})], []])
    slow.propose = lambda history, count: next(answers)
    run = answered(asking)
    assert answered(asking) is None
    assert asking.room == 0, "a trial is open"
    assert asking.room == 0
    with store.transaction():
        attempt = store.claim(run, row.id, "boot", 2.0)
    assert asking.room == 0
    with store.transaction():
        store.end(Close(run, attempt, Outcome.COMPLETED, 1.0, "", None), None, 3.0)
    assert asking.room == 4
    assert answered(asking) is None
    assert asking.room == 0
    facts = Facts(1.0, [], [], proposable=asking.room, thinking=asking.thinking)
    assert decide(facts, Policy(slots=2)) == [Finish(complete=True)]
