"""The default way's lessons: after which results a classifier is trained, and what is good then."""

from __future__ import annotations

from hprun.dataclass import dataclass
from hprun.strategies.shac.options import Schedule, ShacOptions, batch_for
from hprun.strategies.shac.results import Results

_FIRST_HORIZON = 50


@dataclass(frozen=True, slots=True)
class Lesson:
    """A classifier learns from the first `upto` ended trials; losses below `limit` are good."""

    upto: int
    limit: float


def lessons(results: Results, trials: int | None, options: ShacOptions) -> list[Lesson]:
    """What each classifier learns from: one more after every window of our own results.

    All that had ended by then is learned from, whoever proposed it. Good is what is better than
    the median of the last window. Results of others that were there before (another search's,
    say) are worth classifiers too: as many as they can be halved down to a batch.
    """
    import numpy as np

    own = results.own
    horizon = _horizon(trials, len(own))
    batch = batch_for(horizon, options)
    early = _prelude(results, batch, options.max_classifiers)
    schedule = Schedule.of(horizon, batch, max(options.max_classifiers - len(early), 1))
    room = min(schedule.classifiers, options.max_classifiers - len(early))
    later = []
    for index in range(1, min(len(own) // schedule.window, room) + 1):
        window = own[(index - 1) * schedule.window : index * schedule.window]
        later.append(Lesson(window[-1] + 1, float(np.median(results.losses[list(window)]))))
    return early + later


def _horizon(trials: int | None, own: int) -> int:
    """The number of trials to plan for; unknown: 50, and twice as many each time they are done.

    At a doubling the windows can grow longer, so that there are fewer of them so far: the region
    widens, and narrows anew by all that is known by then.
    """
    if trials is not None:
        return trials
    horizon = _FIRST_HORIZON
    while own >= horizon:
        horizon *= 2
    return horizon


def _prelude(results: Results, batch: int, most: int) -> list[Lesson]:
    """A classifier for the better half of what was there before, one for its better half, …"""
    count = results.prelude
    ranked = sorted(results.losses[:count].tolist())
    found: list[Lesson] = []
    while count >= batch and len(found) < most - 1:
        count //= 2
        found.append(Lesson(results.prelude, ranked[count]))
    return found
