"""keras-tuner's Bayesian optimization, asked and told without a model; prints each loss on a line.

python search_with_keras_tuner.py PROBLEM bayesian SEED EVALUATIONS, the repository in PYTHONPATH
"""

import contextlib
import os
import sys
import tempfile
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")  # the quicker one to import; none is trained
import keras_tuner
from keras_tuner import oracles

from tests.benchmarks.function_spaces import OneOf, Real, Row
from tests.benchmarks.functions import named


def declare(space):
    """The space in keras-tuner's words."""
    declared = keras_tuner.HyperParameters()
    for axis in sorted(space.axes, key=lambda axis: axis.name in space.only_if):
        other, wanted = space.only_if.get(axis.name, (None, None))
        scope = declared.conditional_scope(other, [wanted]) if other else contextlib.nullcontext()
        with scope:
            if isinstance(axis, OneOf):
                declared.Choice(axis.name, list(axis.words))
            elif isinstance(axis, Row):
                declared.Int(axis.name, 0, len(axis.numbers) - 1)
            else:
                kind = declared.Float if isinstance(axis, Real) else declared.Int
                kind(axis.name, axis.low, axis.high, sampling="log" if axis.log else "linear")
    return declared


def values(found, space):
    """What the problem takes; keras-tuner gives values of parameters that are not active too."""
    there = {name: value for name, value in found.items() if not name.startswith("tuner/")}
    for axis in space.axes:
        if isinstance(axis, Row) and axis.name in there:
            there[axis.name] = axis.numbers[there[axis.name]]
    return space.of_active(there)


name, seed, evaluations = sys.argv[1], int(sys.argv[3]), int(sys.argv[4])
problem = named(name)
warnings.simplefilter("ignore")
oracle = oracles.BayesianOptimizationOracle(
    objective=keras_tuner.Objective("loss", "min"),
    max_trials=evaluations,
    seed=seed,
    hyperparameters=declare(problem.space),
)
told = sys.stdout
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
    oracle._set_project_dir(folder, "search")
    for _ in range(evaluations):
        trial = oracle.create_trial("tuner")
        if trial.status != "RUNNING":
            break  # it finds nothing new
        loss = problem.loss(values(trial.hyperparameters.values, problem.space))
        print(repr(float(loss)), file=told, flush=True)
        oracle.update_trial(trial.trial_id, {"loss": loss})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
