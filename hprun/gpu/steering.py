"""How many runs at once, and on which device the next one: memory and worth taken together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from hprun.dataclass import dataclass
from hprun.gpu.packing import HOST, Admit, Guest, Need, Room, Wait, admit
from hprun.gpu.tuning import Lasted, Pace, Tuning, tune


@dataclass(frozen=True, slots=True)
class Left:
    """A run is over: what it held at the most, and when it had written a value, in bytes.

    `seconds` is how long it took for its `values` if it completed; `full` says that it ran out of
    memory.
    """

    run: int
    device: int
    peak: int
    host_peak: int
    first_peak: int = 0
    seconds: float | None = None
    values: int = 1
    full: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """What has been learned so far, of each device by itself.

    `most` is how many runs a device may have in any case; `alone` are runs that are to have a
    device for themselves.
    """

    most: int
    tunings: Mapping[int, Tuning] = field(default_factory=dict)
    need: Need = field(default_factory=Need)
    alone: frozenset[int] = frozenset()

    def tuning(self, device: int) -> Tuning:
        """What is known of a device."""
        return self.tunings.get(device, Tuning(self.most))


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen at a moment; `over` are the runs that have ended since the last one.

    `paces` say how far each guest is, by run. `next_run` is the one that is to start next, if one
    waits.
    """

    rooms: Sequence[Room]
    host: Room
    guests: Sequence[Guest]
    paces: Mapping[int, Pace]
    over: Sequence[Left] = ()
    next_run: int | None = None


def steer(steering: Steering, sight: Sight) -> tuple[Steering, Admit | Wait]:
    """Take in what is seen, and say where one more run may start."""
    steering = _learned(steering, sight)
    open_ = []
    reason: Wait | None = None
    for device in [room.device for room in sight.rooms] or [HOST]:
        here = [guest for guest in sight.guests if guest.device == device]
        rooms = [room for room in sight.rooms if room.device == device]
        place = admit(rooms, sight.host, sight.guests, steering.need)
        paces = [sight.paces[guest.run] for guest in here]
        ended = [
            Lasted(left.run, left.seconds / max(1, left.values))
            for left in sight.over
            if left.device == device and left.seconds is not None
        ]
        tuned = tune(steering.tuning(device), paces, ended, fits=isinstance(place, Admit))
        steering = replace(steering, tunings={**steering.tunings, device: tuned})
        if len(here) < tuned.limit:
            open_ += rooms
        else:
            reason = Wait(tuned.why)
    if reason is not None and not open_:
        return steering, reason
    alone = sight.next_run in steering.alone
    return steering, admit(open_, sight.host, sight.guests, steering.need, alone=alone)


def _learned(steering: Steering, sight: Sight) -> Steering:
    need, tunings, alone = steering.need, dict(steering.tunings), steering.alone
    for left in sight.over:
        growth = left.peak / left.first_peak if left.first_peak else 1.0
        need = Need(
            need.runs + 1,
            max(need.device, left.peak),
            max(need.host, left.host_peak),
            max(need.growth, growth),
        )
        if not left.full:
            alone -= {left.run}
            continue
        # There was less room than was thought: one less at once, and this one alone.
        alone |= {left.run}
        tuning = steering.tuning(left.device)
        here = sum(guest.device == left.device for guest in sight.guests)
        tunings[left.device] = replace(
            tuning, limit=max(1, min(tuning.limit, here + 1) - 1), step=1, base=None, before={},
            marks={}, held=0, usual={}, why="a run ran out of memory",
        )  # fmt: skip
    return replace(steering, need=need, tunings=tunings, alone=alone)
