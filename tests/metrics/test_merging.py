from __future__ import annotations

from array import array
from math import inf, isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.metrics.events import Event
from hprun.metrics.merging import MergedCurve, SeriesMerge, _finite_best, concurrent, falls
from hprun.metrics.points import FilePoints, TagPoints
from hprun.metrics.ranking import finite_best, score
from hprun.model import Curve, Reduce


def merged(*steps: int) -> MergedCurve:
    curve = MergedCurve()
    curve.extend(steps, [float(i) for i in range(len(steps))])
    return curve


def test_a_step_that_goes_back_replaces_the_points_from_there_on():
    curve = merged(0, 1, 2, 3, 2, 3, 4)
    assert curve.curve().steps == (0, 1, 2, 3, 4)
    assert curve.curve().values == (0, 1, 4, 5, 6)
    assert (curve.restarts, curve.refits) == (1, 0)
    assert curve.notes() == ["step restarted once: later points replace earlier ones"]


def test_equal_steps_are_kept():
    curve = merged(0, 0, 0, 0)
    assert len(curve) == 4
    assert curve.notes() == []


def test_a_restart_at_the_first_step_is_a_new_fit():
    curve = merged(0, 1, 2, 0, 1, 2, 1, 0, 1)
    assert curve.curve().values == (7, 8)
    assert (curve.restarts, curve.refits) == (3, 2)
    assert curve.notes() == [
        "step restarted 3 times: later points replace earlier ones",
        "3 fits from the first step on: only the last one counts",
    ]


def test_a_session_start_beyond_the_last_step_drops_nothing():
    curve = merged(0, 1, 2)
    curve.cut(3)
    assert (len(curve), curve.restarts) == (3, 0)


def file_of(*events: tuple[float, str, int]) -> FilePoints:
    """Events of a wall time, a tag (or START) and a step; the value is the wall time."""
    points = FilePoints()
    for wall, tag, step in events:
        scalars = [] if tag == "START" else [(tag, wall)]
        points.add(Event(wall, step, scalars, tag == "START", False))
    return points


def test_a_session_start_cuts_earlier_files_and_tags_it_never_writes():
    first = file_of((1, "a", 0), (2, "a", 1), (3, "b", 0), (4, "b", 1))
    second = file_of((5, "START", 1), (6, "a", 1), (7, "a", 2))
    a = SeriesMerge().update([first, second], "a")
    b = SeriesMerge().update([first, second], "b")
    assert a.curve().values == (1, 6, 7)
    assert b.curve().values == (3,)
    assert (a.restarts, b.restarts) == (1, 1)


def test_files_that_overlap_in_time_are_concurrent():
    first = file_of((1, "a", 0), (5, "a", 1), (9, "other", 1))
    assert not concurrent([first, file_of((6, "a", 2), (7, "a", 3))], "a")
    assert not concurrent([first, file_of((2, "b", 2), (7, "b", 3))], "a")
    assert concurrent([first, file_of((4, "a", 2), (7, "a", 3))], "a")
    assert concurrent([file_of((2, "a", 0), (3, "a", 0)), first], "a")


def naive(files: list[list[tuple[str, int, float]]], tag: str) -> list[tuple[int, float]]:
    """The rules as written, one event at a time."""
    kept: list[tuple[int, float]] = []
    for file in files:
        begun = False
        for kind, step, value in file:
            back = kind == tag and kept and step < kept[-1][0]
            again = kind == tag and kept and not begun and kept[0][0] < step == kept[-1][0]
            if kind == "START" or back or again:
                kept = [point for point in kept if point[0] < step]
            if kind == tag:
                kept.append((step, value))
                begun = True
    return kept


EVENTS = st.lists(st.tuples(st.sampled_from(["a", "a", "b", "START"]), st.integers(0, 6)))


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3), st.data())
def test_merging_while_files_grow_gives_what_the_rules_say(sources, data):
    wall = 0.0
    files = [FilePoints() for _ in sources]
    merge = SeriesMerge()
    done: list[list[tuple[str, int, float]]] = [[] for _ in sources]
    order = [place for place, events in enumerate(sources) for _ in events]
    if data.draw(st.booleans()):
        order = data.draw(st.permutations(order))
    for place in order:
        wall += 1
        kind, step = sources[place][len(done[place])]
        scalars = [] if kind == "START" else [(kind, wall)]
        files[place].add(Event(wall, step, scalars, kind == "START", False))
        done[place].append((kind, step, wall))
        if data.draw(st.booleans()):
            merge.update(files, "a")
    curve = merge.update(files, "a").curve()
    assert list(zip(curve.steps, curve.values, strict=True)) == naive(done, "a")


