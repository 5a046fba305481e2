"""The grid over a space: its order, its size, and how little it needs."""

from __future__ import annotations

from itertools import islice

import pytest

from hprun.space import Space, parse_space


def test_the_parameter_named_last_varies_fastest() -> None:
    grid = parse_space(["a=1,2", "b=x,y,z"]).grid()
    assert [(trial["a"], trial["b"]) for trial in grid] == [
        (1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z"),
    ]  # fmt: skip


def test_a_space_without_parameters_is_one_trial() -> None:
    assert list(Space(()).grid()) == [{}]
    assert Space(()).size() == 1


HUGE = ["a=0:u1000000000:1", "b=0:1000000000000000", "c=1:l1000000000:1e9", "d=0:r1000000000:1e9"]


def test_a_huge_grid_is_counted_and_begun_without_being_made() -> None:
    space = parse_space([*HUGE[:3], "o=A,B", "e=1:5 if o == 'A'"])
    assert space.size() == 10**9 * (10**15 + 1) * 10**9 * (5 + 1)
    assert list(islice(space.grid(), 6)) == [
        *({"a": 0.0, "b": 0, "c": 1.0, "o": "A", "e": e} for e in range(1, 6)),
        {"a": 0.0, "b": 0, "c": 1.0, "o": "B"},
    ]
    assert parse_space(HUGE).size() == 10**27 * (10**15 + 1)
    assert len(list(islice(parse_space(HUGE[3:]).grid(), 3))) == 3


def test_a_long_axis_is_walked_again_for_each_value_before_it() -> None:
    space = parse_space(["a=1,2", "b=1:150000"])
    assert sum(trial["a"] * trial["b"] for trial in space.grid()) == 3 * 150_000 * 150_001 // 2


@pytest.mark.parametrize(
    "specs",
    [
        ["n=0:1000000000", "o=A,B if n > 5"],
        ["n=1:1000", "m=1:1000 if n != 7", "k=1:1000 if m > n", "j=1:9 if k > 1"],
    ],
)
def test_counting_ends_above_the_limit_that_was_asked_for(specs: list[str]) -> None:
    assert parse_space(specs).size(stop_above=100_000) > 100_000


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    space = parse_space(["a=1:10", "b=1:10 if a > 5", "c=1:3", "d=x,y if c == 2"])
    assert space.size(stop_above=10_000) == space.size() == (5 + 5 * 10) * (2 + 2)
    assert space.size(stop_above=219) == space.size(stop_above=220) == 220
    assert space.size(stop_above=60) > 60


def test_the_number_of_trials_may_hang_on_what_was_drawn() -> None:
    space = parse_space(["n=1:r3:100", "o=A,B if n > 50", "x=choice(1:r3:4, 2)"])
    sizes = {seed: space.size(seed) for seed in range(20)}
    assert len(set(sizes.values())) > 1
    assert all(len(list(space.grid(seed))) == size for seed, size in sizes.items())


def test_a_space_that_must_be_sampled_has_no_grid() -> None:
    space = parse_space(["lr=1e-5:l:0.1", "(a,b)=(1,2)", "c=choice(None, choice(1, 0:u:1))"])
    assert space.sampled == ("lr", "c")
    with pytest.raises(ValueError, match="can only be sampled"):
        space.size()
    with pytest.raises(ValueError, match="can only be sampled"):
        list(space.grid())


def test_axes_list_each_value_once() -> None:
    space = parse_space(["(a,b)=(1,x),(1,y),(2,x)", "c=choice(1:3, 2.0, 2)"])
    assert repr(space.axes()) == "{'a': (1, 2), 'b': ('x', 'y'), 'c': (1, 2, 3, 2.0)}"
