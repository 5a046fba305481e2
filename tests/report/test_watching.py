"""What is shown of a search that is watched, and what keys do."""

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from hprun.model import Direction, Metric, Reduce
from hprun.report.watch_picture import Standing, picture
from hprun.report.watching import (
    ORDERS,
    Quit,
    Row,
    StopTrial,
    View,
    arranged,
    key_names,
    press,
    window,
)

STATES = ["running", "queued", "completed", "failed", "out-of-memory", "stopped"]
values = st.dictionaries(
    st.text("abcdefgh_.", min_size=1, max_size=12),
    st.one_of(st.integers(), st.floats(), st.text("ab é漢=\t", max_size=30), st.none()),
    max_size=5,
)
rows = st.lists(
    st.builds(
        Row,
        trial=st.integers(0, 10**6),
        run=st.integers(1, 9),
        part=st.sampled_from(["", "1/5", "12/15"]),
        values=values,
        state=st.sampled_from(STATES),
        score=st.one_of(st.none(), st.floats()),
        metric=st.sampled_from(["-", "0.12345", "0.12345 @ 123456", "no metric"]),
        curve=st.lists(st.floats(), max_size=5).map(tuple),
        seconds=st.floats(0, 10**7),
    ),
    max_size=8,
)
views = st.builds(
    View,
    order=st.sampled_from(ORDERS),
    wanted=st.sampled_from(["", "running", "a trial"]),
    typing=st.booleans(),
    selected=st.integers(0, 40),
    asking=st.one_of(st.none(), st.integers(0, 9)),
    log=st.one_of(st.none(), st.integers(1, 9)),
)
KEYS = ["up", "down", "j", "k", "page down", "home", "end", "s", "/", "escape", "enter", "x", "l",
        "y", "n", "backspace", "a", "é", "q"]  # fmt: skip
ROW = Row(3, 7, "", {"lr": 0.1}, "running", None, "-", (), 1.0)


@given(views, st.sampled_from(KEYS), rows)
def test_a_key_leaves_a_row_that_is_there_selected_and_stops_nothing_unasked(view, key, there):
    after, act = press(view, key, there)
    assert after.selected in (view.selected, 0) or after.selected < len(there)
    assert isinstance(act, StopTrial) == (view.asking is not None and key == "y")
    if isinstance(act, Quit):
        assert key == "q"


def test_a_trial_is_stopped_when_the_question_is_answered_with_yes():
    asking, act = press(View(), "x", [ROW])
    assert (asking.asking, act) == (3, None)
    assert press(asking, "y", [ROW]) == (View(), StopTrial(3))
    assert press(asking, "n", [ROW]) == (View(), None)


def test_what_is_typed_after_a_slash_is_a_filter_and_no_command():
    view = View()
    for key in "/qs":
        view, act = press(view, key, [ROW])
        assert act is None
    assert view.wanted == "qs"
    assert press(view, "escape", [ROW])[0].wanted == ""


@given(rows, views, st.sampled_from([None, *Direction]))
def test_rows_are_those_that_are_wanted_and_what_runs_comes_first(there, view, direction):
    shown = arranged(there, view, direction)
    assert all(row in there for row in shown)
    if not view.wanted:
        assert len(shown) == len(there)
    running = [row.state == "running" for row in shown]
    assert running == sorted(running, reverse=True)


@pytest.mark.parametrize(("direction", "first"), [(Direction.LOW, 1), (Direction.HIGH, 2)])
def test_the_best_score_comes_first_and_none_last(direction, first):
    scored = [
        Row(n, n, "", {}, "completed", score, "", (), 1.0)
        for n, score in enumerate([math.nan, 0.1, 0.9, None])
    ]
    shown = arranged(scored, View(), direction)
    assert shown[0].trial == first
    assert {row.trial for row in shown[2:]} == {0, 3}


@given(st.integers(1, 500), st.integers(-3, 600), st.integers(-1, 60))
def test_the_selected_row_is_in_the_window(count, selected, height):
    first, end = window(count, selected, height)
    assert 0 <= first <= max(0, min(selected, count - 1)) < end <= count
    assert end - first <= max(1, height)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (b"q", ["q"]),
        (b"\x1b[A\x1b[Bj", ["up", "down", "j"]),
        (b"\x1b", ["escape"]),
        ("é/".encode(), ["é", "/"]),
        (b"\x1b[15~", []),
        (b"a\r\x7f\x01b", ["a", "enter", "backspace", "b"]),
    ],
)
def test_keys_have_names(typed, names):
    assert key_names(typed) == names


@given(rows, views, st.integers(20, 200), st.integers(4, 50), st.booleans())
def test_a_picture_never_wraps_and_fits_into_the_terminal(there, view, width, height, scored):
    metric = Metric("val_loss", Reduce.MIN, Direction.LOW) if scored else None
    standing = Standing("train-1", "running", metric, 40, 2, 30, 1, 61.0, 3600.0, "best " * 40,
                        "CPU 3 %   memory " * 9)  # fmt: skip
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(picture(standing, there, view, ["line " * 60] * 90, width, height))
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("width", "names", "shown"), [(80, 2, True), (60, 2, False), (80, 6, False)]
)
def test_curves_are_shown_where_there_is_room_for_them(width, names, shown):
    values = {f"units_{n}": n for n in range(names)}
    row = Row(0, 1, "", values, "running", None, "0.5 @ 3", (3.0, 2.0, 1.0), 2.0)
    standing = Standing("train-1", "running", None, 1, 1, 0, 0, 2.0, None, "", "")
    console = Console(width=width, height=24, file=io.StringIO(), color_system=None)
    console.print(picture(standing, [row], View(), [], width, 24))
    assert ("curve" in console.file.getvalue()) == shown
    assert "units_1" in console.file.getvalue()
