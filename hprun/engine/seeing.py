"""What the active runs hold of devices and of the machine's memory, and what is free there."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.executors import LocalExecutor
from hprun.gpu.binding import Binding
from hprun.gpu.host import host_room, memory_of, process_trees
from hprun.gpu.packing import HOST, Guest, Room
from hprun.gpu.probing import Device, Probe
from hprun.gpu.steering import Left
from hprun.paths import RunPaths

_EVERY_S = 1.0  # between looks
_PART = 0.02  # of the time, at the most, is spent on looks
_SETTLED_S = 20.0  # a run that took no more for so long has shown what it takes
_GROWN = 1.02  # so many times as much is more
_TELLING = 20  # a first value after the twentieth part of the peak says nothing of the growth


@dataclass(eq=False)
class _Held:
    """What one run holds, in bytes, and held at the most; `first` as in `Guest`."""

    since: float
    held: int = 0
    peak: int = 0
    host_held: int = 0
    host_peak: int = 0
    first: int = 0
    grew: float = 0.0


class Memories:
    """Looks now and then; in between, what was seen last stands.

    `part` of each device is what all runs together may have.
    """

    def __init__(
        self, devices: Sequence[Binding], part: float, probe: Probe, executor: LocalExecutor
    ) -> None:
        self._devices = devices
        self._part = part
        self._probe = probe
        self._executor = executor
        self._held: dict[int, _Held] = {}
        self._idle: dict[int, int] = {}  # of each device, what is used when none of ours is there
        self._next = 0.0  # monotonic
        self.rooms: list[Room] = []
        self.host = Room(HOST, 0, 0)

    def look(
        self,
        runs: Mapping[int, RunPaths],
        where: Mapping[int, int],
        shown: Collection[int],
        now: float,
    ) -> None:
        """See what runs hold; `where` are their devices, `shown` those that have written a value.

        `now` is in seconds since the epoch.
        """
        for run in runs:
            self._held.setdefault(run, _Held(since=now, grew=now))
        fresh = any(run in shown and not self._held[run].first for run in runs)
        began = time.monotonic()
        if began < self._next and not fresh and self.host.total:
            return
        trees = process_trees({run: self._executor.root(paths) for run, paths in runs.items()})
        ids = {run: {process.pid for process in tree} for run, tree in trees.items()}
        self._look_at_devices(ids, where)
        self.host = host_room()
        for run, tree in trees.items():
            self._take(self._held[run], sum(map(memory_of, tree)), run in shown, now)
        spent = time.monotonic() - began
        self._next = began + max(_EVERY_S, spent / _PART)

    def guest(self, run: int, device: int, *, alone: bool) -> Guest:
        """A run as the deciding half sees it."""
        held = self._held[run]
        return Guest(
            run, device, held.held, held.peak, held.host_held, held.host_peak, held.first, alone
        )

    def leave(self, run: int, device: int) -> Left:
        """Forget a run that has ended; what it held."""
        held = self._held.pop(run, None)
        if held is None:
            return Left(run, device, 0, 0)
        telling = self._devices and held.first * _TELLING >= held.peak
        return Left(run, device, held.peak, held.host_peak, held.first if telling else 0)

    def _look_at_devices(
        self, ids: Mapping[int, Collection[int]], where: Mapping[int, int]
    ) -> None:
        if not self._devices:
            return
        found = {device.uuid: device for device in self._probe.devices()}
        self.rooms = []
        for number, binding in enumerate(self._devices):
            device = found.get(binding.device.uuid)
            if device is None:  # it is lost; what is on it has failed, or will
                self.rooms.append(Room(number, binding.device.total, 0))
                continue
            here = {run: ids[run] for run, place in where.items() if place == number}
            if not here:
                self._idle[number] = device.used
            holding = held_on(device, here, self._idle.get(number, 0))
            for run, held in holding.items():
                self._held[run].held = held
            self.rooms.append(room_on(number, device, self._part, sum(holding.values())))

    def _take(self, held: _Held, host: int, shown: bool, now: float) -> None:
        """Take in what was seen of one run."""
        held.host_held = host
        before = held.peak if self._devices else held.host_peak
        held.peak = max(held.peak, held.held)
        held.host_peak = max(held.host_peak, host)
        peak = held.peak if self._devices else held.host_peak
        if peak > before * _GROWN:
            held.grew = now
        settled = peak > 0 and now - held.grew >= _SETTLED_S
        if not held.first and (shown or settled):
            held.first = max(1, peak)


def room_on(number: int, device: Device, part: float, held: int) -> Room:
    """The room for runs that may have `part` of a device together, and hold so many bytes of it."""
    total = int(device.total * part)
    return Room(number, total, max(0, min(device.total - device.used, total - held)))


def held_on(device: Device, runs: Mapping[int, Collection[int]], idle: int) -> dict[int, int]:
    """What each run holds on a device, in bytes; `runs` are the ids of their processes.

    Where the driver does not say whose memory is whose, as in a container, they have equal parts
    of what is used beyond the `idle` that was used without them.
    """
    told = {pid: used for pid, used in device.processes.items() if used is not None}
    found = {run: sum(told.get(pid, 0) for pid in ids) for run, ids in runs.items()}
    if any(found.values()) or not runs:
        return found
    unknown = len(told) < len(device.processes) or not _ours(told)
    part = max(0, device.used - idle) // len(runs) if unknown else 0
    return dict.fromkeys(runs, part)


def _ours(told: Mapping[int, int]) -> bool:
    """Say whether ids as the driver tells them are those of this machine as we see it."""
    import psutil

    return bool(told) and all(psutil.pid_exists(pid) for pid in told)
