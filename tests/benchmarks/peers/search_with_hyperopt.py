"""hyperopt's TPE, in one process, one trial after the other; prints each loss on a line.

python search_with_hyperopt.py PROBLEM tpe SEED EVALUATIONS, the repository in PYTHONPATH
"""

import math
import sys

import numpy as np
from hyperopt import fmin, hp, tpe

from tests.benchmarks.function_spaces import OneOf, Real, Row
from tests.benchmarks.functions import named


def expression(axis, space):
    """An axis as hyperopt has it; what exists in one branch only stands in that option."""
    if isinstance(axis, OneOf):
        return hp.choice(axis.name, [option(word, axis.name, space) for word in axis.words])
    if isinstance(axis, Row):
        return hp.quniform(axis.name, -0.499, len(axis.numbers) - 0.501, 1)  # each as likely
    if isinstance(axis, Real):
        if axis.log:
            return hp.loguniform(axis.name, math.log(axis.low), math.log(axis.high))
        return hp.uniform(axis.name, axis.low, axis.high)
    if axis.log:
        low, high = math.log(axis.low - 0.499), math.log(axis.high + 0.499)
        return hp.qloguniform(axis.name, low, high, 1)
    return hp.quniform(axis.name, axis.low - 0.499, axis.high + 0.499, 1)


def option(word, name, space):
    inside = [axis for axis in space.axes if space.only_if.get(axis.name) == (name, word)]
    return {name: word, **{axis.name: expression(axis, space) for axis in inside}}


def values(drawn, space):
    """What the problem takes: options without their wrapping, whole numbers as such."""
    flat = {}
    for name, value in drawn.items():
        flat |= value if isinstance(value, dict) else {name: value}
    for axis in space.axes:
        if axis.name in flat and isinstance(axis, Row):
            flat[axis.name] = axis.numbers[int(flat[axis.name])]
        elif axis.name in flat and not isinstance(axis, OneOf | Real):
            flat[axis.name] = int(flat[axis.name])
    return flat


name, seed, evaluations = sys.argv[1], int(sys.argv[3]), int(sys.argv[4])
problem = named(name)
space = problem.space
outer = {
    axis.name: expression(axis, space) for axis in space.axes if axis.name not in space.only_if
}


def objective(drawn):
    loss = problem.loss(values(drawn, space))
    print(repr(loss), flush=True)
    return loss


rng = np.random.default_rng(seed)
fmin(objective, outer, tpe.suggest, evaluations, rstate=rng, show_progressbar=False)
