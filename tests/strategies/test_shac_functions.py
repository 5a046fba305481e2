"""The test functions are what their papers say, and measuring on them gives a table."""

import numpy as np
import pytest

from hprun.space import parse_space
from tests.benchmarks.functions import branin, problems
from tests.benchmarks.strategies_quality import COMPETITORS, measure, table

ALL = {problem.name: problem for problem in problems()}
KNOWN = [name for name, problem in ALL.items() if problem.lowest_at is not None]


@pytest.mark.parametrize("name", KNOWN)
def test_the_optimum_is_where_it_is_said_to_be(name):
    problem = ALL[name]
    assert problem.loss(problem.lowest_at) == pytest.approx(problem.lowest, rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("name", KNOWN)
def test_nothing_is_below_the_optimum(name):
    problem, rng = ALL[name], np.random.default_rng(0)
    width = len(problem.space.axes)
    near = np.array(problem.space.point(problem.lowest_at))
    points = [*rng.random((300, width)), *np.clip(near + rng.normal(0, 0.02, (300, width)), 0, 1)]
    losses = [problem.loss(problem.space.values(point.tolist())) for point in points]
    assert min(losses) > problem.lowest - 2e-5


@pytest.mark.parametrize("name", ALL)
def test_points_and_values_belong_together_and_the_specs_are_hpruns(name):
    box = ALL[name].space
    assert parse_space(box.specs).names == tuple(axis.name for axis in box.axes)
    for unit in np.random.default_rng(0).random((50, len(box.axes))):
        values = box.values(unit.tolist())
        again = box.values(box.point(values))
        assert again == pytest.approx(values)
        absent = np.isnan(box.features(unit[None, :]))[0]
        assert [axis.name in values for axis in box.axes] == (~absent).tolist()


@pytest.mark.parametrize("data", ["breast", "diabetes"])
def test_a_trained_tree_has_the_same_loss_each_time(data):
    problem = ALL[f"bayesmark-dt-{data}"]
    values = problem.space.values([0.5] * 6)
    assert problem.loss(values) == problem.loss(dict(reversed(values.items()))) > 0


def test_a_measurement_has_a_row_for_each_competitor():
    few = {name: COMPETITORS[name] for name in ("random", "random x2", "shac")}
    rows = measure([branin()], few, seeds=2, trials=20, after=(10, 20))
    assert [row["competitor"] for row in rows] == list(few)
    assert all(row["best@20"][0] <= row["best@10"][0] for row in rows)
    assert all(two <= one for two, one in zip(rows[1]["bests"], rows[0]["bests"], strict=True))
    assert len(table(rows).splitlines()) == 5
