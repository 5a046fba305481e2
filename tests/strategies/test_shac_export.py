"""A cascade as JSON: read back it says the same, and a search can go on from it."""

import json

import numpy as np
import pytest

from hprun.errors import ConfigError
from hprun.model import Direction
from hprun.strategies.shac import Shac, known_table
from hprun.strategies.shac.cascade import cascade_from_data
from tests.benchmarks.functions import branin, mixed10


def _learned(problem, rows=100):
    units = np.random.default_rng(0).random((rows, len(problem.space.axes))).tolist()
    values = [problem.space.values(unit) for unit in units]
    table = known_table((v, problem.loss(v)) for v in values)
    return Shac(problem.space, Direction.LOW, 0, 100).cascade(table)


def test_a_cascade_says_the_same_after_json():
    problem = mixed10()
    cascade = _learned(problem)
    data = json.loads(json.dumps(cascade.as_data(problem.space), allow_nan=False))
    again = cascade_from_data(data, problem.space)
    units = np.random.default_rng(1).random((2000, 10))
    assert 0 < cascade.passes(problem.space, units).mean() < 0.2
    assert (again.failures(problem.space, units) == cascade.failures(problem.space, units)).all()


def test_a_search_goes_on_from_a_cascade_of_another():
    problem = branin()
    cascade = _learned(problem)
    strategy = Shac(problem.space, Direction.LOW, 5, 50, beginning=cascade)
    proposals = strategy.propose((), 20)
    assert proposals[0].note == {"shac": len(cascade)}
    units = np.array([problem.space.point(p.values) for p in proposals])
    assert cascade.passes(problem.space, units).all()
    assert len(strategy.predict((), 5)) == 5


def test_more_classifiers_than_there_are_is_an_error():
    problem = branin()
    with pytest.raises(ConfigError, match="9 classifiers are asked for, and the cascade has 0"):
        Shac(problem.space, Direction.LOW).predict((), 1, classifiers=9)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"schema": 2}, "can read"),
        ({"options": [0, 3]}, "another space"),
        ({"one_hot": "no"}, "damaged"),
        ({"levels": 5}, "damaged"),
        ({"levels": [{"cut": 0.0}]}, "damaged"),
        ({"levels": [{"cut": 0.0, "forest": {}}]}, "damaged"),
    ],
)
def test_a_damaged_cascade_is_refused(change, part):
    problem = branin()
    data = _learned(problem).as_data(problem.space)
    assert cascade_from_data(data, problem.space).levels
    with pytest.raises(ConfigError, match=part):
        cascade_from_data({**data, **change}, problem.space)
