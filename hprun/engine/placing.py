"""Where the runs of a search may go, and whether it is to be found out how many at once."""

from __future__ import annotations

import contextlib
import os

from hprun.config import AUTO, Settings, jobs_default, slots_of
from hprun.dataclass import dataclass
from hprun.engine.run_environment import thread_env
from hprun.gpu.binding import HIDDEN, NONE, VISIBLE, Binding, bindings
from hprun.gpu.probing import Probe

_ON_GPU = 4  # runs that share the cores, at the most: what they compute they compute elsewhere
_PER_CORE = 2  # trainings on GPUs, at the most: each leaves its core alone for some of the time


@dataclass(frozen=True, slots=True)
class Placing:
    """The devices of a search (none: the processor), how many runs at once at the most, and
    whether it is to be found out how many; `hidden` says that runs are to see no GPU. All together
    they may have `part` of each device's memory.
    """

    devices: tuple[Binding, ...]
    slots: int
    auto: bool
    hidden: bool = False
    part: float = 1.0

    @property
    def per_device(self) -> int:
        """How many runs at once a device may have."""
        return -(-self.slots // max(1, len(self.devices)))

    def env(self, runs: int) -> dict[str, str]:
        """What the environment of each of so many runs has in common."""
        common = dict(HIDDEN) if self.hidden else {}
        if self.devices:  # which device it is, each run is told
            common = {k: v for k, v in self.devices[0].env.items() if k != VISIBLE}
        return common | thread_env(self.share(runs), jobs_default())

    def share(self, runs: int) -> int:
        """How many runs are to share the cores while nobody knows how many there will be.

        On the processor as many as there may be: the measurement compares one run with itself,
        before and after others came, so it must not have had their cores before. The number is
        the same for all runs, so that they can be forks of one process.
        """
        if self.auto and self.devices:
            return min(_ON_GPU, self.slots)
        return max(1, min(self.slots, runs)) if self.auto else self.slots


def placing(settings: Settings, probe: Probe) -> Placing:
    """What settings and machine come to. Raises ConfigError for GPUs that are not there."""
    found = bindings(probe.devices(), settings.gpus, os.environ)
    hidden = settings.gpus == NONE
    auto = settings.jobs == AUTO or (not settings.jobs and bool(found))
    slots = slots_of(settings.jobs)
    if auto and found:
        slots *= _PER_CORE
    return Placing(tuple(found), slots, auto, hidden, settings.gpu_memory or 1.0)


def jobs_words(settings: Settings) -> str:
    """How many runs at once there will be, for people. Raises ConfigError as `placing` does."""
    with contextlib.closing(Probe()) as probe:
        placed = placing(settings, probe)
    on = ", ".join(binding.device.name for binding in placed.devices)
    count = "as many at once as do more by it" if placed.auto else f"{placed.slots} at once"
    return f"{count} on {on}" if on else count
