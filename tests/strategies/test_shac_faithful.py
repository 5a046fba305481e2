"""The faithful mode: pySHAC's windows, checks and parameters."""

import numpy as np
import pytest

from hprun.model import Direction
from hprun.strategies.protocol import Known, Stand
from hprun.strategies.shac import Shac, known_table
from hprun.strategies.shac.options import Schedule, shac_options
from tests.benchmarks.function_spaces import Box, Real
from tests.benchmarks.functions import branin

SQUARE = Box((Real("x", 0, 1), Real("y", 0, 1)), {})


def _faithful(trials=100, space=SQUARE, **written):
    options = shac_options({"faithful": True, "skip_cv_checks": True, **written}, trials)
    return Shac(space, Direction.LOW, 0, trials, options)


def _go_on(strategy, history, count, batch=10, loss=lambda v: v["x"] + v["y"]):
    history = list(history)
    while count > 0:
        proposals = strategy.propose(history, min(batch, count))
        if not proposals:
            break
        count -= len(proposals)
        for proposal in proposals:
            number = len(history)
            score = loss(proposal.values)
            history.append(
                Known(number, proposal.values, Stand.COMPLETE, score, number, proposal.note)
            )
    return history


@pytest.mark.parametrize(
    ("total", "batches", "window", "classifiers"),
    [(200, 20, 10, 18), (1000, 100, 50, 18), (100, 10, 10, 9), (50, 5, 10, 4), (100, 2, 50, 1)],
)
def test_the_schedule_is_pyshacs(total, batches, window, classifiers):
    schedule = Schedule.of(total, total // batches, 18)
    assert (schedule.window, schedule.classifiers) == (window, classifiers)


def test_each_window_makes_a_classifier_and_halves_what_is_drawn():
    history = _go_on(_faithful(), [], 100)
    assert [known.note["shac"] for known in history[::10]] == list(range(10))
    medians = [np.median([k.score for k in history[at : at + 10]]) for at in (0, 30, 60, 90)]
    assert medians == sorted(medians, reverse=True)
    assert medians[-1] < medians[0] / 3


def test_a_trial_drawn_before_the_last_cut_is_not_in_the_next_window():
    history = _go_on(_faithful(), [], 10)
    strategy = _faithful()
    late = [
        Known(10 + at, {"x": 0.9, "y": 0.001 * at}, Stand.COMPLETE, 1.0 + at, 10 + at, {"shac": 0})
        for at in range(10)
    ]
    assert len(strategy.cascade([*history, *late])) == 1
    newer = [Known(k.number, k.values, k.stand, k.score, k.ended, {"shac": 1}) for k in late]
    assert len(strategy.cascade([*history, *newer])) == 2


def test_the_search_ends_with_its_budget():
    history = _go_on(_faithful(trials=None, total_budget=40, num_batches=4), [], 100)
    assert len(history) == 40


def test_classifiers_stop_at_their_maximum():
    history = _go_on(_faithful(max_classifiers=2), [], 100)
    assert {known.note["shac"] for known in history} == {0, 1, 2}


def test_cross_validation_drops_a_classifier_that_learned_noise():
    noise = {}

    def loss(values):
        return noise.setdefault(tuple(values.values()), hash(len(noise) * 7919 % 101))

    checked = _go_on(_faithful(skip_cv_checks=False), [], 60, loss=loss)
    unchecked = _go_on(_faithful(), [], 60, loss=loss)
    assert checked[-1].note["shac"] < unchecked[-1].note["shac"]


def test_a_classifier_that_learned_something_passes_cross_validation():
    strategy = _faithful(trials=200, num_batches=10, skip_cv_checks=False)
    history = _go_on(strategy, [], 41, batch=20)
    assert history[-1].note["shac"] == 2


def test_early_stop_ends_the_search_at_the_first_classifier_that_fails():
    same = _go_on(_faithful(early_stop=True), [], 100, loss=lambda v: 1.0)
    assert len(same) == 10
    assert len(_go_on(_faithful(), [], 100, loss=lambda v: 1.0)) == 100


def test_scores_that_are_all_the_same_make_no_classifier():
    history = _go_on(_faithful(), [], 30, loss=lambda v: 1.0)
    assert len(_faithful().cascade(history)) == 0


def test_failed_trials_are_the_worse_half():
    history = _go_on(_faithful(), [], 10)
    failed = [
        Known(k.number, k.values, Stand.FAILED, None, k.ended, k.note)
        if k.values["x"] > 0.5 else k
        for k in history
    ]  # fmt: skip
    cascade = _faithful().cascade(failed)
    points = np.array([SQUARE.point(k.values) for k in failed])
    assert not cascade.passes(SQUARE, points)[points[:, 0] > 0.5].any()


def test_a_fresh_strategy_draws_what_the_kept_one_draws():
    kept = _faithful()
    history = _go_on(kept, [], 70)
    assert kept.propose(history, 4) == _faithful().propose(history, 4)


def test_a_table_gives_a_cascade_without_a_run_and_predicts():
    problem = branin()
    units = np.random.default_rng(1).random((200, 2)).tolist()
    values = [problem.space.values(unit) for unit in units]
    table = known_table((v, problem.loss(v)) for v in values)
    strategy = _faithful(200, problem.space, num_batches=10)
    assert len(strategy.cascade(table)) == 9
    predicted = [problem.loss(v) for v in strategy.predict(table, 20)]
    assert np.median(predicted) < 0.5 * np.median([known.score for known in table])
    assert len(strategy.predict(table, 3, classifiers=1)) == 3


def test_a_sorted_table_teaches_the_worst_first():
    table = known_table(
        ({"x": unit, "y": 0.5}, unit) for unit in np.random.default_rng(0).random(100).tolist()
    )
    middle = np.array([[0.7, 0.5]])
    in_order, as_is = (
        _faithful(presort=presort).cascade(table).first(1) for presort in (True, False)
    )
    assert in_order.passes(SQUARE, middle).all()
    assert not as_is.passes(SQUARE, middle).any()


def test_eighteen_classifiers_leave_points_to_draw():
    rng = np.random.default_rng(0)
    table = known_table(({"x": x, "y": y}, x + y) for x, y in rng.random((200, 2)).tolist())
    strategy = _faithful(trials=200, presort=False)
    assert len(strategy.cascade(table)) == 18
    predicted = strategy.predict(table, 5)
    assert len({tuple(values.items()) for values in predicted}) == 5
    assert max(sum(values.values()) for values in predicted) < 1
