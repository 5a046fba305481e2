"""A track is what a run would have scored at each mark; nothing else of the curve is needed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hprun.metrics import score
from hprun.model import Curve, Direction, Metric, Reduce
from hprun.stoppers import Tracker
from hprun.stoppers.tracks import mark, place_of, track_of

curves = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=300)
metrics = st.builds(Metric, st.just("m"), st.sampled_from(Reduce), st.sampled_from(Direction))


@given(curves, metrics)
def test_a_track_holds_the_score_at_each_mark(values, metric):
    track = track_of(values, len(values), metric)
    assert track.values == len(values)
    assert len(track.scores) == sum(mark(place) <= len(values) for place in range(200))
    for place, held in enumerate(track.scores):
        first = tuple(values[: mark(place)])
        wanted, _ = score(Curve(tuple(range(len(first))), first), metric.reduce)
        assert held == wanted or (math.isnan(held) and math.isnan(wanted))


@given(curves, metrics, st.lists(st.integers(0, 300), max_size=6))
def test_a_curve_followed_in_parts_gives_the_same(values, metric, cuts):
    tracker = Tracker(metric)
    for cut in sorted(min(cut, len(values)) for cut in cuts):
        tracker.follow(values, cut)
    tracker.follow(values, len(values))
    whole = track_of(values, len(values), metric)
    assert repr(list(tracker.track.scores)) == repr(list(whole.scores))


def test_a_curve_that_went_back_is_followed_anew():
    tracker = Tracker(Metric("m", Reduce.MIN, Direction.LOW))
    tracker.follow([3.0, 0.5, 2.0], 3)
    tracker.follow([3.0, 2.5], 2)
    assert list(tracker.track.scores) == [3.0, 2.5]


def test_it_is_known_when_a_run_was_last_better():
    tracker = Tracker(Metric("m", Reduce.LAST, Direction.HIGH))
    tracker.follow([1.0, 3.0, 2.0, math.nan, 3.0], 5)
    assert [tracker.improved_at(place) for place in range(5)] == [1, 2, 2, 2, 2]


@given(st.floats(1, 1e7))
def test_a_mark_is_found_and_is_at_most_a_twentieth_too_far(values):
    place = place_of(values)
    assert mark(place) >= values
    assert mark(place) <= math.ceil(values) * 1.05 + 1
    assert place == 0 or mark(place - 1) < values


def test_a_million_values_have_few_marks():
    assert place_of(1_000_000) < 300
