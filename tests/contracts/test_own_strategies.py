"""Every strategy of hprun's holds to the contract that ships for plug-ins."""

import pytest

from hprun.strategies import make_strategy
from hprun.strategies.contract import StrategyContract


class TestRandom(StrategyContract):
    search = "random"


class TestQmc(StrategyContract):
    search = "qmc"


class TestTpe(StrategyContract):
    search = "tpe:startup=5"


@pytest.mark.long
class TestGp(StrategyContract):
    search = "gp:startup=4"
    trials = 9


class TestCmaes(StrategyContract):
    search = "cmaes"


class TestShac(StrategyContract):
    search = "shac"


class TestList(StrategyContract):
    few = ()

    def make(self, specs):
        from hprun.model import Direction
        from hprun.space import parse_space

        space = parse_space(specs)
        drawn = make_strategy("random", space, Direction.LOW, 0, None, {}).propose([], self.trials)
        rows = tuple(proposal.values for proposal in drawn)
        return make_strategy("list", space, Direction.LOW, 0, len(rows), {"rows": rows})
