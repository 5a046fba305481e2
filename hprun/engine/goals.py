"""When a search has found enough: a score as good as asked, or no better one for long. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from hprun.errors import ConfigError
from hprun.metrics import better
from hprun.model import Direction, Metric


@dataclass(frozen=True, slots=True)
class Goal:
    """A score that is good enough (None: none is), and how many trials may be in vain (0: any)."""

    metric: Metric
    until: float | None = None
    patience: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What has come of the trials so far, in the order in which they ended.

    `vain` counts the last ones in a row that were no better than the best before them; none are
    before there is a finite score.
    """

    ended: int = 0
    best: float | None = None
    vain: int = 0


def counted(tally: Tally, score: float | None, direction: Direction) -> Tally:
    """The tally with one trial more; its score is None if it failed."""
    ended, best = tally.ended + 1, tally.best
    first = best is None and score is not None and math.isfinite(score)
    if first or (score is not None and best is not None and better(score, best, direction)):
        return Tally(ended, score)
    return Tally(ended, best, 0 if best is None else tally.vain + 1)


def tally_of(scores: Iterable[float | None], direction: Direction) -> Tally:
    """The tally of trials in the order in which they ended."""
    return reduce(lambda tally, score: counted(tally, score, direction), scores, Tally())


def reached(tally: Tally, goal: Goal) -> str:
    """Why the search has found enough; "" if it has not."""
    best, name = tally.best, goal.metric.name
    if best is None:
        return ""
    if goal.until is not None and not better(goal.until, best, goal.metric.direction):
        trials = "trial" if tally.ended == 1 else "trials"
        return f"{name} {best:.5g} reached the goal {goal.until:g} after {tally.ended:,} {trials}"
    if goal.patience and tally.vain >= goal.patience:
        trials = "trial" if tally.vain == 1 else f"{tally.vain:,} trials"
        return f"{name} {best:.5g} has not been bettered by the last {trials}"
    return ""


def make_goal(until: str, patience: int, metric: Metric | None) -> Goal | None:
    """The goal that `--until NAME=VALUE` and `--patience N` set, if they do.

    Raises ConfigError without a metric, for another name than the metric's, and for a value that
    is no finite number.
    """
    if not until and not patience:
        return None
    if metric is None:
        option = "--until" if until else "--patience"
        raise ConfigError(
            f"{option} looks at a metric, and none is named.", hint="Name it with --metric."
        )
    return Goal(metric, _value(until, metric) if until else None, patience)


def _value(until: str, metric: Metric) -> float:
    name, equals, text = until.rpartition("=")
    if equals and name.strip() not in (metric.name, str(metric)):
        raise ConfigError(
            f"--until {until}: the search ranks by {metric.name}, not by {name.strip()}.",
            hint=f"--until {metric.name}={text}, or another --metric.",
        )
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(
            f"--until {until}: {text or 'nothing'} is no finite number.",
            hint=f"--until {metric.name}=0.1",
        )
    return value
