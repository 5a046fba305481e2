"""The default way: the same answer to the same history, in batches, one by one, after a restart."""

import math
import random

import numpy as np
import pytest

from hprun.model import Direction
from hprun.strategies.protocol import Known, Stand
from hprun.strategies.shac import Shac, known_table
from tests.benchmarks.function_spaces import Box, OneOf, Real, Whole
from tests.benchmarks.functions import branin, mixed10
from tests.benchmarks.strategies_quality import play, random_search


def _shac(problem, trials=200, seed=3):
    return Shac(problem.space, Direction.LOW, seed, trials)


def _opened(history, proposals):
    return [
        *history,
        *(
            Known(len(history) + at, proposal.values, Stand.OPEN, note=proposal.note)
            for at, proposal in enumerate(proposals)
        ),
    ]


def _closed(history, number, score, stand=Stand.COMPLETE):
    known = history[number]
    ended = sum(k.stand is not Stand.OPEN for k in history)
    history[number] = Known(number, known.values, stand, score, ended, known.note)


def _asynchronous(problem, strategy, trials, slots=4, seed=0, check=None):
    """A search in which trials end in any order; returns the history."""
    order, history = random.Random(seed), []
    while len(history) < trials or any(k.stand is Stand.OPEN for k in history):
        running = [k.number for k in history if k.stand is Stand.OPEN]
        if len(history) < trials and len(running) < slots:
            proposals = strategy.propose(tuple(history), 1)
            if check:
                check(history, proposals)
            history = _opened(history, proposals)
            continue
        number = order.choice(running)
        _closed(history, number, problem.loss(history[number].values))
    return history


def test_a_strategy_made_a_moment_ago_answers_as_one_that_was_there_from_the_beginning():
    problem = mixed10()

    def check(history, proposals):
        if len(history) % 13 == 0:
            again = _shac(problem, trials=60).propose(tuple(history), 1)
            assert [p.values for p in again] == [p.values for p in proposals]
            assert [p.note for p in again] == [p.note for p in proposals]

    history = _asynchronous(problem, _shac(problem, trials=60), 60, check=check)
    assert history[-1].note["shac"] == 9


@pytest.mark.long
def test_a_kept_strategy_that_is_shown_another_history_forgets_the_first():
    problem = branin()
    kept = _shac(problem, trials=60)
    first = _asynchronous(problem, kept, 40, seed=1)
    second = _asynchronous(problem, _shac(problem, trials=60), 40, seed=2)
    fresh = _shac(problem, trials=60)
    assert kept.propose(tuple(second), 3) == fresh.propose(tuple(second), 3)
    assert kept.propose(tuple(first), 3) == _shac(problem, trials=60).propose(tuple(first), 3)


def test_two_at_once_are_the_two_that_come_one_after_the_other():
    problem = mixed10()
    history = _asynchronous(problem, _shac(problem), 35)
    both = _shac(problem).propose(history, 2)
    first = _shac(problem).propose(history, 1)
    second = _shac(problem).propose(_opened(history, first), 1)
    assert list(both) == [*first, *second]


def test_seeds_differ_and_one_seed_does_not():
    problem = branin()
    same = [_shac(problem, seed=0).propose((), 5) for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != _shac(problem, seed=1).propose((), 5)


def test_no_trial_is_proposed_twice_though_many_are_open():
    problem = mixed10()
    history = _asynchronous(problem, _shac(problem, trials=50), 50, slots=12)
    assert len({tuple(sorted(k.values.items())) for k in history}) == 50


def test_open_trials_keep_proposals_away(monkeypatch):
    problem = branin()
    history = _asynchronous(problem, _shac(problem), 60)

    def apart():
        points = [problem.space.point(p.values) for p in _shac(problem).propose(history, 16)]
        gaps = np.abs(np.array(points)[:, None] - np.array(points)).sum(axis=2)
        return np.median(np.sort(gaps, axis=1)[:, 1])

    spaced = apart()
    monkeypatch.setattr("hprun.strategies.shac.strategy._CANDIDATES", 1)
    assert spaced > 1.2 * apart()


@pytest.mark.parametrize("direction", list(Direction))
def test_it_finds_what_the_direction_asks_for(direction):
    problem = branin()
    sign = 1 if direction is Direction.LOW else -1
    strategy = Shac(problem.space, direction, 0, 60)
    history = []
    for number in range(60):
        values = strategy.propose(history, 1)[0]
        history.append(
            Known(number, values.values, Stand.COMPLETE, sign * problem.loss(values.values), number,
                  values.note)
        )  # fmt: skip
    late = [sign * known.score for known in history[-10:]]
    early = [sign * known.score for known in history[:10]]
    assert np.median(late) < 0.3 * np.median(early)


def test_it_learns_to_stay_away_from_where_trials_fail():
    space = Box((Real("x", 0, 1), Real("y", 0, 1)), {})
    strategy = Shac(space, Direction.LOW, 0, 80)
    history, failed = [], []
    for number in range(80):
        proposal = strategy.propose(history, 1)[0]
        crash = proposal.values["x"] < 0.3
        failed.append(crash)
        score = (
            None if crash else (math.nan if proposal.values["x"] > 0.9 else proposal.values["x"])
        )
        stand = Stand.FAILED if crash else Stand.COMPLETE
        history.append(Known(number, proposal.values, stand, score, number, proposal.note))
    assert sum(failed[:16]) >= 2
    assert sum(failed[-30:]) <= 6
    assert np.mean([known.values["x"] for known in history[-30:]]) < 0.5


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, 1.0])
def test_a_history_without_anything_to_learn_from_is_searched_all_the_same(score):
    problem = branin()
    strategy = _shac(problem, trials=40)
    history = []
    for number in range(40):
        proposal = strategy.propose(history, 1)[0]
        history.append(Known(number, proposal.values, Stand.COMPLETE, score, number, proposal.note))
    assert len({tuple(k.values.items()) for k in history}) == 40


