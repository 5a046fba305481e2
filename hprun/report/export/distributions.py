"""What a hyperparameter may be, as a distribution of Optuna's that holds all of its values."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from hprun.model import Value
from hprun.space import (
    Domain,
    Draws,
    FlaggedRange,
    Integers,
    Normal,
    Parameter,
    Space,
    Spaced,
    Steps,
    Uniform,
)
from hprun.space.domains import grid_count, grid_values, is_sampled
from hprun.space.literals import value_text

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Stored = bool | int | float | str | None
"""What Optuna can store of a value."""

_MOST_CHOICES = 1000
_EXACT = 2**53  # Optuna keeps numbers as floats
_SIGMAS = 3


def stored(value: Value) -> Stored:
    """A value as Optuna can store it: an array, and a whole number that is no float, as a text."""
    large = isinstance(value, int) and abs(value) > _EXACT
    return value_text(value) if isinstance(value, tuple) or large else value


def distributions(
    space: Space | None, seen: dict[str, Sequence[Value]], seed: int
) -> dict[str, BaseDistribution]:
    """One for each name in `seen`, which holds all values that trials have; the same for all.

    As the space says, where it holds all that was seen (a trial added by hand may lie outside);
    else as wide as what was seen. Without a space, by what was seen alone.
    """
    owners: dict[str, Parameter] = {}
    for parameter in space.parameters if space is not None else ():
        owners |= dict.fromkeys(parameter.names, parameter)
    return {
        name: _holding(name, list(map(stored, values)), owners.get(name), seed)
        for name, values in seen.items()
    }


def _holding(
    name: str, seen: list[Stored], parameter: Parameter | None, seed: int
) -> BaseDistribution:
    ways: list[Callable[[], BaseDistribution]] = []
    if parameter is not None:
        listed = _listed(name, parameter, seed)
        if len(parameter.names) == 1:
            ways.append(lambda: _of_domain(parameter.domain))
        if listed:
            ways.append(lambda: _categorical(listed))
        if not listed or len(parameter.names) == 1:
            ways.append(lambda: _as_wide_as(seen))
    else:
        ways.append(lambda: _as_wide_as(seen))
    for way in ways:
        with contextlib.suppress(ValueError, OverflowError):  # no such distribution
            found = way()
            if all(_holds(found, value) for value in seen):
                return found
    return _categorical(seen)


def _holds(distribution: BaseDistribution, value: Stored) -> bool:
    """Whether it holds the value, and gives it back as what it was."""
    try:
        param = written(value, distribution)
        inside = distribution.to_internal_repr(param)
        contained = distribution._contains(inside)  # noqa: SLF001 - what its own check asks
    except (ValueError, TypeError):
        return False
    return contained and param in (value, value_text(value))


def written(value: Value, distribution: BaseDistribution) -> Stored:
    """The value as a trial of Optuna's has it; a text where the choices are texts.

    Raises ValueError for what the distribution cannot hold.
    """
    plain = stored(value)
    choices: Sequence[Stored] | None = getattr(distribution, "choices", None)
    if choices is None:
        found: Stored = distribution.to_external_repr(distribution.to_internal_repr(plain))
        return found
    exact = any(type(choice) is type(plain) and choice == plain for choice in choices)
    return plain if exact else value_text(plain)


def _listed(name: str, parameter: Parameter, seed: int) -> list[Stored]:
    """The values of a list, or of a choice of values; nothing for a range."""
    domain = parameter.domain
    if is_sampled(domain) or isinstance(domain, Steps | Spaced | Draws):
        return []
    if grid_count(domain, seed, parameter.name) > _MOST_CHOICES:
        return []
    values: Iterator[Value] = grid_values(domain, seed, parameter.name)
    return [stored(parameter.assigned(value)[name]) for value in islice(values, _MOST_CHOICES)]


def _categorical(values: Sequence[Stored]) -> BaseDistribution:
    """A choice of the different ones; where some are equal to Python (1 and True), of texts."""
    from optuna.distributions import CategoricalDistribution

    kinds = list(dict.fromkeys((type(value), value) for value in values))
    if len({value for _, value in kinds}) < len(kinds):
        return CategoricalDistribution(list(dict.fromkeys(value_text(v) for _, v in kinds)))
    return CategoricalDistribution([value for _, value in kinds])


def _of_domain(domain: Domain) -> BaseDistribution:
    """Raises ValueError where Optuna has nothing that comes near."""
    match domain:
        case Steps():
            return _stepped(domain)
        case (
            Spaced(first=low, last=high, log=log, whole=whole)
            | Draws(low=low, high=high, log=log, whole=whole)
        ):
            return _between(min(low, high), max(low, high), log=log, whole=whole)
        case Uniform():
            return _uniform(domain)
        case Integers(low=low, high=high):
            return _between(low, high - 1, log=False, whole=True)
        case Normal(q=None, mu=mu, sigma=sigma, log=log):
            ends = mu - _SIGMAS * sigma, mu + _SIGMAS * sigma
            return _between(*(map(math.exp, ends) if log else ends), log=log, whole=False)
        case FlaggedRange(length=None, low=low, high=high, log=log):
            return _between(low, high, log=log and low > 0, whole=False)
    raise ValueError(domain)


def _stepped(domain: Steps) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high = sorted((domain.at(0), domain.at(domain.count - 1)))
    step = abs(domain.step)
    if domain.whole:
        return IntDistribution(int(low), int(high), step=int(step))
    return FloatDistribution(low, high, step=step)


def _uniform(domain: Uniform) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high = domain.reach
    if domain.q is None or (domain.log and low > 0):
        return _between(low, high, log=domain.log, whole=isinstance(domain.q, int))
    if isinstance(domain.q, int):
        return IntDistribution(int(low), int(high), step=domain.q)
    return FloatDistribution(low, high, step=domain.q)


def _between(low: float, high: float, *, log: bool, whole: bool) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _as_wide_as(seen: Sequence[Stored]) -> BaseDistribution:
    """From the lowest to the highest, where all are numbers. Raises ValueError otherwise."""
    kinds = {type(value) for value in seen}
    if not kinds or not kinds <= {int, float}:
        raise ValueError(kinds)
    numbers = [value for value in seen if isinstance(value, int | float)]
    return _between(min(numbers), max(numbers), log=False, whole=kinds == {int})
