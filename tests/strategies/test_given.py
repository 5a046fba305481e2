"""Strategies that begin with what others have tried: trials that are numbered below 0."""

import math

import pytest

from hprun.engine.history import foreign, told
from hprun.model import Direction
from hprun.space import parse_space
from hprun.store import GivenTrial, TrialPart
from hprun.strategies import Known, Stand, make_strategy
from hprun.strategies.encoding import same_trial

SPACE = parse_space(["x=0.0:u:1.0", "y=uniform(0,1)", "opt=a,b,c", 'm=0:u:1 if opt == "a"'])
NAMES = ["tpe", "gp", "cmaes", "shac"]
OPTIONS = {"tpe": {"startup": 5}, "gp": {"startup": 5}}


def _score(values):
    return (values["x"] - 0.2) ** 2 + (values["y"] - 0.8) ** 2 + (values["opt"] != "b")


def _made(name, seed=1, **options):
    return make_strategy(name, SPACE, Direction.LOW, seed, 40, {**OPTIONS.get(name, {}), **options})


def _given(count=30):
    draws = make_strategy("random", SPACE, Direction.LOW, 9, None, {}).propose([], count)
    given = [GivenTrial("other-1", one.values, _score(one.values)) for one in draws]
    given[1] = GivenTrial("t.csv", given[1].values, math.nan)
    given[2] = GivenTrial("t.csv", given[2].values, given[2].score, early=True)
    return given


def _on(strategy, known, count, *, fresh=None):
    """The history after so many trials one by one; `fresh` makes the strategy anew each time."""
    known = list(known)
    for _ in range(count):
        number = max(known[-1].number + 1, 0)
        (one,) = (fresh() if fresh else strategy).propose(known, 1)
        ended = len([k for k in known if k.ended is not None])
        known.append(Known(number, one.values, Stand.COMPLETE, _score(one.values), ended, one.note))
    return known


def test_what_is_given_ended_before_all_else_and_has_numbers_of_its_own():
    known = foreign(_given(4))
    assert [one.number for one in known] == [-4, -3, -2, -1]
    assert [one.ended for one in known] == [0, 1, 2, 3]
    assert [one.stand is Stand.STOPPED for one in known] == [False, False, True, False]
    assert all(not one.note for one in known)
    own = told(
        [(0, {"x": 1}, {}), (1, {"x": 2}, {})],
        [TrialPart(0, "completed", 1.0, 9.0), TrialPart(1, "completed", 2.0, 5.0)],
        before=len(known),
    )
    assert [one.ended for one in own] == [5, 4]


@pytest.mark.parametrize("name", NAMES)
def test_a_search_with_a_start_is_the_same_after_each_restart(name):
    known = foreign(_given())
    kept = _on(_made(name), known, 6)
    assert _on(None, known, 6, fresh=lambda: _made(name)) == kept
    assert [one.number for one in kept[-6:]] == list(range(6))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_given_is_proposed_again(name):
    space = parse_space(["a=1,2,3", "b=1,2"])
    strategy = make_strategy(name, space, Direction.LOW, 1, 20, OPTIONS.get(name, {}))
    grid = list(space.grid())
    known = foreign([GivenTrial("g", one, float(n)) for n, one in enumerate(grid[:4])])
    found = [one.values for one in strategy.propose(known, 9)]
    assert {same_trial(one) for one in found} == {same_trial(one) for one in grid[4:]}


@pytest.mark.parametrize("name", NAMES)
def test_a_start_leads_to_where_it_was_good(name):
    """Far from the good corner are the first proposals without a start, and near it with one."""
    smooth = parse_space(["x=0.0:u:1.0", "y=uniform(0,1)"])

    def distance(known):
        strategy = make_strategy(name, smooth, Direction.LOW, 2, 40, OPTIONS.get(name, {}))
        found = [one.values for one in strategy.propose(known, 8)]
        return sum(abs(one["x"] - 0.05) + abs(one["y"] - 0.95) for one in found) / len(found)

    draws = make_strategy("random", smooth, Direction.LOW, 9, None, {}).propose([], 30)
    scores = [abs(one.values["x"] - 0.05) + abs(one.values["y"] - 0.95) for one in draws]
    known = foreign([GivenTrial("g", o.values, s) for o, s in zip(draws, scores, strict=True)])
    assert distance(known) < 0.8 * distance([])


def test_the_faithful_way_fits_its_cascade_on_a_table():
    options = {"faithful": True, "total_budget": 200, "num_batches": 10, "skip_cv_checks": True}
    strategy = _made("shac", **options)
    known = foreign(_given(200))
    assert len(strategy.cascade(known)) >= 8
    found = [_score(values) for values in strategy.predict(known, 20)]
    assert sum(found) / 20 < 0.5 * sum(_score(one.values) for one in known) / 200


def test_what_is_given_counts_against_no_budget():
    options = {"faithful": True, "total_budget": 20, "num_batches": 2, "skip_cv_checks": True}
    assert len(_made("shac", **options).propose(foreign(_given(40)), 30)) == 20
