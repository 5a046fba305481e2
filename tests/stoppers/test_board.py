"""What the stoppers say of runs whose curves are known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.errors import ConfigError
from hprun.model import Direction, Metric, Reduce
from hprun.stoppers import Board, Tracker, make_fold_stopper, make_stopper
from hprun.stoppers.tracks import mark, track_of

LOW = Metric("loss", Reduce.MIN, Direction.LOW)


class Searching:
    """Runs whose curves are fed value by value, as an engine would."""

    def __init__(self, *stoppers, metric=LOW):
        self.metric = metric
        self.board = Board([make_stopper(s, metric.direction) for s in stoppers], metric.direction)
        self.used = 0

    def train(self, trial, curve, part=(0, 0)):
        """After how many values the run was stopped, and why; all of them and "" if it was not."""
        tracker = Tracker(self.metric)
        values = list(curve)
        for count in range(1, len(values) + 1):
            tracker.follow(values, count)
            why = self.board.judge(trial, trial, part, tracker)
            if why:
                break
        self.used += count
        track = track_of(values, count, self.metric)
        self.board.learn(trial, trial, part, track, completed=not why)
        return count, why


def falling(final, length):
    return [final + 1 / (n + 1) for n in range(length)]


def test_asha_lets_the_best_third_pass_each_rung_and_saves_two_thirds():
    search = Searching("asha")
    finals = [n / 40 for n in range(40)]
    random.Random(3).shuffle(finals)
    ends = {final: search.train(n, falling(final, 27))[0] for n, final in enumerate(finals)}
    assert ends[0.0] == 27, "the best goes on to its end"
    assert set(ends.values()) <= {3, 9, 27}
    assert search.used < 40 * 27 / 3


@given(st.permutations(list(range(20))), st.integers(5, 200))
def test_the_best_trial_is_never_stopped_by_any_rule_that_compares(order, length):
    for text in ("asha", "hyperband", "median", "percentile", "asha:factor=2", "asha:factor=4"):
        search = Searching(text)
        for trial, final in enumerate(order):
            count, why = search.train(trial, falling(final, length))
            assert final != 0 or not why
            assert why == "" or count >= length / 10, "nothing before a tenth of the budget"


@given(st.lists(st.lists(st.floats(0, 1), min_size=30, max_size=30), min_size=2, max_size=12))
def test_a_board_filled_from_ended_runs_judges_as_the_one_that_saw_them(curves):
    *before, last = curves
    search = Searching("asha", "median:startup=2")
    again = Searching("asha", "median:startup=2")
    for trial, curve in enumerate(before):
        count, why = search.train(trial, curve)
        again.board.learn(trial, trial, (0, 0), track_of(curve, count, LOW), completed=not why)
    assert search.train(99, last) == again.train(99, last)


def test_nothing_is_stopped_before_the_length_of_a_run_is_known():
    search = Searching("threshold:worst=0")
    assert search.train(0, [1.0] * 50) == (50, "")
    assert search.train(1, [1.0] * 50)[0] == 5


def test_the_user_may_say_the_length_and_the_least():
    assert Searching("threshold:worst=0,max=50").train(0, [1.0] * 50)[0] == 5
    assert Searching("threshold:worst=0,max=50,min=20").train(0, [1.0] * 50)[0] == 20
    assert (
        Searching("asha:max=50,min=2").board.budget(make_stopper("asha:max=9", LOW.direction)) == 9
    )


def test_a_longer_run_moves_the_rungs():
    search = Searching("asha")
    search.train(0, falling(0.0, 9))
    search.train(1, falling(0.0, 90))
    assert search.train(2, falling(1.0, 90))[0] == 10


def test_runs_are_compared_with_those_on_the_same_fold():
    search = Searching("asha:max=9")
    search.train(0, falling(0.0, 9), part=(0, 0))
    assert search.train(1, falling(5.0, 9), part=(1, 0))[1] == "", (
        "folds may be of unequal hardness"
    )
    assert search.train(2, falling(6.0, 9), part=(1, 0))[1]


def test_a_run_that_was_seen_before_is_compared_with_and_not_judged_again():
    search = Searching("asha:max=27")
    search.train(0, falling(0.0, 27))
    tracker = Tracker(LOW)
    values = falling(1.0, 27)
    tracker.follow(values, 5)
    search.board.see(1, 1, (0, 0), tracker)
    tracker.follow(values, 8)
    assert search.board.judge(1, 1, (0, 0), tracker) == ""
    tracker.follow(values, 9)
    assert "1 of 1 were better after 9" in search.board.judge(1, 1, (0, 0), tracker)


def test_what_is_no_number_is_worst():
    search = Searching("asha:max=9")
    search.train(0, falling(3.0, 9))
    assert search.train(1, [float("nan")] * 9)[0] == 1
    assert Searching("threshold:worst=1,max=9").train(0, [float("nan")] * 9)[0] == 1


def test_high_scores_are_better_where_the_metric_says_so():
    search = Searching("asha:max=9", metric=Metric("acc", Reduce.MAX, Direction.HIGH))
    search.train(0, [0.9] * 9)
    assert search.train(1, [0.95] * 9) == (9, "")
    assert search.train(2, [0.5] * 9)[0] == 1


def test_a_patient_stopper_counts_from_the_last_time_that_it_was_better():
    search = Searching("patient:patience=4,max=40")
    curve = [5.0, 4.0, 4.0, 3.0, *[3.5] * 36]
    assert search.train(0, curve) == (8, "no better for 4 values, after 8")


def test_hyperband_judges_some_later_and_some_never():
    stopper = make_stopper("hyperband:max=27", Direction.LOW)
    brackets = [stopper.bracket(trial) for trial in range(17)]
    assert sorted(brackets) == [0] * 9 + [1] * 5 + [2] * 3
    rungs = {
        bracket: [mark(p) for p in range(40) if stopper.looks_at(p, bracket, 27)]
        for bracket in range(3)
    }
    assert rungs == {0: [3, 9], 1: [9], 2: []}


def test_a_rule_for_folds_knows_how_many_there_are():
    stopper = make_fold_stopper("asha", Direction.LOW, 9)
    assert stopper.max == 9
    assert make_fold_stopper("stopped", Direction.LOW, 9) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ahsa", "no stopper ahsa"),
        ("asha:factr=3", "no option factr"),
        ("asha:factor=1", "2 or more, not 1"),
        ("asha:factor=x", "not x"),
        ("asha:factor", "says no value"),
        ("asha:max=9,max=8", "max is said twice"),
        ("asha:min=9,max=9", "min must be less"),
        ("threshold", "needs a bound"),
        ("threshold:worst=nan", "a number, not nan"),
        ("percentile:keep=100", "between 0 and 100"),
        ("hyperband:min=3", "how many brackets"),
        ("patient:patience=0", "1 or more, not 0"),
    ],
)
def test_what_cannot_be_is_told(text, said):
    with pytest.raises(ConfigError, match=said):
        make_stopper(text, Direction.LOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [("patient", "no such rule for folds"), ("median:max=3", "max is the number of folds"),
     ("meidan", "no such rule")],
)  # fmt: skip
def test_what_cannot_be_for_folds_is_told(text, said):
    with pytest.raises(ConfigError, match=said):
        make_fold_stopper(text, Direction.LOW, 5)
