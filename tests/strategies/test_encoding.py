"""A space as points, and the way back."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.config import read_file, spec_strings
from hprun.errors import SpecError
from hprun.model import Values
from hprun.space import Space, parse_space
from hprun.strategies.dimensions import index_at, middle_of
from hprun.strategies.encoding import Encoding
from hprun.strategies.unit_cube import UnitCube

MIXED = [
    "lr=1e-5:l:0.1",
    "units=32,64,128",
    'momentum=0:0.1:0.9 if opt == "SGD"',
    "opt=SGD,Adam,'a b'",
    "residual=choice(None,quniform(1,4,1),choice(7,8))",
    "(a,b)=(1,x),(3,y),(5,z)",
    "w=normal(0,1)",
    "codes=0:1:3:rla",
    "depth=1:6",
    "width=choice(8,16:r4:64) if depth > 2 and residual != None",
    "c=0.5 if a == 3",
    "seeds=randint(100000000000000000000)",
    "one=7",
    "wide=qnormal(0,10,3) if lr > 0.001",
]

specs = st.sampled_from(
    [
        "1",
        "1,2,3",
        "a,b,None",
        "True,False",
        "0:u:1",
        "1e-3:l:1",
        "quniform(0,10,2.5)",
        "qloguniform(1,100,10)",
        "normal(0,2)",
        "qnormal(0,3,1)",
        "lognormal(0,1)",
        "randint(3,9)",
        "9:-2:0",
        "1:l4:1000",
        "0.0:r3:1.0",
        "choice(1,choice(2,0:u:1),None)",
        "choice(1:3,quniform(4,9,1))",
        "0:1:2:a",
        "2:3:ul",
    ]
)
conditions = st.sampled_from(["", " if p0 == 1", " if p0 > 0.5", " if p1 == 2 or p1 == None"])


def drawn(encoding: Encoding, seed: int) -> Values:
    rng = random.Random(seed)
    return encoding.draw(lambda _: rng.random())


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    count = draw(st.integers(1, 5))
    texts = [
        f"p{index}={draw(specs)}{draw(conditions) if index > 1 else ''}" for index in range(count)
    ]
    try:
        return parse_space(texts)
    except SpecError:  # a condition looks at a name that is not there
        return parse_space([text.partition(" if ")[0] for text in texts])


@given(spaces(), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_the_point_of_a_trial_is_a_point_of_that_trial(space: Space, seed: int) -> None:
    encoding = Encoding(space, 3)
    values = drawn(encoding, seed)
    point = encoding.point(values)
    assert point is not None
    assert repr(encoding.values(point)) == repr(values)
    assert encoding.active(point) == tuple(unit is not None for unit in point)


@given(spaces(), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_a_trial_has_the_names_whose_conditions_hold_and_no_others(space: Space, seed: int) -> None:
    values = drawn(Encoding(space), seed)
    for parameter in space.parameters:
        assert parameter.active(values) == all(name in values for name in parameter.names)
        assert parameter.active(values) == any(name in values for name in parameter.names)
    assert list(values) == [name for name in space.names if name in values]


@given(spaces(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_matrix_says_the_same_as_one_point_at_a_time(space: Space, seed: int) -> None:
    encoding = Encoding(space, 3)
    cube = UnitCube(encoding)
    units = np.random.default_rng(seed).random((20, len(encoding.dimensions)))
    features = cube.features(units)
    assert features.shape == units.shape
    for row, seen in zip(units, features, strict=True):
        assert tuple(~np.isnan(seen)) == encoding.active(list(row))
        there = np.array(cube.point(cube.values(list(row))))
        again = cube.features(there.reshape(1, -1))[0]
        assert np.allclose(again, seen, atol=1e-6, equal_nan=True)


@given(st.integers(1, 10**20), st.floats(0, 1))
def test_the_middle_of_a_cell_is_in_the_cell(count: int, unit: float) -> None:
    index = index_at(unit, count)
    assert 0 <= index < count
    assert index_at(middle_of(index, count), count) == index


def test_every_kind_of_parameter_has_its_dimensions() -> None:
    encoding = Encoding(parse_space(MIXED))
    found = {one.path: (one.scale.value, one.count) for one in encoding.dimensions}
    assert found == {
        "lr": ("smooth", None),
        "units": ("ordered", 3),
        "momentum": ("ordered", 10),
        "opt": ("unordered", 3),
        "residual": ("unordered", 3),
        "residual/1": ("smooth", None),
        "residual/2": ("unordered", 2),
        "(a,b)": ("unordered", 3),
        "w": ("smooth", None),
        "codes[0]": ("smooth", None),
        "codes[1]": ("smooth", None),
        "codes[2]": ("smooth", None),
        "depth": ("ordered", 6),
        "width": ("unordered", 2),
        "width/1": ("ordered", 4),
        "seeds": ("smooth", None),
        "wide": ("smooth", None),
    }


def test_nothing_but_active_dimensions_is_asked_for() -> None:
    encoding = Encoding(
        parse_space(["opt=SGD,Adam", 'm=0:u:1 if opt == "SGD"', "c=choice(1,0:u:9)"])
    )
    asked: list[str] = []

    def pick(dimension: int) -> float:
        asked.append(encoding.dimensions[dimension].path)
        return 0.1 if asked[-1] == "c" else 0.9

    assert encoding.draw(pick) == {"opt": "Adam", "c": 1}
    assert asked == ["opt", "c"]


def test_values_from_elsewhere_have_a_point_only_if_the_space_has_them() -> None:
    encoding = Encoding(
        parse_space(["lr=1e-5:l:0.1", "n=32,64", "m=0:u:1 if n == 64", "(a,b)=(1,2),(3,4)"])
    )
    good = {"lr": 0.01, "n": 64, "m": 0.5, "a": 1, "b": 2}
    point = encoding.point(good)
    assert point is not None
    assert point[0] == pytest.approx(0.75)
    assert encoding.point({**good, "n": 64.0}) == point
    for change in (
        {"lr": 0.5},
        {"lr": "0.01"},
        {"n": 48},
        {"n": 32},  # m takes no part then
        {"m": 2},
        {"a": 3},
        {"more": 1},
    ):
        assert encoding.point({**good, **change}) is None
    assert encoding.point({name: good[name] for name in good if name != "lr"}) is None
    assert encoding.point({name: good[name] for name in good if name != "b"}) is None


def test_true_is_not_one() -> None:
    encoding = Encoding(parse_space(["x=True,1,a"]))
    points = [encoding.point({"x": value}) for value in (True, 1, 1.0)]
    assert points[0] != points[1] == points[2]


def test_a_small_space_can_be_listed() -> None:
    encoding = Encoding(
        parse_space(["a=1,2", "b=choice(None,quniform(0,4,2)) if a == 2", "c=randint(2)"])
    )
    every = encoding.every(100)
    assert every is not None
    assert [tuple(values.values()) for values in every] == [
        (1, 0), (1, 1), (2, None, 0), (2, None, 1), (2, 0, 0), (2, 0, 1), (2, 2, 0), (2, 2, 1),
        (2, 4, 0), (2, 4, 1),
    ]  # fmt: skip
    assert encoding.every(9) is None
    assert Encoding(parse_space(["a=1,2", "b=0:u:1"])).every(10**9) is None


def test_draws_of_a_grid_axis_are_the_draws_that_the_grid_has() -> None:
    space = parse_space(["x=0.0:r5:1.0", "y=choice(1,2:r3:90)"])
    encoding = Encoding(space, seed=11)
    for name in ("x", "y"):
        drawn_values = {drawn(encoding, seed)[name] for seed in range(200)}
        assert drawn_values == set(space.axes(11)[name])


def test_the_space_of_the_cifar_network_has_its_21_dimensions(cifar: Space) -> None:
    encoding = Encoding(cifar)
    assert len(cifar.parameters) == 18
    assert len(encoding.dimensions) == 21
    for seed in range(300):
        values = drawn(encoding, seed)
        assert type(values["batch_size"]) is int
        assert values["batch_size"] % 5 == 0
        assert values["residual"] in {None, 1, 2, 3, 4}
        assert ("res_conv_kernel_size" in values) == (values["residual"] is not None)
        assert values["first_conv"] in {None, 3, 4}
        point = encoding.point(values)
        assert point is not None
        assert encoding.values(point) == values


@pytest.fixture
def cifar() -> Space:
    return parse_space(
        spec_strings(read_file(Path(__file__).parents[2] / "examples" / "cifar")["hp"])
    )
