from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.metrics import Ranked, TrialScore, rank, score, trial_score
from hprun.model import Curve, Direction, Reduce

NAN, INF = math.nan, math.inf


def curve(*values: float) -> Curve:
    return Curve(tuple(range(10, 10 + len(values))), values)


@pytest.mark.parametrize(
    ("values", "reduce", "found"),
    [
        ((0.5, 0.0, 0.3), Reduce.MIN, (0.0, 11)),
        ((-1.0, 0.0, -2.0), Reduce.MAX, (0.0, 11)),
        ((1.0, 0.5, 0.5), Reduce.MIN, (0.5, 11)),
        ((NAN, 2.0, NAN, 1.0, -INF), Reduce.MIN, (1.0, 13)),
        ((INF, 2.0, NAN, 1.0), Reduce.MAX, (2.0, 11)),
        ((1.0, 2.0), Reduce.LAST, (2.0, 11)),
        ((1.0, INF), Reduce.LAST, (INF, 11)),
        ((INF, -INF), Reduce.MIN, (-INF, 11)),
    ],
)
def test_a_curve_scores_its_best_finite_value_or_its_last(values, reduce, found):
    assert score(curve(*values), reduce) == found


def test_a_curve_of_nan_scores_nan():
    for reduce in Reduce:
        value, step = score(curve(NAN, NAN), reduce)
        assert (math.isnan(value), step) == (True, 11)


def test_a_curve_without_points_has_no_score():
    with pytest.raises(ValueError, match="without points"):
        score(Curve((), ()), Reduce.MIN)


def test_folds_are_averaged_and_those_without_a_value_left_out():
    assert trial_score([1.0, None, 3.0]) == TrialScore(2.0, 1.0, 2)
    assert trial_score([0.25]) == TrialScore(0.25, 0.0, 1)
    assert trial_score([0.0, 0.0]) == TrialScore(0.0, 0.0, 2)
    assert trial_score([None, None]) == TrialScore(None, None, 0)
    assert trial_score([]) == TrialScore(None, None, 0)


def test_a_fold_that_diverged_shows_in_the_mean():
    for values in ([1.0, NAN], [NAN, INF], [INF, -INF], [NAN, NAN]):
        found = trial_score(values)
        assert (math.isnan(found.mean), math.isnan(found.std), found.n) == (True, True, 2)
    assert trial_score([1.0, INF, INF]).mean == INF


def test_numbers_at_the_edge_of_floats_do_no_harm():
    assert trial_score([1.7e308, 1.7e308]).mean == pytest.approx(1.7e308)
    assert trial_score([1.7e308, -1.7e308]).std == INF


FINITE = st.floats(-1e6, 1e6)


@given(st.lists(st.none() | FINITE, min_size=1), st.randoms())
def test_mean_and_std_are_those_of_the_folds_in_any_order(values, draw):
    found = trial_score(values)
    held = [value for value in values if value is not None]
    if held:
        assert found.mean == pytest.approx(statistics.fmean(held), abs=1e-9)
        assert found.std == pytest.approx(statistics.pstdev(held), abs=1e-6)
    draw.shuffle(values)
    assert trial_score(values) == found


def trials(*means: float | None) -> list[tuple[int, TrialScore]]:
    return [(i, TrialScore(mean, 0.0, 0 if mean is None else 1)) for i, mean in enumerate(means)]


def order(found: list[Ranked]) -> list[tuple[int, int | None]]:
    return [(one.trial, one.rank) for one in found]


def test_trials_rank_best_first_diverged_then_none_last():
    scores = trials(NAN, 3.0, None, 0.0, -INF, 3.0, -1.0)
    low = [(6, 1), (3, 2), (1, 3), (5, 4), (0, 5), (4, 6), (2, None)]
    high = [(1, 1), (5, 2), (3, 3), (6, 4), (0, 5), (4, 6), (2, None)]
    assert order(rank(scores, Direction.LOW)) == low
    assert order(rank(scores, Direction.HIGH)) == high
    assert rank(scores, Direction.LOW)[0] == Ranked(1, 6, TrialScore(-1.0, 0.0, 1))


def test_incomplete_trials_rank_after_complete_ones_but_before_diverged_ones():
    scores = trials(5.0, 1.0, NAN, 4.0, NAN, None)
    found = order(rank(scores, Direction.LOW, incomplete={1, 2, 5}))
    assert found == [(3, 1), (0, 2), (1, 3), (4, 4), (2, 5), (5, None)]


@given(
    st.lists(st.none() | st.floats(), max_size=12),
    st.sets(st.integers(0, 11)),
    st.sampled_from(Direction),
    st.integers(),
)
def test_the_order_of_the_input_does_not_matter(means, incomplete, direction, seed):
    scores = trials(*means)
    wanted = rank(scores, direction, incomplete=incomplete)
    mixed = scores[:]
    random.Random(seed).shuffle(mixed)
    assert order(rank(mixed, direction, incomplete=incomplete)) == order(wanted)
    assert [one.rank for one in wanted if one.rank is not None] == list(
        range(1, 1 + sum(mean is not None for mean in means))
    )
