"""A parameter in a few words, for people who look at a space before it is searched."""

from __future__ import annotations

from itertools import islice

from hprun.dataclass import dataclass
from hprun.model import Value
from hprun.space.distributions import FlaggedRange, Integers, Normal, Uniform
from hprun.space.domains import Choice, Domain, grid_count, grid_values
from hprun.space.grids import Draws, Spaced, Steps
from hprun.space.literals import value_text
from hprun.space.numbers import Number, whole
from hprun.space.parameters import Parameter

_SHOWN = 8
_KINDS = {int: "int", float: "float", bool: "bool", str: "text", tuple: "array"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a parameter may be: `kind` of its values, how they lie (`scale`), and which they are.

    `count` is how many a grid has, None for what is sampled. `condition` is "" where it always
    takes part.
    """

    name: str
    kind: str
    scale: str
    count: int | None
    values: str
    condition: str


def summarise(parameter: Parameter, seed: int = 0) -> Summary:
    """The parameter in a row of a table; `seed` is the search's, which fixes draws."""
    domain = parameter.domain
    count = None if parameter.sampled else grid_count(domain, seed, parameter.name)
    return Summary(
        parameter.name,
        _kind(parameter, seed),
        _scale(domain),
        count,
        _drawn(domain) if count is None else _enumerated(parameter, count, seed),
        str(parameter.condition or ""),
    )


def _enumerated(parameter: Parameter, count: int, seed: int) -> str:
    domain = parameter.domain
    if isinstance(domain, Spaced | Steps) and count > 2:
        by = _by(domain.step if isinstance(domain, Steps) else None)
        return f"{value_text(domain.at(0))} … {value_text(domain.at(count - 1))}{by}"
    values = islice(grid_values(domain, seed, parameter.name), _SHOWN)
    return ", ".join(map(value_text, values)) + (", …" if count > _SHOWN else "")


def _by(step: Number | None) -> str:
    return "" if step is None or repr(step) == "1" else f" by {step}"


def _kind(parameter: Parameter, seed: int) -> str:
    """`int`, `float or None`: the types of what a trial can get."""
    if len(parameter.names) > 1:
        return "together"
    kinds = dict.fromkeys(_kinds(parameter.domain, seed, parameter.name))
    none = " or None" if kinds.pop("None", kinds) is None else ""
    words = list(kinds)
    if len(words) > 1:
        words = ["number"] if set(words) == {"int", "float"} else ["mixed"]
    return "".join(words) + none if words else "None"


def _kinds(domain: Domain, seed: int, name: str) -> list[str]:
    match domain:
        case Steps() | Spaced() | Draws():
            return ["int" if domain.whole else "float"]
        case Uniform(q=q) | Normal(q=q):
            return [_number(q)]
        case Integers():
            return ["int"]
        case FlaggedRange(length=length):
            return ["float" if length is None else "array"]
        case Choice(options=options):
            return [kind for option in options for kind in _kinds(option, seed, name)]
    return [_kind_of(value) for value in grid_values(domain, seed, name)]


def _number(q: Number | None) -> str:
    return "int" if q is not None and whole(q) else "float"


def _kind_of(value: Value) -> str:
    return "None" if value is None else _KINDS[type(value)]


def _scale(domain: Domain) -> str:
    match domain:
        case FlaggedRange(log1p=True):
            return "log(1 + x)"
        case Draws(log=log):
            return "drawn, log" if log else "drawn"
        case Normal(log=log):
            return "normal, log" if log else "normal"
        case Spaced(log=True) | Uniform(log=True) | FlaggedRange(log=True):
            return "log"
        case Spaced() | Steps() | Uniform() | Integers() | FlaggedRange():
            return "linear"
    return "list"


def _drawn(domain: Domain) -> str:
    """A domain that is sampled, or an option of one."""
    match domain:
        case Uniform(q=q):
            low, high = domain.reach
            return f"{low} … {high}" + _by(q)
        case Normal(mu=mu, sigma=sigma, q=q):
            return f"{mu} ± {sigma}" + _by(q)
        case Integers(low=low, high=high):
            return f"{low} … {high - 1}"
        case FlaggedRange():
            return _flagged(domain)
        case Choice(options=options):
            return " | ".join(map(_option, options))
    return str(domain)


def _option(domain: Domain) -> str:
    """An option of a choice, with its scale where that is not to be seen."""
    scale = _scale(domain)
    return _drawn(domain) + ("" if scale in ("list", "linear") else f" ({scale})")


def _flagged(domain: FlaggedRange) -> str:
    words = [
        f"{domain.length} times " if domain.length is not None else "",
        f"{domain.low} … {domain.high}",
        ", unbounded" if domain.unbounded else "",
        ", from a random start" if domain.random_start else "",
    ]
    return "".join(words)
