"""When a search has found enough, told from the scores in the order in which trials ended."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.engine.goals import Goal, Tally, counted, make_goal, reached, tally_of
from hprun.errors import ConfigError
from hprun.model import Direction, Metric, Reduce

LOSS = Metric("loss", Reduce.MIN, Direction.LOW)
ACCURACY = Metric("accuracy", Reduce.LAST, Direction.HIGH)
LOW, HIGH = Direction.LOW, Direction.HIGH

scores = st.lists(st.none() | st.floats() | st.integers(-3, 3).map(float), max_size=30)
directions = st.sampled_from([LOW, HIGH])


def _beats(a, b, direction):
    return a < b if direction is LOW else a > b


def _best(ended, direction):
    finite = [score for score in ended if score is not None and math.isfinite(score)]
    return (min if direction is LOW else max)(finite, default=None)


@given(scores, directions)
def test_the_best_is_that_of_the_finite_scores(ended, direction):
    tally = tally_of(ended, direction)
    assert tally.ended == len(ended)
    assert tally.best == _best(ended, direction)


@given(scores, directions)
def test_trials_in_vain_are_those_behind_the_last_that_was_better(ended, direction):
    improved = [
        at
        for at, score in enumerate(ended)
        if score is not None
        and math.isfinite(score)
        and ((best := _best(ended[:at], direction)) is None or _beats(score, best, direction))
    ]
    vain = len(ended) - 1 - improved[-1] if improved else 0
    assert tally_of(ended, direction).vain == vain


@given(scores, st.none() | st.floats() | st.integers(-3, 3).map(float), directions)
def test_one_trial_more_costs_one_step(ended, score, direction):
    assert tally_of([*ended, score], direction) == counted(
        tally_of(ended, direction), score, direction
    )


@given(scores, st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3), directions)
def test_a_goal_is_reached_by_the_first_score_that_is_as_good(ended, until, direction):
    metric = LOSS if direction is LOW else ACCURACY
    met = bool(reached(tally_of(ended, direction), Goal(metric, until=until)))
    assert met == any(
        score is not None and math.isfinite(score) and not _beats(until, score, direction)
        for score in ended
    )


@given(scores, st.integers(1, 5), directions)
def test_patience_is_over_after_so_many_in_vain_and_a_longer_one_is_not_over_before(
    ended, patience, direction
):
    metric = LOSS if direction is LOW else ACCURACY
    tally = tally_of(ended, direction)
    met = bool(reached(tally, Goal(metric, patience=patience)))
    assert met == (tally.vain >= patience)
    if not met:
        assert not reached(tally, Goal(metric, patience=patience + 1))


def test_without_a_score_nothing_is_reached_however_many_have_failed():
    tally = tally_of([None] * 9 + [math.nan, -math.inf], LOW)
    assert tally == Tally(11)
    assert not reached(tally, Goal(LOSS, until=0.0, patience=1))


def test_what_was_reached_is_said_in_one_sentence():
    goal = Goal(LOSS, until=0.1, patience=2)
    assert reached(Tally(12, 0.09), goal) == "loss 0.09 reached the goal 0.1 after 12 trials"
    assert reached(Tally(1, 0.1), goal) == "loss 0.1 reached the goal 0.1 after 1 trial"
    assert reached(Tally(9, 0.5, 2), goal) == "loss 0.5 has not been bettered by the last 2 trials"


@pytest.mark.parametrize("text", ["loss=0.1", "0.1", " loss = 0.1", "loss:min=1e-1", "loss=.1"])
def test_a_goal_is_a_value_with_or_without_the_metrics_name(text):
    assert make_goal(text, 0, LOSS) == Goal(LOSS, until=0.1)


def test_a_metric_whose_name_holds_an_equals_sign_has_a_goal_too():
    odd = Metric("a=b//loss", Reduce.LAST, LOW)
    assert make_goal("a=b//loss=-2", 3, odd) == Goal(odd, until=-2.0, patience=3)
    assert make_goal("", 0, None) is None


@pytest.mark.parametrize(
    ("until", "patience", "metric", "words"),
    [
        ("loss=0.1", 0, None, "--until looks at a metric, and none is named"),
        ("", 3, None, "--patience looks at a metric"),
        ("val_loss=0.1", 0, LOSS, "the search ranks by loss, not by val_loss"),
        ("loss=low", 0, LOSS, "low is no finite number"),
        ("loss=", 0, LOSS, "nothing is no finite number"),
        ("nan", 0, LOSS, "nan is no finite number"),
        ("loss=inf", 0, LOSS, "inf is no finite number"),
    ],
)
def test_a_goal_that_means_nothing_is_refused(until, patience, metric, words):
    with pytest.raises(ConfigError, match=words):
        make_goal(until, patience, metric)
