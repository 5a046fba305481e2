"""What a draw is: the same distributions as hyperopt's, and a way back from each value."""

from __future__ import annotations

import importlib.util
import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hprun.space import FlaggedRange, Normal, Uniform, parse_parameter, parse_space
from hprun.space.numbers import DomainError
from hprun.space.quantiles import countable, edges, quantile_of, value_at
from hprun.strategies.encoding import Encoding

HERE = Path(__file__).parent
KEPT = json.loads((HERE / "hyperopt_draws.json").read_text())
DRAWS = KEPT["draws"]
SPECS = list(KEPT["tables"])


def our_draws(spec: str, seed: int = 7) -> list[object]:
    encoding = Encoding(parse_space([f"x={spec}"]))
    rng = random.Random(seed)
    return [encoding.draw(lambda _: rng.random())["x"] for _ in range(DRAWS)]


def text(value: object) -> str:
    return "None" if value is None else f"{float(value):.9g}"


def assert_same_counts(ours: Counter[str], theirs: dict[str, int]) -> None:
    """A two-sample chi-square test; values that are rare in both count together."""
    cells = [(ours[value], theirs.get(value, 0)) for value in {*ours, *theirs}]
    common = [cell for cell in cells if sum(cell) >= 20]
    rare = [cell for cell in cells if sum(cell) < 20]
    pooled = [*common, (sum(a for a, _ in rare), sum(b for _, b in rare))]
    pooled = [cell for cell in pooled if sum(cell) > 0]
    distance = sum((a - b) ** 2 / (a + b) for a, b in pooled)
    freedom = len(pooled) - 1
    # Wilson and Hilferty: the chi-square that one draw in 10,000 exceeds.
    limit = freedom * (1 - 2 / (9 * freedom) + 3.72 * math.sqrt(2 / (9 * freedom))) ** 3
    assert distance < limit


def assert_same_quantiles(ours: list[float], theirs: list[float]) -> None:
    """At each quantile of theirs, as many of ours are below: within 4 sigma of both samples."""
    ordered = sorted(ours)
    for part, bound in enumerate(theirs, start=1):
        below = sum(value <= bound for value in ordered) / len(ordered)
        share = part / 100
        assert abs(below - share) < 4 * math.sqrt(2 * share * (1 - share) / len(ordered))


def assert_same(ours: list[object], table: dict[str, dict[str, int] | list[float]]) -> None:
    """Whether draws look like those that a table of hyperopt's tells about."""
    if "counts" in table:
        assert sum(table["counts"].values()) == DRAWS
        assert_same_counts(Counter(map(text, ours)), table["counts"])
    else:
        assert_same_quantiles([float(value) for value in ours], table["quantiles"])


@pytest.mark.parametrize("spec", SPECS)
def test_ten_thousand_draws_look_like_hyperopts(spec: str) -> None:
    ours, table = our_draws(spec), KEPT["tables"][spec]
    assert_same(ours, table)


@pytest.mark.skipif(importlib.util.find_spec("hyperopt") is None, reason="hyperopt is not there")
@pytest.mark.parametrize("spec", SPECS)
def test_the_same_with_hyperopt_itself(spec: str) -> None:
    loader = importlib.util.spec_from_file_location("drawing", HERE / "draw_with_hyperopt.py")
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    theirs = module.draws(module.spaces()[spec], seed=3)
    ours = our_draws(spec, seed=8)
    assert_same(ours, module.summary(theirs))


@pytest.mark.parametrize(
    ("spec", "other"),
    [
        ("quniform(0,3,1)", "randint(4)"),  # the ends of a quniform have half a share
        ("qloguniform(1,100,10)", "quniform(1,100,10)"),
        ("qnormal(0,10,3)", "qnormal(0.8,10,3)"),
        ("lognormal(-7,1.5)", "lognormal(-7,1.4)"),
        ("normal(-1,2)", "normal(-1,2.1)"),
        ("uniform(-3,5)", "uniform(-3,5.3)"),
    ],
)
def test_the_tests_tell_distributions_apart_that_are_a_little_different(
    spec: str, other: str
) -> None:
    ours, table = our_draws(other), KEPT["tables"][spec]
    with pytest.raises(AssertionError):
        assert_same(ours, table)


@pytest.mark.parametrize(
    ("spec", "kind"),
    {
        "quniform(100,700,5)": int,
        "quniform(0,1,0.25)": float,
        "quniform(0,10,1.0)": float,
        "qnormal(0,10,1)": int,
        "qlognormal(2,1,1)": int,
        "qloguniform(1,100,10)": int,
        "uniform(0,10)": float,
        "normal(0,10)": float,
        "randint(9)": int,
    }.items(),
)
def test_a_whole_q_gives_ints_and_everything_else_floats(spec: str, kind: type) -> None:
    assert {type(value) for value in our_draws(spec)[:500]} == {kind}


