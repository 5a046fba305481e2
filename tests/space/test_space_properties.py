"""What holds for every parameter and every space."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hprun.errors import SpecError
from hprun.model import Value
from hprun.space import (
    Choice,
    Draws,
    FlaggedRange,
    Integers,
    Normal,
    Parameter,
    Spaced,
    Steps,
    Uniform,
    Values,
    parse_parameter,
    parse_space,
)
from hprun.space.numbers import DomainError

ints = st.integers(-(10**12), 10**12)
floats = st.floats(allow_nan=False, allow_infinity=False)
numbers = ints | floats
small = st.integers(-50, 50) | st.decimals(-50, 50, places=2).map(float)
positive = st.integers(1, 1000) | st.decimals("0.0001", 1000, places=4).map(float)
texts = st.text().filter(lambda text: not ("'" in text and '"' in text))
leaves = st.none() | st.booleans() | numbers | texts
values = st.recursive(leaves, lambda items: st.lists(items, max_size=3).map(tuple), max_leaves=5)


def made(kind: type, *arguments: st.SearchStrategy) -> st.SearchStrategy:
    """Domains of a kind from arguments that may not fit: those that mean nothing are left out."""

    def make(chosen: tuple) -> object:
        try:
            return kind(*chosen)
        except DomainError:
            return None

    return st.tuples(*arguments).map(make).filter(lambda domain: domain is not None)


lists = st.lists(values, min_size=1, max_size=5).map(Values.distinct)
steps = made(Steps, small, small, small)
spaced = made(Spaced, small, st.integers(2, 30), small, st.just(False)) | made(
    Spaced, positive, st.integers(2, 30), positive, st.just(True)
)
draws = made(Draws, small, st.integers(1, 9), small, st.just(False)) | made(
    Draws, positive, st.integers(1, 9), positive, st.just(True)
)
finite = lists | steps | spaced | draws
sampled = (
    made(Uniform, small, small, st.just(False), st.none() | positive)
    | made(Uniform, positive, positive, st.just(True), st.none() | positive)
    | made(Normal, numbers, positive, st.booleans(), st.none() | positive)
    | made(Integers, ints, ints)
    | made(
        FlaggedRange, small, small, st.none() | st.integers(1, 9), *[st.booleans() for _ in "url"]
    )
)
domains = st.recursive(
    finite | sampled,
    lambda options: st.lists(options, min_size=1, max_size=3).map(
        lambda chosen: Choice(
            tuple(
                single
                for option in chosen
                for single in (
                    [Values((value,)) for value in option.values]
                    if isinstance(option, Values)
                    else [option]
                )
            )
        )
    ),
    max_leaves=4,
)
enumerable = st.recursive(
    finite,
    lambda options: st.lists(options, min_size=1, max_size=3).map(lambda one: Choice(tuple(one))),
    max_leaves=3,
)


@given(domains)
def test_parsing_what_was_printed_gives_the_parameter_again(domain: object) -> None:
    parameter = Parameter(("x",), domain)
    again = parse_parameter(str(parameter))
    assert again == parameter
    assert repr(again.domain) == repr(parameter.domain)
    assert str(again) == str(parameter)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=4))
def test_parsing_printed_tuples_gives_them_again(rows: list[tuple[Value, Value]]) -> None:
    parameter = Parameter(("a", "B.c"), Values.distinct(rows))
    assert repr(parse_parameter(str(parameter)).domain) == repr(parameter.domain)


@given(values)
def test_a_value_that_was_printed_keeps_its_type(value: Value) -> None:
    parameter = parse_parameter(str(Parameter(("x",), Values((value,)))))
    assert repr(parameter.domain) == repr(Values((value,)))


@given(st.lists(enumerable, max_size=3), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_the_number_of_trials_is_the_product_and_none_stands_twice(axes: list, seed: int) -> None:
    axes = [axis for axis in axes if len(list(axis.grid(seed, "x"))) <= 40]
    space = parse_space([f"p{index}={axis}" for index, axis in enumerate(axes)])
    trials = [repr(trial) for trial in space.grid(seed)]
    assert len(trials) == space.size(seed)
    assert len(set(trials)) == len(trials)
    assert len(trials) == math.prod(len(axis) for axis in space.axes(seed).values())


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.lists(st.none() | st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=5, max_size=5),
)
@settings(deadline=None)
def test_with_conditions_the_count_is_exact(counts: list, looks: list) -> None:
    specs = []
    for index, count in enumerate(counts):
        look = looks[index]
        at, above = look or (index, 0)
        condition = "" if at == index or at >= len(counts) else f" if p{at} > {above}"
        specs.append(f"p{index}=1:{count}{condition}")
    try:
        space = parse_space(specs)
    except SpecError:
        reject()  # the conditions go in a circle
    trials = [repr(trial) for trial in space.grid()]
    assert len(trials) == space.size() == len(set(trials))
    stopped = space.size(stop_above=10)
    assert stopped == len(trials) if len(trials) <= 10 else 10 < stopped <= len(trials)


@given(spaced)
def test_both_ends_are_in_a_range_by_count(domain: Spaced) -> None:
    found = list(domain.grid(0, "x"))
    assert len(found) == domain.count == len(set(found))
    assert (found[0], found[-1]) == (domain.first, domain.last)
    assert sorted(found, reverse=domain.first > domain.last) == found


@given(steps)
def test_a_range_by_step_begins_at_its_end_and_never_passes_the_other(domain: Steps) -> None:
    found = [Decimal(repr(value)) for value in domain.grid(0, "x")]
    step, last = Decimal(repr(domain.step)), Decimal(repr(domain.last))
    assert len(found) == domain.count
    assert found[0] == Decimal(repr(domain.first))
    assert all(after - before == step for before, after in pairwise(found))
    assert abs(last - found[-1]) < abs(step)
    assert (last - found[-1]) * step >= 0


@given(draws, st.integers(0, 99))
def test_draws_lie_in_the_range_and_differ(domain: Draws, seed: int) -> None:
    found = list(domain.grid(seed, "x"))
    assert len(found) == domain.count == len(set(found))
    assert all(domain.low <= value <= domain.high for value in found)
    assert {type(value) for value in found} == {int if domain.whole else float}


@given(st.integers(-8, 8), st.integers(1, 12), st.integers(1, 9))
def test_a_log_grid_over_decades_is_written_without_noise(low: int, decades: int, a: int) -> None:
    space = parse_space([f"x={a}e{low}:l{decades + 1}:{a}e{low + decades}"])
    expected = [float(f"{a}e{low + index}") for index in range(decades + 1)]
    assert list(space.axes()["x"]) == expected


@given(st.text(alphabet="01.,:lura()[]'\" e-=xif", max_size=25))
@settings(max_examples=500)
def test_any_text_is_a_parameter_or_an_error_with_a_column_in_the_text(text: str) -> None:
    column = 0
    try:
        parameter = parse_parameter(f"x={text}")
    except SpecError as error:
        column = error.column
    else:
        assert parse_parameter(str(parameter)) == parameter
    assert 0 <= column <= len(text) + 2
