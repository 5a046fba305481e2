"""A stopper by its name, with its options as a user writes them: `asha:factor=4,max=27`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from hprun.errors import ConfigError
from hprun.model import Direction
from hprun.space.nearness import did_you_mean
from hprun.stoppers.protocol import Stopper
from hprun.stoppers.rules import Halving, Limits, Patient, Percentile, Threshold

Options = dict[str, float]


def make_stopper(text: str, direction: Direction) -> Stopper:
    """The stopper that `--stop` names. Raises ConfigError."""
    return _make("--stop", text, direction, _STOPPERS)


def make_fold_stopper(text: str, direction: Direction, folds: int) -> Stopper | None:
    """The stopper that `--stop-folds` names: it sees a trial's mean over its first folds.

    None for `stopped`, which drops what is left of a trial of which a run was stopped, and no
    more. Raises ConfigError.
    """
    if text == "stopped":
        return None
    known = {name: _STOPPERS[name] for name in ("asha", "median", "percentile", "threshold")}
    name = text.partition(":")[0]
    if name not in known:
        names = ["stopped", *known]
        raise ConfigError(
            f"--stop-folds {text}: there is no such rule for folds.",
            hint=did_you_mean(name, names) or f"There are {', '.join(names)}.",
        )
    if "max" in _written("--stop-folds", text):
        raise ConfigError("--stop-folds: max is the number of folds, which --cv says.")
    before, colon, after = text.partition(":")
    whole = f"{before}:{after}{',' if colon else ''}max={folds}"
    return _make("--stop-folds", whole, direction, known)


def _make(option: str, text: str, direction: Direction, known: Mapping[str, _Kind]) -> Stopper:
    name = text.partition(":")[0]
    if name not in known:
        raise ConfigError(
            f"{option} {text}: there is no stopper {name}.",
            hint=did_you_mean(name, list(known)) or f"There are {', '.join(known)}.",
        )
    make, checks = known[name]
    return make(direction, _checked(option, name, _written(option, text), checks))


def _written(option: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in filter(None, text.partition(":")[2].split(",")):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or key in found:
            wrong = f"{key} is said twice" if equals else f"{item} says no value"
            raise ConfigError(f"{option} {text}: {wrong}.", hint="Options are OPTION=VALUE.")
        found[key] = value
    return found


def _checked(option: str, name: str, written: Mapping[str, str], checks: Checks) -> Options:
    found: Options = {}
    for key, value in written.items():
        if key not in checks:
            raise ConfigError(
                f"{option}: {name} has no option {key}.",
                hint=did_you_mean(key, list(checks)) or f"It has {', '.join(checks)}.",
            )
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        is_good, words = checks[key]
        if not is_good(number):
            raise ConfigError(f"{option}: {key} of {name} is {words}, not {value}.")
        found[key] = number
    return found


def _at_least(least: int) -> Check:
    def is_good(number: float) -> bool:
        return number >= least and math.isfinite(number) and number.is_integer()

    return is_good, f"a whole number, {least} or more"


Check = tuple[Callable[[float], bool], str]
Checks = Mapping[str, Check]
_Kind = tuple[Callable[[Direction, Options], Stopper], Checks]

_LIMITS: Checks = {"max": _at_least(2), "min": _at_least(1)}


def _limits(options: Options) -> Limits:
    def whole(name: str) -> int | None:
        return int(options[name]) if name in options else None

    if "min" in options and "max" in options and options["min"] >= options["max"]:
        raise ConfigError("A stopper's min must be less than its max.")
    return Limits(whole("max"), whole("min"))


def _asha(_: Direction, options: Options) -> Stopper:
    return Halving(_limits(options), int(options.get("factor", 3)))


def _hyperband(_: Direction, options: Options) -> Stopper:
    if "min" in options and "max" not in options:
        raise ConfigError(
            "--stop hyperband: min alone does not say how many brackets there are.",
            hint="Say max, too: how many values a run writes that goes on to its end.",
        )
    return Halving(_limits(options), int(options.get("factor", 3)), hyperband=True)


def _median(_: Direction, options: Options) -> Stopper:
    return Percentile(_limits(options), 50.0, int(options.get("startup", 5)))


def _percentile(_: Direction, options: Options) -> Stopper:
    keep = options.get("keep", 25.0)
    return Percentile(_limits(options), keep, int(options.get("startup", 5)))


def _threshold(direction: Direction, options: Options) -> Stopper:
    if "worst" not in options:
        raise ConfigError(
            "A threshold needs a bound.", hint="Say the worst score to go on with: worst=0.5."
        )
    return Threshold(_limits(options), options["worst"], direction is Direction.LOW)


def _patient(_: Direction, options: Options) -> Stopper:
    return Patient(_limits(options), int(options.get("patience", 10)))


_FACTOR = {"factor": _at_least(2)}
_STARTUP = {"startup": _at_least(1)}
_PERCENT: Check = (lambda number: 0 < number < 100, "between 0 and 100")
_STOPPERS: Mapping[str, _Kind] = {
    "asha": (_asha, {**_LIMITS, **_FACTOR}),
    "hyperband": (_hyperband, {**_LIMITS, **_FACTOR}),
    "median": (_median, {**_LIMITS, **_STARTUP}),
    "percentile": (_percentile, {**_LIMITS, **_STARTUP, "keep": _PERCENT}),
    "threshold": (_threshold, {**_LIMITS, "worst": (math.isfinite, "a number")}),
    "patient": (_patient, {**_LIMITS, "patience": _at_least(1)}),
}
