"""Which device a run goes to, and whether it fits there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hprun.dataclass import dataclass

MARGIN = 0.15
"""So much more than the one run that was seen is kept for the next; of more runs seen, less."""

_TELLING = 3  # runs that have ended tell what one that has just started will take

_LEAST_MARGIN = 0.02

SPARE = 0.05
"""The part of a memory that is never given away."""

HOST = -1
"""The number of the device that is the machine's own memory: all runs use it."""


@dataclass(frozen=True, slots=True)
class Room:
    """A memory: an accelerator's, or the host's. Bytes; `free` is what nobody uses now."""

    device: int
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A run on a device: what it holds there and on the host now, and the most so far, in bytes.

    `first` is the most that it had held when it had written a value of its metric, and 0 before:
    by then its memory has mostly been taken. `alone` says that it is to have its device for
    itself, after it ran out of memory.
    """

    run: int
    device: int
    held: int
    peak: int
    host_held: int
    host_peak: int
    first: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """The most that a run of the search has held, on a device and on the host, out of `runs`.

    `growth` is how many times as much a run has come to hold after it had written a value.
    """

    runs: int = 0
    device: int = 0
    host: int = 0
    growth: float = 1.0

    @property
    def margin(self) -> float:
        """How many times the most that was seen is kept: less, the more was seen."""
        return 1 + max(MARGIN / max(1, self.runs), _LEAST_MARGIN)

    def of_new(self, seen: int) -> int:
        """What a run may come to hold of which nothing is known."""
        return int(seen * self.margin)

    def of(self, first: int, peak: int) -> int:
        """What a run may come to hold that held `first` when it wrote its first value."""
        return max(peak, int(first * self.growth * (1 + (self.margin - 1) / 2)))


@dataclass(frozen=True, slots=True)
class Admit:
    """A run may start there."""

    device: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No run may start now, for this reason."""

    why: str


def admit(
    rooms: Sequence[Room], host: Room, guests: Sequence[Guest], need: Need, *, alone: bool = False
) -> Admit | Wait:
    """Where one more run may start: the device with the fewest runs, then with the most room.

    `rooms` are the devices; without any, the host alone counts, and the run goes to `HOST`.
    `alone` wants a device without other runs of ours. One starts at a time on each device: what
    was just started has not yet taken the memory that it will.
    """
    if why := _host_is_full(host, guests, need):
        return Wait(why)
    if not rooms:
        return _alone_on_host(guests, alone=alone) or Admit(HOST)
    reasons: list[str] = []
    fitting: list[tuple[int, int, int]] = []
    for room in rooms:
        here = [guest for guest in guests if guest.device == room.device]
        left = _left(room, here, need)
        why = _does_not_fit(here, left, need, alone=alone)
        if why:
            reasons.append(why)
        else:
            fitting.append((len(here), -left, room.device))
    return Admit(min(fitting)[2]) if fitting else Wait(reasons[0])


def admit_by_count(devices: Sequence[int], guests: Sequence[Guest], *, alone: bool) -> Admit | Wait:
    """Where one more run may start when somebody else has said how many: memory is not asked for."""
    rooms = [Room(device, 0, 0) for device in devices]
    unknown = [Guest(guest.run, guest.device, 0, 0, 0, 0, 0, guest.alone) for guest in guests]
    return admit(rooms, Room(HOST, 0, 0), unknown, Need(_TELLING), alone=alone)


def _does_not_fit(here: Sequence[Guest], left: int, need: Need, *, alone: bool) -> str:
    if not here:
        return ""  # whether it fits on an empty device only the run can tell
    if any(guest.alone for guest in here):
        return "a run that ran out of memory has the device for itself"
    if alone:
        return "the next run ran out of memory before, and waits for a device of its own"
    if need.runs < _TELLING and any(not guest.first for guest in here):
        return "the last run that started has not shown yet how much memory it takes"
    wanted = need.of_new(max(need.device, *(guest.peak for guest in here)))
    if left < wanted:
        return f"a run takes up to {_gb(wanted)}, and {_gb(left)} are left"
    return ""


def _left(room: Room, here: Sequence[Guest], need: Need) -> int:
    """What is free once all runs there hold the most that they held, less the spare part."""
    to_come = sum(
        max(0, _may_hold(guest.first, guest.peak, need.device, need) - guest.held) for guest in here
    )
    return room.free - to_come - int(room.total * SPARE)


def _may_hold(first: int, peak: int, most: int, need: Need) -> int:
    """What a run may come to hold: one that has just started, as much as any."""
    return need.of(first, peak) if first else need.of_new(max(peak, most))


def _host_is_full(host: Room, guests: Sequence[Guest], need: Need) -> str:
    """Why the host's memory has no room for one more; the first run is let try."""
    if not guests:
        return ""
    # Whatever a run has shown so far, it may come to hold as much as any: a machine that swaps or
    # kills is worse than one run less.
    wanted = need.of_new(max(need.host, *(guest.host_peak for guest in guests)))
    to_come = sum(max(0, wanted - guest.host_held) for guest in guests)
    left = host.free - to_come - int(host.total * SPARE)
    if left < wanted:
        return f"a run takes up to {_gb(wanted)} of memory, and {_gb(left)} are left"
    return ""


def _alone_on_host(guests: Sequence[Guest], *, alone: bool) -> Wait | None:
    if any(guest.alone for guest in guests):
        return Wait("a run that ran out of memory has the machine for itself")
    if alone and guests:
        return Wait("the next run ran out of memory before, and waits until it is alone")
    return None


def _gb(size: int) -> str:
    return f"{max(0, size) / 1e9:.2f} GB"
