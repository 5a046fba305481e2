"""Pools: they stay inside the region, they are spread as the prior is, and cuts halve them."""

import numpy as np
import pytest

from hprun.strategies.shac.cascade import Cascade, Level
from hprun.strategies.shac.pool import _moved, _thrown_back, from_prior, median_cut, narrowed
from hprun.strategies.shac.rejection import passing
from hprun.strategies.shac.training import Recipe, train
from tests.benchmarks.functions import branin, mixed10


def _cascade(cube, levels, seed=0):
    """Levels that each cut off a half plane of the first two features, as trees see it."""
    rng = np.random.default_rng(seed)
    cascade = Cascade()
    for turn in range(levels):
        rows = cascade.rows(cube, rng.random((300, len(cube.options))))
        slant = rows[:, 0] + (turn % 2) * rows[:, 1]
        cascade = cascade.then(Level(train(rows, slant < np.median(slant), Recipe(trees=20), turn)))
    return cascade


def test_a_cut_leaves_half():
    scores = np.random.default_rng(0).normal(size=500)
    assert np.mean(scores > median_cut(scores, 0.5)) == 0.5


def test_a_cut_leaves_about_half_where_scores_come_in_steps():
    scores = np.array([0.0] * 30 + [1.0] * 25 + [2.0] * 45)
    assert np.mean(scores > median_cut(scores, 0.5)) == 0.45


def test_there_is_no_cut_between_scores_that_are_all_the_same():
    assert median_cut(np.ones(9), 0.5) is None


def test_a_pool_stays_within_its_region_and_has_no_copies():
    cube, rng = mixed10().space, np.random.default_rng(1)
    cascade = _cascade(cube, 4)
    pool = from_prior(cube, 256, rng)
    for depth in range(1, 5):
        pool = narrowed(pool, cascade.first(depth), cube, 12, rng)
    assert cascade.passes(cube, pool).all()
    assert len(np.unique(pool, axis=0)) > 250


def test_a_pool_is_spread_as_rejected_draws_are():
    cube, rng = branin().space, np.random.default_rng(2)
    cascade = _cascade(cube, 3)
    pools = []
    for _ in range(4):
        pool = from_prior(cube, 512, rng)
        for depth in range(1, 4):
            pool = narrowed(pool, cascade.first(depth), cube, 12, rng)
        pools.append(pool)
    ours = np.vstack(pools)
    theirs = np.array(list(passing(cascade, cube, rng, draws=2**15, relax=False)))
    assert len(theirs) > 1000
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        edge = np.quantile(theirs, share, axis=0)
        assert np.abs(np.mean(ours < edge, axis=0) - share).max() < 0.06


def test_a_region_without_a_point_has_no_pool():
    cube, rng = branin().space, np.random.default_rng(0)
    nothing = _cascade(cube, 1).levels[0]
    cascade = Cascade((Level(nothing.forest, cut=1e9),))
    assert narrowed(from_prior(cube, 64, rng), cascade, cube, 2, rng) is None


def test_steps_keep_an_even_spread_even():
    rng = np.random.default_rng(5)
    pool = rng.random((50_000, 3))
    for _ in range(10):
        pool = _moved(pool, rng)
    counts = np.histogram(pool, bins=10, range=(0, 1))[0] / pool.size
    assert np.abs(counts - 0.1).max() < 0.004


@pytest.mark.parametrize(
    ("outside", "inside"), [(-0.25, 0.25), (1.25, 0.75), (0.5, 0.5), (2.25, 0.25), (-1.25, 0.75)]
)
def test_a_step_over_the_wall_is_thrown_back(outside, inside):
    assert _thrown_back(np.array([outside]))[0] == pytest.approx(inside)


def test_a_step_never_lands_on_one_itself():
    assert _thrown_back(np.array([1.0]))[0] < 1


def test_relaxed_draws_pass_when_the_region_is_empty_and_strict_ones_end():
    cube = branin().space
    nothing = Level(_cascade(cube, 1).levels[0].forest, cut=1e9)
    cascade = Cascade((*_cascade(cube, 2).levels, nothing))
    strict = passing(cascade, cube, np.random.default_rng(0), draws=2000, relax=False)
    assert not list(strict)
    relaxed = passing(cascade, cube, np.random.default_rng(0), draws=2000, relax=True)
    found = np.array([next(relaxed) for _ in range(20)])
    assert (cascade.failures(cube, found) >= 1).all()
    assert cascade.failures(cube, found).min() == 1