def test_a_file_that_begins_where_the_one_before_ended_wrote_that_step_again():
    merged = MergedCurve()
    merged.extend([0, 1, 2], [5.0, 4.0, 3.0])
    merged.go_on(2)
    merged.extend([2, 3], [3.5, 2.0])
    assert merged.curve() == Curve((0, 1, 2, 3), (5.0, 4.0, 3.5, 2.0))
    flat = MergedCurve()
    flat.extend([0, 0], [5.0, 4.0])
    flat.go_on(0)
    flat.extend([0], [3.0])
    assert flat.curve() == Curve((0, 0, 0), (5.0, 4.0, 3.0))


class Slow:
    """The rules for one curve as written, a point at a time."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self.restarts = self.refits = 0

    def add(self, step: int, value: float) -> None:
        if self.points and step < self.points[-1][0]:
            self.cut(step)
        self.points.append((step, value))

    def cut(self, step: int) -> None:
        kept = [point for point in self.points if point[0] < step]
        if len(kept) < len(self.points):
            self.restarts += 1
            self.refits += not kept
        self.points = kept

    def curve(self) -> Curve:
        return Curve(tuple(s for s, _ in self.points), tuple(v for _, v in self.points))


VALUES = st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0, 1e308, nan, inf, -inf])
RUNS = st.lists(st.tuples(st.integers(0, 6), st.lists(st.tuples(st.integers(0, 3), VALUES))))


@settings(max_examples=300, deadline=None)
@given(RUNS)
def test_a_curve_that_grows_by_many_points_is_as_if_by_one_and_what_was_given_stays(runs):
    """Points come in stretches; a stretch may be preceded by a cut (of steps 0 to 6)."""
    file = TagPoints([], 0.0)
    fast, slow = MergedCurve(), Slow()
    given_out = []
    for base, stretch in runs:
        if base > 3:
            fast.cut(base)
            slow.cut(base)
        at = len(file.steps)
        file.steps.extend(base + step for step, _ in stretch)
        file.values.extend(value for _, value in stretch)
        borrowed = file.steps is fast.points().steps or at == 0
        if not (borrowed and fast.borrow(file.steps, file.values)):
            fast.extend(file.steps[at:], file.values[at:])
        for step, value in stretch:
            slow.add(base + step, value)
        assert repr(fast.curve()) == repr(slow.curve())
        assert (fast.restarts, fast.refits) == (slow.restarts, slow.refits)
        given_out.append((fast.points(), slow.curve()))
        for reduce in Reduce if len(fast) else ():
            assert repr(fast.score(reduce)) == repr(score(slow.curve(), reduce))
    for points, curve in given_out:
        assert repr(points.curve()) == repr(curve)


def test_falls_are_found_with_numpy_and_without(monkeypatch):
    steps = array("q", [*range(500), *range(400, 900), 7, 7, 6])
    wanted = [500, 1000, 1002]
    import numpy  # noqa: F401

    assert list(falls(steps)) == wanted
    assert list(falls(steps, 999)) == [1000, 1002]
    assert list(falls(steps, 1000)) == [1002]
    assert list(falls(array("q", range(999)))) == []
    monkeypatch.setattr("hprun.metrics.merging._MANY", 1 << 60)
    assert list(falls(steps)) == wanted
    assert list(falls(steps, 999)) == [1000, 1002]
    assert list(falls(steps, 1000)) == [1002]
    assert list(falls(array("q", range(999)))) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, min_size=1))
def test_the_best_finite_value_is_the_first_of_the_best(values):
    finite = [at for at, value in enumerate(values) if isfinite(value)]
    for reduce, best in ((Reduce.MIN, min), (Reduce.MAX, max)):
        wanted = best(finite, key=values.__getitem__) if finite else None
        assert finite_best(values, reduce) == wanted
        import numpy  # noqa: F401

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hprun.metrics.merging._MANY", 0)
            assert _finite_best(array("d", values), reduce) == wanted
