"""How many runs at once, and on which device the next one: memory and worth taken together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hprun.gpu.packing import Admit, Guest, Need, Room, Wait, admit
from hprun.gpu.tuning import Lasted, Pace, Tuning, tune


@dataclass(frozen=True, slots=True)
class Left:
    """A run is over: what it held at the most, and when it had written a value, in bytes.

    `seconds` is how long it took for its `values` if it completed; `full` says that it ran out of memory.
    """

    run: int
    peak: int
    host_peak: int
    first_peak: int = 0
    seconds: float | None = None
    values: int = 1
    full: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """What has been learned so far; `alone` are runs that are to have a device for themselves."""

    tuning: Tuning
    need: Need = field(default_factory=Need)
    alone: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen at a moment; `over` are the runs that have ended since the last one.

    `next_run` is the one that is to start next, if one waits.
    """

    rooms: Sequence[Room]
    host: Room
    guests: Sequence[Guest]
    paces: Sequence[Pace]
    over: Sequence[Left] = ()
    next_run: int | None = None


def steer(steering: Steering, sight: Sight) -> tuple[Steering, Admit | Wait]:
    """Take in what is seen, and say where one more run may start."""
    steering = _learned(steering, sight)
    alone = sight.next_run in steering.alone
    place = admit(sight.rooms, sight.host, sight.guests, steering.need, alone=alone)
    ended = [
        Lasted(o.run, o.seconds / max(1, o.values)) for o in sight.over if o.seconds is not None
    ]
    tuning = tune(steering.tuning, sight.paces, ended, fits=isinstance(place, Admit))
    steering = replace(steering, tuning=tuning)
    if len(sight.guests) >= tuning.limit:
        return steering, Wait(tuning.why)
    return steering, place


def _learned(steering: Steering, sight: Sight) -> Steering:
    need, tuning, alone = steering.need, steering.tuning, steering.alone
    for over in sight.over:
        growth = over.peak / over.first_peak if over.first_peak else 1.0
        need = Need(
            need.runs + 1,
            max(need.device, over.peak),
            max(need.host, over.host_peak),
            max(need.growth, growth),
        )
        if over.full:
            # There was less room than was thought: one less at once, and this one alone.
            alone |= {over.run}
            limit = max(1, min(tuning.limit, len(sight.guests) + 1) - 1)
            tuning = replace(
                tuning, limit=limit, step=1, base=None, before={}, marks={}, held=0, usual={},
                why="a run ran out of memory",
            )  # fmt: skip
        else:
            alone -= {over.run}
    return replace(steering, need=need, tuning=tuning, alone=alone)
