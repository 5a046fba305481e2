"""The space of a search: the spec grammar, what a parameter may be, and the grid over it all."""

from hprun.space.conditions import Condition
from hprun.space.description import Summary, summarise
from hprun.space.distributions import FlaggedRange, Integers, Normal, Uniform
from hprun.space.domains import Choice, Domain
from hprun.space.expansion import Space, parse_space
from hprun.space.grammar import parse_parameter, parse_spec, parse_value, parse_values
from hprun.space.grids import Draws, Spaced, Steps, Values
from hprun.space.parameters import Parameter

__all__ = [
    "Choice",
    "Condition",
    "Domain",
    "Draws",
    "FlaggedRange",
    "Integers",
    "Normal",
    "Parameter",
    "Space",
    "Spaced",
    "Steps",
    "Summary",
    "Uniform",
    "Values",
    "parse_parameter",
    "parse_space",
    "parse_spec",
    "parse_value",
    "parse_values",
    "summarise",
]
