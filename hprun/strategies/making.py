"""A strategy by its name, with its options as a user writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError
from hprun.model import Direction
from hprun.space import Space
from hprun.space.nearness import did_you_mean
from hprun.strategies.protocol import Strategy

Check = Callable[[Any], Any]
"""Turns what was written into an option's value; raises ValueError with what it should be."""


def make_strategy(
    name: str,
    space: Space,
    direction: Direction,
    seed: int,
    trials: int | None,
    options: Mapping[str, Any],
) -> Strategy:
    """The strategy of that name; `trials` is how many the search will have, if that is known.

    Raises ConfigError for a name or an option that is none, and HprunError for a strategy whose
    packages are not installed.
    """
    make = _STRATEGIES.get(name)
    if make is None:
        known = list(_STRATEGIES)
        raise ConfigError(
            f"there is no strategy {name}",
            hint=did_you_mean(name, known) or f"there are grid, {', '.join(known)}",
        )
    return make(_Asked(space, direction, seed, trials, options))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `make_strategy` was given, but for the name."""

    space: Space
    direction: Direction
    seed: int
    trials: int | None
    options: Mapping[str, Any]


def _random(asked: _Asked) -> Strategy:
    from hprun.strategies.drawing import RandomDraws

    _checked("random", asked.options, {})
    return RandomDraws(asked.space, asked.seed)


def _qmc(asked: _Asked) -> Strategy:
    from hprun.strategies.drawing import EvenDraws

    chosen = _checked("qmc", asked.options, {"sequence": _one_of("sobol", "halton")})
    return EvenDraws(asked.space, asked.seed, halton=chosen.get("sequence") == "halton")


def _tpe(asked: _Asked) -> Strategy:
    from hprun.strategies.model_based import ModelBased, tpe

    checks = {"startup": _at_least(0), "candidates": _at_least(1)}
    return ModelBased(
        asked.space, asked.direction, asked.seed, tpe(**_checked("tpe", asked.options, checks))
    )


def _gp(asked: _Asked) -> Strategy:
    from hprun.strategies.model_based import ModelBased, gaussian_process

    checks = {"startup": _at_least(1), "noiseless": _yes_or_no}
    chosen = _checked("gp", asked.options, checks)
    return ModelBased(asked.space, asked.direction, asked.seed, gaussian_process(**chosen))


def _cmaes(asked: _Asked) -> Strategy:
    from hprun.strategies.evolution import Evolution

    chosen = _checked("cmaes", asked.options, {"population": _at_least(4)})
    return Evolution(asked.space, asked.direction, asked.seed, size=chosen.get("population"))


def _shac(asked: _Asked) -> Strategy:
    from hprun.strategies.encoding import Encoding
    from hprun.strategies.shac import Shac
    from hprun.strategies.shac.options import shac_options
    from hprun.strategies.unit_cube import UnitCube

    options = shac_options(asked.options, asked.trials)
    cube = UnitCube(Encoding(asked.space, asked.seed))
    return Shac(cube, asked.direction, asked.seed, asked.trials, options)


def _list(asked: _Asked) -> Strategy:
    from hprun.strategies.listed import Listed, no_trials

    rows = _checked("list", asked.options, {"rows": tuple}).get("rows")
    if not rows:
        raise no_trials()
    return Listed(rows)


_STRATEGIES: Mapping[str, Callable[[_Asked], Strategy]] = {
    "random": _random,
    "qmc": _qmc,
    "tpe": _tpe,
    "gp": _gp,
    "cmaes": _cmaes,
    "shac": _shac,
    "list": _list,
}


OWN = tuple(_STRATEGIES)
"""The names of hprun's own strategies, but for grid, which proposes nothing."""


def _checked(
    strategy: str, written: Mapping[str, Any], checks: Mapping[str, Check]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in written.items():
        check = checks.get(name)
        if check is None:
            raise ConfigError(
                f"the strategy {strategy} has no option {name}",
                hint=did_you_mean(name, list(checks))
                or (f"it has {', '.join(checks)}" if checks else "it has none"),
            )
        try:
            found[name] = check(value)
        except ValueError as wrong:
            raise ConfigError(f"{strategy}: {name} is {wrong}, not {value}") from None
    return found


def _at_least(least: int) -> Check:
    def check(value: Any) -> int:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not number >= least or not number.is_integer():
            raise ValueError(f"a whole number, {least} or more")
        return int(number)

    return check


def _one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(" or ".join(words))
        return str(value)

    return check


def _yes_or_no(value: Any) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    found = known.get(str(value).lower())
    if found is None:
        raise ValueError("true or false")
    return found
