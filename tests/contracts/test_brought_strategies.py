"""Strategies that users bring hold to the contract: an example, and an optimizer of Studio's."""

from pathlib import Path

from hprun.strategies.contract import StrategyContract

EXAMPLES = Path(__file__).parents[2] / "examples"


class TestClimber(StrategyContract):
    search = f"{EXAMPLES}/climber.py:Climber:first=3"


class TestStudios(StrategyContract):
    search = "studio_walk.py:Optimizer:popsize=4"
    specs = ("lr=1e-4:1:l", "w=0:1:3:ra", "b=-1:1:u", "x=0:9:l")
    few = ()
