"""SHAC's options: the default way, and pySHAC's own parameters for the faithful one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError

_FAITHFUL_ONLY = (
    "total_budget",
    "num_batches",
    "skip_cv_checks",
    "early_stop",
    "relax_checks",
    "presort",
)
_LARGEST_BATCH = 10
_FEWEST_IN_A_BATCH = 4
_BATCHES_AT_LEAST = 10


@dataclass(frozen=True, slots=True)
class ShacOptions:
    """What can be set; `shac_options` checks what a user wrote.

    `batch` is how many results lie between two classifiers when the budget leaves the choice
    (None: 10, fewer where there are few trials). The rest but `max_classifiers` works with
    `faithful` alone: `total_budget` and `num_batches` as in pySHAC, `skip_cv_checks` takes a
    classifier without five-fold cross-validation, `early_stop` ends the search when one fails
    its checks, `relax_checks` lets points fail classifiers when the region is hard to hit,
    `presort` orders results that were there before the search from worst to best, so that each
    window of them is harder than the one before.
    """

    faithful: bool = False
    max_classifiers: int = 18
    batch: int | None = None
    total_budget: int | None = None
    num_batches: int | None = None
    skip_cv_checks: bool = False
    early_stop: bool = False
    relax_checks: bool = False
    presort: bool = True


@dataclass(frozen=True, slots=True)
class Schedule:
    """A new classifier after every `window` results, until there are `classifiers`."""

    window: int
    classifiers: int

    @classmethod
    def of(cls, trials: int, batch: int, most: int) -> Schedule:
        """An equal share of the trials for each classifier, in whole batches; one share is left
        to be drawn from the last region. This is how pySHAC counts.
        """
        batches = max(trials // batch, 1)
        classifiers = min(max(batches - 1, 1), most)
        return cls(batch * max(trials // (batch * (classifiers + 1)), 1), classifiers)


def batch_for(trials: int, options: ShacOptions) -> int:
    """Results a batch: 10; for few trials a tenth of them, as long as four can tell anything."""
    if options.batch is not None:
        return options.batch
    return min(_LARGEST_BATCH, max(_FEWEST_IN_A_BATCH, trials // _BATCHES_AT_LEAST))


def shac_options(written: Mapping[str, Any], trials: int | None) -> ShacOptions:
    """The options that a user wrote, as text or as values; `trials` is the search's budget.

    Raises ConfigError for a name that is none, for a value that means nothing, and for an option
    that could not take effect.
    """
    known = {field.name: field for field in fields(ShacOptions)}
    for name in written:
        if name not in known:
            raise ConfigError(
                f"shac has no option {name!r}", hint=f"there are {', '.join(sorted(known))}"
            )
    texts = {name: str(field.type) for name, field in known.items()}
    read = {
        name: _flag(name, value) if texts[name] == "bool" else _whole(name, value)
        for name, value in written.items()
    }
    options = ShacOptions(**read)  # type: ignore[arg-type]
    return _faithful(options, trials) if options.faithful else _default(options, read)


def _default(options: ShacOptions, read: Mapping[str, Any]) -> ShacOptions:
    for name in _FAITHFUL_ONLY:
        if name in read:
            raise ConfigError(
                f"{name} takes effect only with faithful", hint="add faithful, or leave it out"
            )
    return options


def _faithful(options: ShacOptions, trials: int | None) -> ShacOptions:
    """The faithful mode's options with the budget filled in."""
    if options.batch is not None:
        raise ConfigError(
            "batch takes no effect with faithful: a batch is total_budget / num_batches",
            hint="set num_batches",
        )
    total = options.total_budget if options.total_budget is not None else trials
    if total is None:
        raise ConfigError(
            "shac's faithful mode divides a budget, and none is given",
            hint="give --trials, or the option total_budget",
        )
    batches = options.num_batches or max(total // _LARGEST_BATCH, 1)
    if total % batches:
        raise ConfigError(
            f"total_budget {total} cannot be divided into {batches} equal batches",
            hint="choose num_batches so that it divides total_budget",
        )
    window = Schedule.of(total, total // batches, options.max_classifiers).window
    if window < 10 and not options.skip_cv_checks:
        raise ConfigError(
            f"{window} results a classifier are too few for five-fold cross-validation",
            hint="set skip_cv_checks, or fewer num_batches",
        )
    return replace(options, total_budget=total, num_batches=batches)


def _flag(name: str, value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    answer = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if answer is None:
        raise ConfigError(f"{name} is true or false, not {value!r}", hint=f"{name}=true")
    return answer


def _whole(name: str, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise ConfigError(f"{name} is a whole number from 1, not {value!r}", hint=f"{name}=10")
    return number
