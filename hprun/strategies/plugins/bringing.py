"""A plug-in made and asked: each call is guarded, each answer checked."""

from __future__ import annotations

import contextlib
import copy
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hprun.errors import ConfigError, HprunError
from hprun.model import Direction, Value
from hprun.space import Space
from hprun.space.nearness import did_you_mean
from hprun.strategies.plugins.answers import AnswerError, checked, within
from hprun.strategies.plugins.failures import where
from hprun.strategies.plugins.loading import Brought
from hprun.strategies.plugins.open_space import OpenSpace
from hprun.strategies.protocol import Known, Proposal

MOST_SECONDS = 600.0
"""How long one call of `propose` may take, unless the strategy's `most_seconds` says otherwise."""

MENDED = "Nothing is lost: `hprun resume` goes on once it is mended."

_GIVEN = ("space", "direction", "seed", "trials")
_OTHERS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


class Plugin:
    """A strategy that somebody brought; what it does wrong is an HprunError that names it."""

    def __init__(self, name: str, strategy: Any, space: OpenSpace) -> None:
        """Raises ConfigError for what has no `propose(history, count)`."""
        self._name = name
        self._strategy = strategy
        self._space = space
        self.plans_ahead = bool(getattr(strategy, "plans_ahead", False))
        self.most_seconds = _seconds(name, strategy)
        _check_propose(name, strategy)

    def propose(self, history: Sequence[Known], count: int) -> list[Proposal]:
        """What it proposes, checked. Raises HprunError."""
        try:
            answer = self._strategy.propose([_own_copy(known) for known in history], count)
            return checked(answer, count, within(self._space))
        except AnswerError as wrong:
            raise HprunError(f"The strategy {self._name} {wrong}.", hint=MENDED) from None
        except HprunError:
            raise
        except (Exception, SystemExit) as error:
            raise failed(self._name, error) from error


def failed(name: str, error: BaseException) -> HprunError:
    """The error for a strategy that raised one."""
    return HprunError(f"The strategy {name} failed: {where(error)}.", hint=MENDED)


def make_plugin(
    brought: Brought,
    space: Space,
    direction: Direction,
    seed: int,
    trials: int | None,
    options: Mapping[str, Value],
) -> Plugin:
    """Make the strategy, with what its constructor names of space, direction, seed and trials.

    What has no `propose` is refused first. An option `seed` comes before the search's. Raises ConfigError for options that the constructor
    does not take or misses, and for one that fails.
    """
    if isinstance(brought.make, type) and not hasattr(brought.make, "propose"):
        raise _no_propose(brought.name)
    ground = OpenSpace(space, seed)
    given = {"space": ground, "direction": direction.value, "seed": seed, "trials": trials}
    for name in ("space", "direction", "trials"):
        if name in options:
            raise ConfigError(
                f"{brought.name}: {name} is no option, hprun says it", hint="leave it out"
            )
    taken = _arguments(brought, {**given, **options}, options)
    return Plugin(brought.name, construct(brought, (), taken), ground)


def construct(brought: Brought, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Call the constructor; what it prints goes to stderr. Raises ConfigError if it fails."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return brought.make(*args, **named)
    except HprunError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{brought.name} cannot be made: {where(error)}") from error


def _arguments(
    brought: Brought, known: Mapping[str, Any], options: Mapping[str, Value]
) -> dict[str, Any]:
    """Those of the known values that the constructor takes."""
    parameters = _parameters(brought.make)
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        return dict(known)
    names = [one.name for one in parameters if one.kind not in _OTHERS]
    own = [name for name in names if name not in _GIVEN]
    for name in options:
        if name not in names:
            raise ConfigError(
                f"{brought.name} has no option {name}",
                hint=did_you_mean(name, own)
                or (f"it has {', '.join(own)}" if own else "it has none"),
            )
    for one in parameters:
        needed = one.default is inspect.Parameter.empty
        if needed and one.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise ConfigError(
                f"{brought.name} takes {one.name} by position, and hprun gives all by name",
                hint="take out the / of its constructor",
            )
        if needed and one.name not in known and one.kind not in _OTHERS:
            raise ConfigError(
                f"{brought.name} needs a value for {one.name}",
                hint=f"give it as an option: --search {brought.name}:{one.name}=…; hprun gives"
                f" {', '.join(_GIVEN[:-1])} and {_GIVEN[-1]} itself",
            )
    return {name: known[name] for name in names if name in known}


def _parameters(make: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(make).parameters.values())
    except (TypeError, ValueError):  # written in C
        return [inspect.Parameter("any", inspect.Parameter.VAR_KEYWORD)]


def _no_propose(name: str) -> ConfigError:
    return ConfigError(
        f"{name} has no propose, so it is no strategy",
        hint="a strategy has propose(history, count); an optimizer of Studio's ask, tell, stop",
    )


def _check_propose(name: str, strategy: Any) -> None:
    propose = getattr(strategy, "propose", None)
    if not callable(propose):
        raise _no_propose(name)
    try:
        inspect.signature(propose).bind([], 1)
    except TypeError as error:
        raise ConfigError(
            f"{name}: propose cannot be called with a history and a count: {error}",
            hint="write def propose(self, history, count)",
        ) from None
    except ValueError:  # written in C: the first call will tell
        return


def _seconds(name: str, strategy: Any) -> float:
    seconds = getattr(strategy, "most_seconds", MOST_SECONDS)
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not seconds > 0:
        raise ConfigError(f"{name}: most_seconds is a number above 0, not {seconds!r:.60}")
    return float(seconds)


def _own_copy(known: Known) -> Known:
    """A copy that the strategy may spoil."""
    note = copy.deepcopy(dict(known.note)) if known.note else {}
    return replace(known, values=dict(known.values), note=note)