def test_multiples_of_a_fraction_are_written_without_noise() -> None:
    drawn = set(our_draws("quniform(0,1,0.1)"))
    assert drawn == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}


def test_rounding_that_leaves_the_bounds_is_told() -> None:
    space = parse_space(
        ["n=quniform(1,10,4)", "m=quniform(0,8,4)", "z=choice(1,qloguniform(1,9,4))"]
    )
    rounds = "rounds to the nearest multiple of 4, counted from 0, so it gives 0 to 8"
    assert space.notes == (
        f"n: quniform(1,10,4) {rounds}",
        f"z: qloguniform(1,9,4) {rounds}",
    )


def made(kind: type, *arguments: st.SearchStrategy) -> st.SearchStrategy:
    def make(chosen: tuple) -> object:
        try:
            return kind(*chosen)
        except DomainError:
            return None

    return st.tuples(*arguments).map(make).filter(lambda domain: domain is not None)


small = st.integers(-50, 50) | st.decimals(-50, 50, places=2).map(float)
positive = st.integers(1, 500) | st.decimals("0.001", 500, places=3).map(float)
quantum = st.none() | st.integers(1, 20) | st.decimals("0.01", 5, places=2).map(float)
sigma = st.integers(1, 20) | st.decimals("0.01", 5, places=2).map(float)
continuous = (
    made(Uniform, small, small, st.just(False), quantum)
    | made(Uniform, positive, positive, st.just(True), quantum)
    | made(Normal, small, sigma, st.just(False), quantum)
    | made(Normal, st.integers(-5, 5), st.sampled_from([0.1, 0.5, 1, 1.5]), st.just(True), quantum)
    | made(FlaggedRange, small, small, st.none(), *[st.booleans() for _ in "url"])
).filter(lambda domain: not isinstance(domain, FlaggedRange) or domain.low != domain.high)


@given(continuous, st.floats(0, 1))
@settings(max_examples=400)
def test_the_quantile_of_a_drawn_value_gives_the_value_again(
    domain: Uniform | Normal | FlaggedRange, unit: float
) -> None:
    value = value_at(domain, unit)
    back = quantile_of(domain, value)
    assert back is not None
    assert 0 <= back <= 1
    assert repr(value_at(domain, back)) == repr(value)


@given(continuous, st.floats(0, 1), st.floats(0, 1))
def test_higher_quantiles_are_not_lower_values(
    domain: Uniform | Normal | FlaggedRange, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert value_at(domain, low) <= value_at(domain, high)


@given(continuous, st.floats(0, 1))
def test_every_draw_is_legal(domain: Uniform | Normal | FlaggedRange, unit: float) -> None:
    value = value_at(domain, unit)
    assert math.isfinite(value)
    if isinstance(domain, Uniform):
        low, high = domain.reach
        assert low <= value <= high
        if domain.q is not None:
            assert value / domain.q == pytest.approx(round(value / domain.q))
    elif isinstance(domain, FlaggedRange) and not domain.unbounded:
        assert domain.low <= value <= domain.high
    elif domain.log:
        assert value > 0 or (value == 0 and (isinstance(domain, FlaggedRange) or domain.q))


@given(continuous, st.floats(0, 1), st.floats(0, 1))
def test_edges_cut_where_the_values_change(
    domain: Uniform | Normal | FlaggedRange, one: float, other: float
) -> None:
    cuts = edges(domain, 500)
    assume(cuts is not None)
    assert cuts == sorted(cuts)
    far = [unit for unit in (one, other) if all(abs(unit - cut) > 1e-9 for cut in cuts)]
    assume(len(far) == 2)
    cells = [sum(cut < unit for cut in cuts) for unit in far]
    same = value_at(domain, far[0]) == value_at(domain, far[1])
    assert same == (cells[0] == cells[1])


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ("uniform(0,1)", 1.5),
        ("uniform(0,1)", True),
        ("uniform(0,1)", "a"),
        ("uniform(0,1)", None),
        ("uniform(0,1)", float("nan")),
        ("loguniform(1,2)", 0),
        ("quniform(0,10,5)", 7),
        ("quniform(0,10,5)", 15),
        ("lognormal(0,1)", -1.0),
        ("lognormal(0,1)", 0.0),
        ("qnormal(0,1,1)", 0.5),
        ("1:5:l", 0.5),
    ],
)
def test_what_cannot_be_drawn_has_no_quantile(spec: str, value: object) -> None:
    assert quantile_of(parse_parameter(f"x={spec}").domain, value) is None


def test_what_others_computed_with_noise_is_found_again() -> None:
    domain = parse_parameter("x=quniform(0,1,0.1)").domain
    middle = quantile_of(domain, 0.1 * 3)
    assert middle is not None
    assert value_at(domain, middle) == 0.3


def test_bounded_multiples_can_be_counted() -> None:
    assert countable(Uniform(1, 10, q=4)) == range(3)
    assert countable(Uniform(0, 1)) is None
    assert countable(Normal(0, 1, q=1)) is None
