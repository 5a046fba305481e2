"""Distributions, columns and values for other tools."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.model import Curve
from hprun.report.export.distributions import distributions, written
from hprun.report.export.parquet import column_of
from hprun.report.export.study import MOST_POINTS, intermediate
from hprun.space import parse_space

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES |= st.text(max_size=3) | st.lists(st.integers(-9, 9), max_size=3).map(tuple)


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_whatever_was_seen_has_a_distribution_that_tells_its_values_apart(seen):
    found = distributions(None, {"x": seen}, 0)["x"]
    params = [written(value, found) for value in seen]
    assert all(found._contains(found.to_internal_repr(param)) for param in params)
    told = {(type(param), param) for param in params}
    if hasattr(found, "choices"):
        assert len(told) == len({repr(value) for value in seen})
    else:
        assert [float(v) for v in seen] == params


SPECS = {
    "1:10": "IntDistribution(high=10, log=False, low=1, step=1)",
    "10:-5:0": "IntDistribution(high=10, log=False, low=0, step=5)",
    "0.1:0.1:0.5": "FloatDistribution(high=0.5, log=False, low=0.1, step=0.1)",
    "1e-5:l5:0.1": "FloatDistribution(high=0.1, log=True, low=1e-05, step=None)",
    "1e-5:l:0.1": "FloatDistribution(high=0.1, log=True, low=1e-05, step=None)",
    "1:l4:1000": "IntDistribution(high=1000, log=True, low=1, step=1)",
    "randint(10)": "IntDistribution(high=9, log=False, low=0, step=1)",
    "quniform(0,10,5)": "IntDistribution(high=10, log=False, low=0, step=5)",
    "normal(0,1)": "FloatDistribution(high=3.0, log=False, low=-3.0, step=None)",
    "32,64,128": "CategoricalDistribution(choices=(32, 64, 128))",
    "choice(None,1:3)": "CategoricalDistribution(choices=(None, 1, 2, 3))",
    "1,True": "CategoricalDistribution(choices=('1', 'True'))",
}


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_is_the_distribution_that_one_would_write(spec):
    space = parse_space([f"x={spec}"])
    assert str(distributions(space, {"x": []}, 0)["x"]) == SPECS[spec]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SPECS)), st.lists(VALUES, max_size=3))
def test_values_outside_of_the_space_are_held_too(spec, more):
    space = parse_space([f"x={spec}"])
    found = distributions(space, {"x": more}, 0)["x"]
    for value in more:
        param = written(value, found)
        assert found._contains(found.to_internal_repr(param))


def test_names_that_go_together_are_choices_of_their_own():
    space = parse_space(["(a,b)=(1,x),(2,y)"])
    found = distributions(space, {"a": [1], "b": ["x"]}, 0)
    assert (found["a"].choices, found["b"].choices) == ((1, 2), ("x", "y"))


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_a_column_has_one_type(values):
    column = column_of(values)
    assert len({type(cell) for cell in column if cell is not None}) <= 1
    assert [cell is None for cell in column] == [value is None for value in values]


def test_curves_are_means_over_folds_where_all_have_a_value_and_thinned_when_long():
    curves = {0: Curve((1, 2, 3), (1.0, 2.0, 3.0)), 1: Curve((1, 2), (3.0, 4.0)), 2: None}
    assert intermediate((0, 1, 2), curves.get) == {1: 2.0, 2: 3.0}
    assert intermediate((2,), curves.get) == {}
    steps = tuple(range(10 * MOST_POINTS + 7))
    thin = intermediate((0,), {0: Curve(steps, tuple(map(math.sqrt, steps)))}.get)
    assert MOST_POINTS / 2 < len(thin) <= MOST_POINTS + 1
    assert thin[steps[-1]] == math.sqrt(steps[-1])
