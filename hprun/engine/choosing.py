"""Which strategy a search has: what its settings say, and what its space needs."""

from __future__ import annotations

from pathlib import Path

from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.errors import ConfigError, HprunError
from hprun.metrics import parse_metric
from hprun.model import Direction, Metric, Value, Values
from hprun.space import Space
from hprun.strategies import Strategy, make_strategy
from hprun.strategies.naming import GRID, Named, find_strategy, strategy_word

_MODEL = "tpe"  # what a number of trials alone means
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
        return strategy_word(settings.search)
    return _MODEL if settings.trials else GRID


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
        _check_from(settings, name, _LEARNS_NOTHING)
        return None
    rows = tuple(_rows(settings, space, workspace)) if name == "list" else ()
    named = find_strategy(settings.search or name, workspace)
    if named.is_studios:
        _check_from(settings, name, "is told of what it has asked for alone")
    elif not named.learns:
        _check_from(settings, name, _LEARNS_NOTHING)
    metric = metric or _metric(named)
    budget = settings.trials or len(rows)
    if not budget:
        raise HprunError(f"How many trials is {name} to try?", hint="Say it: --trials 50.")
    direction = metric.direction if metric is not None else Direction.LOW
    if name == "list":
        options = {"rows": rows}
        strategy = make_strategy(name, space, direction, settings.seed, budget, options)
    else:
        strategy = named.make(space, direction, settings.seed, budget)
    return Chosen(name, strategy, budget, metric)


_LEARNS_NOTHING = "learns nothing from results"


def _check_from(settings: Settings, name: str, why: str) -> None:
    """Refuse what would have no effect, for this reason. Raises ConfigError."""
    if settings.from_:
        raise ConfigError(
            f"--from has no effect on {name}, which {why}.",
            hint="Drop it, or take a strategy that learns: --search tpe --trials 50.",
        )


def _metric(named: Named) -> Metric | None:
    """What a strategy learns from where no metric is named. Raises ConfigError."""
    if named.is_studios:
        return parse_metric(_STUDIOS_METRIC)
    if named.learns:
        raise ConfigError(
            f"{named.reference} learns from a metric, and none is named.",
            hint="Name it with --metric.",
        )
    return None


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
