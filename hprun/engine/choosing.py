"""Which strategy a search has: what its settings say, and what its space needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.config import Settings
from hprun.errors import ConfigError, HprunError, SpecError
from hprun.model import Direction, Metric, Value, Values
from hprun.space import Space
from hprun.space.grammar import parse_values
from hprun.strategies import OWN, Strategy, make_strategy
from hprun.strategies.reference import Reference, moved, read_reference

if TYPE_CHECKING:
    from hprun.strategies.plugins import Brought

GRID = "grid"
_MODEL = "tpe"  # what a number of trials alone means
_LEARNS_NOTHING = (GRID, "random", "qmc", "list")
_STUDIOS_METRIC = "fitness:last"  # its name says that higher is better


@dataclass(frozen=True, slots=True)
class Chosen:
    """A strategy with its name, how many trials it may propose, and the metric it learns from."""

    name: str
    strategy: Strategy
    budget: int
    metric: Metric | None


def strategy_name(settings: Settings) -> str:
    """The name of the strategy that settings ask for, without its options."""
    if settings.trial:
        return "list"
    if settings.search:
        return str(_reference(settings.search))
    return _MODEL if settings.trials else GRID


def named_from(search: str, here: Path, workspace: Path) -> str:
    """`--search` as it is kept: the file of a plug-in is relative to the workspace, not `here`."""
    return moved(search, _OWN, here, workspace)


_OWN = (GRID, *OWN)


def _reference(search: str) -> Reference:
    return read_reference(search, _OWN)


def choose(
    settings: Settings, space: Space, metric: Metric | None, workspace: Path
) -> Chosen | None:
    """The strategy of a search; None for a grid, which is queued as a whole.

    Raises HprunError where the settings do not go together.
    """
    name = strategy_name(settings)
    if settings.trial and settings.search:
        raise ConfigError("--trial names the trials, so there is no --search.")
    if name == GRID:
        if settings.trials:
            raise ConfigError(
                "--trials has no effect on a grid: it has as many trials as it has.",
                hint="Drop it, or let a strategy choose among them: --search random or tpe.",
            )
        return None
    reference = _reference(settings.search or name)
    brought = None if name in OWN else _bring(reference, workspace)
    metric = metric or _metric(name, brought)
    rows = tuple(_rows(settings, space, workspace)) if name == "list" else ()
    budget = settings.trials or len(rows)
    if not budget:
        raise HprunError(f"How many trials is {name} to try?", hint="Say it: --trials 50.")
    direction = metric.direction if metric is not None else Direction.LOW
    asked = (space, direction, settings.seed, budget)
    if brought is not None:
        return Chosen(name, _made(brought, reference, *asked), budget, metric)
    options = {"rows": rows} if name == "list" else dict(_options(settings.search, reference))
    return Chosen(name, make_strategy(name, *asked, options), budget, metric)


def _bring(reference: Reference, workspace: Path) -> Brought:
    from hprun.strategies.plugins import bring

    return bring(reference, workspace, _OWN)


def _made(
    brought: Brought,
    reference: Reference,
    space: Space,
    direction: Direction,
    seed: int,
    budget: int,
) -> Strategy:
    from hprun.strategies.plugins import make_brought

    return make_brought(brought, space, direction, seed, budget, _plugins_options(reference))


def _metric(name: str, brought: Brought | None) -> Metric | None:
    """What a strategy learns from where no metric is named. Raises ConfigError."""
    if brought is not None and brought.is_studios:
        from hprun.metrics import parse_metric

        return parse_metric(_STUDIOS_METRIC)
    if name in _LEARNS_NOTHING or (brought is not None and brought.plans_ahead):
        return None
    raise ConfigError(
        f"{name} learns from a metric, and none is named.", hint="Name it with --metric."
    )


def draws(space: Space, seed: int, count: int) -> list[Values]:
    """A few trials, as a random search would draw them."""
    strategy = make_strategy("random", space, Direction.LOW, seed, None, {})
    return [proposal.values for proposal in strategy.propose([], count)]


def samples(space: Space, seed: int) -> dict[str, tuple[Value, ...]]:
    """A few values for each name, drawn as a search would."""
    found: dict[str, dict[str, Value]] = {name: {} for name in space.names}
    for values in draws(space, seed, _SAMPLES):
        for name, value in values.items():
            found[name].setdefault(repr(value), value)
    return {name: tuple(values.values()) for name, values in found.items()}


_SAMPLES = 32


def _options(text: str, reference: Reference) -> list[tuple[str, object]]:
    """The options of `NAME:OPTION=VALUE,OPTION=VALUE`."""
    found: list[tuple[str, object]] = []
    for item in filter(None, reference.options.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise ConfigError(
                f"--search {text}: {item} says no value.", hint="Options are OPTION=VALUE."
            )
        found.append((key.strip(), value.strip()))
    return found


def _plugins_options(reference: Reference) -> dict[str, Value]:
    """The options of a plug-in, each a value as in a spec: step=0.1,words="a b",sizes=(1,2)."""
    if not reference.options:
        return {}
    try:
        return parse_values(reference.options)
    except SpecError as wrong:
        raise ConfigError(
            f"--search {reference}: {wrong.sentence}: {reference.options}", hint=wrong.hint
        ) from None


def _rows(settings: Settings, space: Space | None, workspace: Path) -> list[Values]:
    """The trials that `--trial` names: each in words, or with `@` the file that holds them.

    Without a space, the first trial says what the names are.
    """
    from hprun.strategies.listed import read_file, read_options

    rows: list[Values] = []
    for text in settings.trial:
        if text.startswith("@"):
            rows += read_file(workspace / text[1:], space)
        else:
            rows += read_options([text], space)
    return rows


def specs_of_rows(settings: Settings, workspace: Path) -> tuple[str, ...]:
    """Specs that hold just the values of `--trial`, for a search that names no others."""
    from hprun.space.literals import value_text

    values: dict[str, dict[str, Value]] = {}
    for row in _rows(settings, None, workspace):
        for name, value in row.items():
            values.setdefault(name, {}).setdefault(repr(value), value)
    return tuple(f"{name}={','.join(map(value_text, of.values()))}" for name, of in values.items())
