"""An answer of a plug-in is held to what a strategy may answer, and what is wrong is said."""

import math
import sys

import numpy as np
import pytest

from hprun.errors import HprunError
from hprun.space import parse_space
from hprun.strategies import Known, Proposal, Stand
from hprun.strategies.plugins import Plugin
from hprun.strategies.plugins.open_space import OpenSpace

SPACE = OpenSpace(parse_space(["x=0:u:1", "n=1,2,3", 'm=0:u:1 if n == 2', "w=0:1:2:a"]))  # fmt: skip
GOOD = {"x": 0.5, "n": 1, "w": (0.1, 0.2)}


class Answers:
    def __init__(self, answer):
        self.answer = answer

    def propose(self, history, count):
        return self.answer() if callable(self.answer) else self.answer


def asked(answer, count=2):
    return Plugin("mine.py:Mine", Answers(answer), SPACE).propose([], count)


def fails():
    return 1 / 0


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "answered None instead of a list of proposals"),
        (7, "answered 7 instead"),
        ("x=0.5", "answered 'x=0.5' instead"),
        ({"x": 0.5}, "answered {'x': 0.5} instead"),
        ([GOOD], "which is no Proposal"),
        ([Proposal(GOOD)] * 3, "was asked for at most 2 and proposed more"),
        ([Proposal([("x", 1)])], "instead of values by name"),
        ([Proposal({1: 2})], "a value for 1, which is no name"),
        ([Proposal({**GOOD, "y": 1})], "there is no y in the space"),
        ([Proposal({"x": 0.5, "w": (0, 0)})], "n is missing"),
        ([Proposal({**GOOD, "m": 0.5})], "m is given, and it takes part only if"),
        ([Proposal({**GOOD, "n": 2})], "m is missing"),
        ([Proposal({**GOOD, "x": 1.5})], "proposed x=1.5, which 0:u:1 does not have"),
        ([Proposal({**GOOD, "n": True})], "proposed n=True, which 1,2,3 does not have"),
        ([Proposal({**GOOD, "w": (1, 2, 3)})], "proposed w=(1, 2, 3), which 0:1:2:a"),
        ([Proposal({**GOOD, "x": math.nan})], "proposed x=nan, which is no finite number"),
        ([Proposal({**GOOD, "x": np.float64("inf")})], "x=inf, which is no finite number"),
        ([Proposal({**GOOD, "x": 1j})], "proposed x=1j, which no hyperparameter can be"),
        ([Proposal({**GOOD, "x": {1}})], "proposed x={1}, which"),
        ([Proposal(GOOD, None)], "gave the note None, which is no mapping"),
        ([Proposal(GOOD, {"a": {1}})], "gave a note with {1} in it, which JSON cannot hold"),
        ([Proposal(GOOD, {"a": {1: 2}})], "gave a note with {1: 2} in it"),
        ([Proposal(GOOD, {"a": [math.nan]})], "gave a note with nan in it"),
        (fails, "failed: ZeroDivisionError: division by zero (test_answers.py line"),
        (lambda: sys.exit(3), "failed: SystemExit: 3 (test_answers.py line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_name(answer, words):
    with pytest.raises(HprunError) as caught:
        asked(answer)
    assert caught.value.message.startswith("The strategy mine.py:Mine ")
    assert words in caught.value.message
    assert "`hprun resume` goes on" in caught.value.hint


def test_a_note_that_holds_itself_is_said():
    note = {}
    note["again"] = note
    with pytest.raises(HprunError, match="levels deep"):
        asked([Proposal(GOOD, note)])


def test_an_endless_answer_is_not_waited_for():
    def endless():
        while True:
            yield Proposal(GOOD)

    with pytest.raises(HprunError, match="proposed more"):
        asked(endless)


def test_values_come_out_plain():
    values = {"x": np.float32(0.5), "n": np.int64(1), "w": np.array([0.25, 0.5])}
    (proposal,) = asked(Proposal(values, {"at": (1, np.float64(2)), "no": None}) for _ in "1")
    assert repr(proposal.values) == repr({"x": 0.5, "n": 1, "w": (0.25, 0.5)})
    assert repr(proposal.note) == repr({"at": [1, 2.0], "no": None})


def test_nothing_is_a_fine_answer():
    assert asked([]) == []
    assert asked(()) == []


def test_a_strategy_that_spoils_its_history_spoils_a_copy():
    class Spoils:
        def propose(self, history, count):
            for known in history:
                known.values.clear()
                known.note["deep"].append(1)
            history.clear()
            return []

    history = [Known(0, dict(GOOD), Stand.OPEN, note={"deep": []})]
    Plugin("it", Spoils(), SPACE).propose(history, 1)
    assert history == [Known(0, GOOD, Stand.OPEN, note={"deep": []})]