def test_a_stopped_trial_counts_with_the_score_that_it_had():
    problem = branin()
    history = _asynchronous(problem, _shac(problem), 30)
    stopped = [Known(k.number, k.values, Stand.STOPPED, k.score, k.ended, k.note) for k in history]
    assert _shac(problem).propose(stopped, 4) == _shac(problem).propose(history, 4)


def test_a_small_space_is_searched_to_its_end_and_then_there_is_nothing_more():
    space = Box((OneOf("a", ("x", "y", "z")), Whole("b", 1, 4)), {})
    strategy = Shac(space, Direction.LOW, 0, 30)
    history = []
    while len(history) < 30:
        proposals = strategy.propose(history, 5)
        if not proposals:
            break
        for proposal in proposals:
            number = len(history)
            history.append(
                Known(number, proposal.values, Stand.COMPLETE, proposal.values["b"], number,
                      proposal.note)
            )  # fmt: skip
    assert len(history) == 12
    assert len({(k.values["a"], k.values["b"]) for k in history}) == 12


def test_results_from_elsewhere_narrow_the_region_before_the_first_trial():
    problem = branin()
    units = np.random.default_rng(0).random((160, 2)).tolist()
    table = [
        (problem.space.values(unit), problem.loss(problem.space.values(unit))) for unit in units
    ]
    strategy = _shac(problem, trials=50)
    proposals = strategy.propose(known_table(table), 20)
    assert proposals[0].note == {"shac": 6}
    ours = np.median([problem.loss(p.values) for p in proposals])
    assert ours < np.quantile([loss for _, loss in table], 0.2)


def test_a_trial_that_has_no_point_in_the_space_does_no_harm():
    problem = branin()

    class Narrow(Box):
        def point(self, values):
            return None if values["x"] > 5 else super().point(values)

    strategy = Shac(Narrow(problem.space.axes, {}), Direction.LOW, 0, 30)
    history = []
    for number in range(30):
        proposal = strategy.propose(history, 1)[0]
        history.append(Known(number, proposal.values, Stand.COMPLETE, 1.0 * number, number,
                             proposal.note))  # fmt: skip
    assert any(known.values["x"] > 5 for known in history)


@pytest.mark.long
def test_an_open_end_goes_on_beyond_the_trials_that_were_planned_for():
    problem = branin()
    strategy = Shac(problem.space, Direction.LOW, 0)
    notes = []
    history = []
    for number in range(230):
        proposal = strategy.propose(history, 1)[0]
        notes.append(proposal.note["shac"])
        loss = problem.loss(proposal.values)
        history.append(Known(number, proposal.values, Stand.COMPLETE, loss, number, proposal.note))
    assert notes[49] == 9
    assert notes[50] < 9
    assert notes[199] == 18
    assert notes[200] < 18  # the region is opened again, by all that is known
    assert len({tuple(k.values.items()) for k in history}) == 230


@pytest.mark.long
def test_eighty_trials_beat_as_many_random_ones():
    problem = branin()
    ours = [min(play(_shac(problem, 80, seed), problem, 80, 10)) for seed in range(5)]
    theirs = [min(random_search(problem, seed, 80, 10)) for seed in range(10)]
    assert np.median(ours) < np.median(theirs)


def test_predictions_come_from_the_region_and_run_nothing():
    problem = branin()
    history = _asynchronous(problem, _shac(problem, trials=100), 100)
    strategy = _shac(problem, trials=100)
    cascade = strategy.cascade(history)
    predicted = strategy.predict(history, 30)
    units = np.array([problem.space.point(values) for values in predicted])
    assert cascade.passes(problem.space, units).all()
    wide = np.median([problem.loss(v) for v in strategy.predict(history, 30, classifiers=2)])
    assert np.median([problem.loss(v) for v in predicted]) < wide
    seen = [known.values for known in history]
    assert not [values for values in predicted if values in seen]
