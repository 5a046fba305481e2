"""SHAC over the specs that users write: conditions, nested choices, and through `make_strategy`."""

import pytest

from hprun.errors import ConfigError
from hprun.model import Direction
from hprun.space import parse_space
from hprun.strategies.making import make_strategy
from hprun.strategies.protocol import Known, Stand
from tests.benchmarks.functions import mixed10

NESTED = [
    "lr=1e-5:l:0.1",
    "layers=choice(1,choice(2,3))",
    "drop=choice(None,quniform(0.1,0.5,0.1))",
    "opt=choice(sgd,adam,lion)",
    'momentum=0:u:1 if opt == "sgd"',
]


def _search(specs, loss, trials, options=None, seed=0):
    strategy = make_strategy("shac", parse_space(specs), Direction.LOW, seed, trials, options or {})
    history = []
    while len(history) < trials:
        for proposal in strategy.propose(history, 10):
            number = len(history)
            history.append(
                Known(number, proposal.values, Stand.COMPLETE, loss(proposal.values), number,
                      proposal.note)
            )  # fmt: skip
    return history


def _loss(values):
    return abs(values["layers"] - 3) + (values["drop"] or 0) + (values["opt"] != "lion")


@pytest.mark.parametrize("options", [{}, {"faithful": "true", "skip_cv_checks": "true"}])
def test_a_nested_space_is_narrowed_and_conditions_hold(options):
    history = _search(NESTED, _loss, 60, options)
    assert all(("momentum" in k.values) == (k.values["opt"] == "sgd") for k in history)
    late = [known.values["opt"] for known in history[-10:]]
    early = [known.values["opt"] for known in history[:20]]
    assert late.count("lion") > 6
    assert early.count("lion") < 14
    assert {known.values["layers"] for known in history} == {1, 2, 3}


def test_a_restart_in_a_space_with_conditions_changes_nothing():
    problem = mixed10()
    history = _search(problem.space.specs, problem.loss, 40)
    space = parse_space(problem.space.specs)
    again = [
        make_strategy("shac", space, Direction.LOW, 0, 40, {}).propose(history[:at], 10)
        for at in (0, 20, 30)
    ]
    assert [p.values for part in again for p in part] == [
        k.values for k in history if k.number < 10 or k.number >= 20
    ]


def test_an_unknown_option_is_refused():
    with pytest.raises(ConfigError, match="no option 'speed'"):
        make_strategy("shac", parse_space(["x=0:u:1"]), Direction.LOW, 0, 10, {"speed": 9})
