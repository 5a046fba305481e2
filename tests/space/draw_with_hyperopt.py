"""Draws from hyperopt's distributions, 10,000 of each, and writes down what they look like.

    python tests/space/draw_with_hyperopt.py > tests/space/hyperopt_draws.json

Run it with a Python that has hyperopt (0.3.0 wrote the file that is here). For each spec: the
counts of each value where there are few, else 99 quantiles, and the least and greatest draw.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from importlib.metadata import version

DRAWS = 10_000


def spaces() -> dict[str, object]:
    """hyperopt's expression for each spec; its log bounds are logarithms."""
    from hyperopt import hp

    def log(bound: float) -> float:
        return math.log(bound)

    return {
        "uniform(-3,5)": hp.uniform("x", -3, 5),
        "loguniform(1e-5,0.1)": hp.loguniform("x", log(1e-5), log(0.1)),
        "quniform(0,3,1)": hp.quniform("x", 0, 3, 1),
        "quniform(1,10,4)": hp.quniform("x", 1, 10, 4),
        "quniform(100,700,5)": hp.quniform("x", 100, 700, 5),
        "quniform(0.501,4.499,1)": hp.quniform("x", 0.501, 4.499, 1),
        "quniform(-1,1,0.25)": hp.quniform("x", -1, 1, 0.25),
        "qloguniform(1,100,10)": hp.qloguniform("x", log(1), log(100), 10),
        "qloguniform(1,100,0.5)": hp.qloguniform("x", log(1), log(100), 0.5),
        "normal(-1,2)": hp.normal("x", -1, 2),
        "qnormal(0,10,3)": hp.qnormal("x", 0, 10, 3),
        "qnormal(0,1,0.5)": hp.qnormal("x", 0, 1, 0.5),
        "lognormal(-7,1.5)": hp.lognormal("x", -7, 1.5),
        "qlognormal(2,1,1)": hp.qlognormal("x", 2, 1, 1),
        "qlognormal(0,1,2)": hp.qlognormal("x", 0, 1, 2),
        "randint(7)": hp.randint("x", 7),
        "randint(-3,4)": hp.randint("x", -3, 4),
        "choice(None,choice(3,4))": hp.choice("x", [None, hp.choice("y", [3, 4])]),
        "choice(None,quniform(0.501,4.499,1))": hp.choice(
            "x", [None, hp.quniform("y", 1 - 0.499, 4 + 0.499, 1)]
        ),
    }


def draws(expression: object, seed: int) -> list[float | None]:
    """That many draws, as plain numbers."""
    import numpy as np
    from hyperopt.pyll.stochastic import sample

    rng = np.random.default_rng(seed)
    found = [sample(expression, rng=rng) for _ in range(DRAWS)]
    return [None if value is None else float(value) for value in found]


def summary(values: list[float | None]) -> dict[str, object]:
    """Counts by value where there are at most 300 values, else the quantiles 1 % … 99 %."""
    counts = Counter("None" if value is None else f"{value + 0.0:.9g}" for value in values)
    if len(counts) <= 300:
        return {"counts": dict(sorted(counts.items()))}
    ordered = sorted(value for value in values if value is not None)
    quantiles = [ordered[len(ordered) * part // 100] for part in range(1, 100)]
    return {"quantiles": quantiles, "least": ordered[0], "greatest": ordered[-1]}


if __name__ == "__main__":
    tables = {spec: summary(draws(expression, 1)) for spec, expression in spaces().items()}
    head = {"hyperopt": version("hyperopt"), "draws": DRAWS}
    print(json.dumps({**head, "tables": tables}, indent=None))
