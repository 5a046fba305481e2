"""Optuna itself, in one process, one trial after the other; prints each loss on a line.

python search_with_optuna.py PROBLEM SAMPLER SEED EVALUATIONS, the repository in PYTHONPATH
"""

import sys
import warnings

import optuna

from tests.benchmarks.function_spaces import OneOf, Real, Row
from tests.benchmarks.functions import named

SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": optuna.samplers.CmaEsSampler,
}


def suggested(trial, space):
    """A trial's values, each parameter asked for as Optuna's users would."""
    values = {}
    for axis in sorted(space.axes, key=lambda axis: axis.name in space.only_if):
        other, wanted = space.only_if.get(axis.name, (None, None))
        if other is not None and values[other] != wanted:
            continue
        name = axis.name
        if isinstance(axis, OneOf):
            values[name] = trial.suggest_categorical(name, axis.words)
        elif isinstance(axis, Row):
            values[name] = axis.numbers[trial.suggest_int(name, 0, len(axis.numbers) - 1)]
        else:
            suggest = trial.suggest_float if isinstance(axis, Real) else trial.suggest_int
            values[name] = suggest(name, axis.low, axis.high, log=axis.log)
    return values


name, sampler, seed, evaluations = *sys.argv[1:3], *map(int, sys.argv[3:5])
problem = named(name)
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(sampler=SAMPLERS[sampler](seed=seed))


def objective(trial):
    loss = problem.loss(suggested(trial, problem.space))
    print(repr(loss), flush=True)
    return loss


study.optimize(objective, n_trials=evaluations)
