"""pySHAC in batches of ten; prints each loss on a line.

python search_with_pyshac.py PROBLEM shac SEED EVALUATIONS, the repository in PYTHONPATH

Its last version dates from 2022 and does not run on today's Python, so names that Python and
numpy have dropped since are given back to it. It draws points one at a time until one passes all
classifiers, which takes hours behind eighteen; here it draws thousands at once, by the same law.
Where a space is finite its own option `relax_checks` is set, as its region may be empty; and after
64 times as many draws as are due in any case. It knows no log scale: it gets the exponent.
"""

import collections
import collections.abc
import contextlib
import math
import os
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np

collections.Iterable = collections.abc.Iterable
np.object = object
sys.modules["tests"] = types.ModuleType("tests")  # ours: pySHAC installs one of its own
sys.modules["tests"].__path__ = [str(Path(__file__).parents[2])]
from pyshac.config import hyperparameters as hp  # noqa: E402
from pyshac.core.engine import SHAC  # noqa: E402

from tests.benchmarks.function_spaces import OneOf, Real, Row  # noqa: E402
from tests.benchmarks.functions import named  # noqa: E402

CHUNK = 2**16


class QuickShac(SHAC):
    """pySHAC, with many draws at once instead of one."""

    rng = np.random.RandomState()
    drawn_from = ()
    finite = False

    def _sample_parameters(self, global_seed, sample_id, relax_checks=False, max_classifiers=None):
        due = 2 ** len(self.classifiers)
        vain = 0
        while True:
            relaxed = vain // max(due // 2, 1) if self.finite else vain // (64 * due)
            chunk = min(CHUNK, max(due, 16))
            encoded = np.column_stack([self._draws(one, chunk) for one in self.drawn_from])
            passed = self._passing(encoded, relaxed)
            if len(passed):
                return self.dataset.decode_dataset([passed[0].tolist()])[0].tolist()
            vain += chunk

    def _draws(self, one, count):
        """So many draws of a parameter, encoded as its own `sample` and `encode` would."""
        if isinstance(one, hp.DiscreteHyperParameter):
            return self.rng.randint(0, one.num_choices, count)
        return self.rng.uniform(one._val1, one._val2, count)

    def _passing(self, rows, relaxed):
        failed = np.zeros(len(rows), int)
        for classifier in reversed(self.classifiers):  # the last one rejects the most
            failed += classifier.predict(rows) == 0
            rows, failed = rows[failed <= relaxed], failed[failed <= relaxed]
            if not len(rows):
                break
        return rows


def declared(axis):
    if isinstance(axis, OneOf):
        return hp.DiscreteHyperParameter(axis.name, list(axis.words))
    if isinstance(axis, Row):
        return hp.DiscreteHyperParameter(axis.name, list(axis.numbers))
    if isinstance(axis, Real):
        low, high = (math.log(axis.low), math.log(axis.high)) if axis.log else (axis.low, axis.high)
        return hp.UniformContinuousHyperParameter(axis.name, low, high)
    if axis.log:
        low, high = math.log(axis.low - 0.499), math.log(axis.high + 0.499)
        return hp.UniformContinuousHyperParameter(axis.name, low, high)
    return hp.DiscreteHyperParameter(axis.name, list(range(axis.low, axis.high + 1)))


def values(found, space):
    """What the problem takes; the last parameters that pySHAC knows of may not be active."""
    there = dict(found)
    for axis in space.axes:
        if not isinstance(axis, OneOf | Row):
            there[axis.name] = math.exp(there[axis.name]) if axis.log else there[axis.name]
            if not isinstance(axis, Real):
                there[axis.name] = round(there[axis.name])
    return space.of_active(there)


name, seed, evaluations = sys.argv[1], int(sys.argv[3]), int(sys.argv[4])
problem = named(name)
told = sys.stdout


def evaluate(worker, found):
    loss = problem.loss(values(found, problem.space))
    print(repr(loss), file=told, flush=True)
    return loss


warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
    os.chdir(folder)
    parameters = [declared(axis) for axis in problem.space.axes]
    shac = QuickShac(parameters, evaluations, evaluations // 10, objective="min")
    shac.drawn_from, shac.rng = parameters, np.random.RandomState(seed)
    shac.finite = all(isinstance(axis, OneOf | Row) for axis in problem.space.axes)
    shac.generator_backend = shac.evaluator_backend = "threading"
    shac.num_parallel_generators = shac.num_parallel_evaluators = 1
    shac.limit_memory = True  # or it would draw in twice as many threads later on
    shac.fit(evaluate, skip_cv_checks=True)  # as its own examples do, with batches of ten
