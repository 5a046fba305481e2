"""A parameter in a few words, for people who look at a space before it is searched."""

from __future__ import annotations

from itertools import islice

from hprun.space.distributions import FlaggedRange, Integers, Normal, Uniform
from hprun.space.domains import Choice, Domain, grid_count, grid_values
from hprun.space.grids import Draws, Spaced, Steps
from hprun.space.literals import value_text
from hprun.space.parameters import Parameter

_SHOWN = 8


def describe(parameter: Parameter, seed: int = 0) -> str:
    """One line: the name, how many values and of what kind, and when it takes part.

    `lr  5 values, log: 1e-05 … 0.1`
    """
    condition = f", if {parameter.condition}" if parameter.condition else ""
    if parameter.sampled:
        return f"{parameter.name}  {_drawn(parameter.domain)}{condition}"
    return f"{parameter.name}  {_enumerated(parameter, seed)}{condition}"


def _enumerated(parameter: Parameter, seed: int) -> str:
    domain = parameter.domain
    count = grid_count(domain, seed, parameter.name)
    kind = _kind(domain)
    noun = "draw" if isinstance(domain, Draws) else "value"
    if isinstance(domain, Spaced | Steps) and count > 2:
        shown = f"{value_text(domain.at(0))} … {value_text(domain.at(count - 1))}"
    else:
        values = islice(grid_values(domain, seed, parameter.name), _SHOWN)
        shown = ", ".join(map(value_text, values)) + (", …" if count > _SHOWN else "")
    return f"{count:,} {noun}{'' if count == 1 else 's'}{kind}: {shown}"


def _kind(domain: Domain) -> str:
    match domain:
        case Spaced(log=True) | Draws(log=True):
            return ", log"
        case Steps(step=step) if step != 1:
            return f", step {step}"
    return ""


def _drawn(domain: Domain) -> str:
    """A domain that is sampled, or an option of one."""
    match domain:
        case Uniform(log=log, q=q):
            low, high = domain.reach
            what = "anything" if q is None else f"multiples of {q}"
            return f"{what} from {low} to {high}{', log' if log else ''}"
        case Normal():
            return _normal(domain)
        case Integers(low=low, high=high):
            return f"whole numbers {low} … {high - 1}"
        case FlaggedRange():
            return _flagged(domain)
        case Choice(options=options):
            return f"one of: {' | '.join(map(_drawn, options))}"
    return str(domain)


def _normal(domain: Normal) -> str:
    what = "normal" if domain.q is None else f"multiples of {domain.q}, normal"
    log = " in the log" if domain.log else ""
    return f"{what}{log} around {domain.mu}, sigma {domain.sigma}"


def _flagged(domain: FlaggedRange) -> str:
    words = [
        f"arrays of {domain.length}, " if domain.length is not None else "",
        f"from {domain.low} to {domain.high}",
        ", unbounded" if domain.unbounded else "",
        ", from a random start" if domain.random_start else "",
        ", log(1 + x)" if domain.log1p else ", log" if domain.log else "",
    ]
    return "".join(words)
