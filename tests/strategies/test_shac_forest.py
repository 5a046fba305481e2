"""The classifier as arrays: the scores of scikit-learn's own, and JSON that gives them again."""

import json

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from hprun.errors import ConfigError
from hprun.strategies.shac.forest import Forest
from hprun.strategies.shac.training import Recipe, accuracy, train


def _data(rows, seed=0):
    rng = np.random.default_rng(seed)
    units = rng.random((rows, 4)).astype(np.float32)
    return units, units[:, 0] + units[:, 1] * units[:, 2] < 0.6


@pytest.mark.parametrize("rows", [10, 200])
@pytest.mark.parametrize("depth", [1, 3, 4])
def test_the_scores_are_those_of_scikit_learn(rows, depth):
    units, good = _data(rows)
    theirs = GradientBoostingClassifier(max_depth=depth, random_state=7).fit(units, good)
    ours = train(units, good, Recipe(depth=depth), seed=7)
    asked = np.vstack([_data(5000, seed=1)[0], units])
    assert np.allclose(ours.scores(asked), theirs.decision_function(asked), atol=1e-9)


def test_a_point_on_a_threshold_goes_the_way_that_scikit_learn_sends_it():
    units = (np.arange(40, dtype=np.float32) / 7)[:, None]
    good = np.arange(40) % 3 == 0
    theirs = GradientBoostingClassifier(random_state=0).fit(units, good)
    ours = train(units, good, Recipe(), seed=0)
    edges = np.unique(
        np.concatenate([row[0].tree_.threshold for row in theirs.estimators_])
    ).astype(np.float32)
    asked = np.concatenate([edges, np.nextafter(edges, 99), np.nextafter(edges, -99)])[:, None]
    assert np.allclose(ours.scores(asked), theirs.decision_function(asked), atol=1e-9)


def test_ten_results_are_enough_to_learn_from():
    units, good = _data(10)
    scores = train(units, good, Recipe(), seed=0).scores(units)
    assert ((scores > 0) == good).all()


def test_a_forest_survives_json():
    units, good = _data(60)
    forest = train(units, good, Recipe(), seed=0)
    again = Forest.from_data(json.loads(json.dumps(forest.as_data(), allow_nan=False)), width=4)
    asked = _data(500, seed=2)[0]
    assert (again.scores(asked) == forest.scores(asked)).all()


@pytest.mark.parametrize(
    "damage",
    [
        {"depth": 2},
        {"depth": -1},
        {"depth": "many"},
        {"bias": float("nan")},
        {"features": [[9] * 7] * 100},
        {"features": [[-1] * 7] * 100},
        {"leaves": [[0.0] * 7] * 100},
        {"thresholds": None},
    ],
)
def test_a_damaged_forest_is_refused(damage):
    units, good = _data(60)
    data = train(units, good, Recipe(), seed=0).as_data()
    assert Forest.from_data(data, width=4).features.shape == (100, 7)
    with pytest.raises(ConfigError, match="damaged"):
        Forest.from_data({**data, **damage}, width=4)


def test_accuracy_is_told_on_rows_that_were_not_learned_from():
    units, good = _data(100)
    shuffled = np.random.default_rng(3).permutation(good)
    assert accuracy(units, good, Recipe()) > 0.8
    assert accuracy(units, shuffled, Recipe()) < 0.7


def test_nothing_can_be_told_where_there_is_one_of_a_kind():
    units, _ = _data(10)
    assert accuracy(units, np.arange(10) == 0, Recipe()) == 0.0
