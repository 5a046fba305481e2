"""What runs are told of the memory of GPUs: a limit, or to take no more than they need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Any

from hprun.autolog import can_attach
from hprun.config import Settings, jobs_default
from hprun.dataclass import dataclass
from hprun.errors import HprunError
from hprun.gpu.probing import Device, Probe, visible


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """The variables that all runs get, and what hprun's own part in their process is told."""

    env: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] | None = None


def check_gpu_memory(settings: Settings) -> None:
    """Refuse a limit that cannot be set, before anything is written. Raises HprunError."""
    if settings.gpu_memory or settings.gpu_memory_per_run:
        gpu_memory(settings, settings.jobs or jobs_default())


def gpu_memory(settings: Settings, slots: int, pipes: Path | None = None) -> GpuMemory:
    """What runs are told where `slots` of them go at once. Raises HprunError.

    `pipes` is the pipe directory of MPS, where they share GPUs by way of that.
    """
    from hprun.gpu.caps import (
        cap_variables,
        growth_variables,
        least_part,
        mps_variables,
        share_of,
    )
    from hprun.gpu.mps import PIPES

    shared = {} if pipes is None else {PIPES: str(pipes)}

    asked = settings.gpu_memory or settings.gpu_memory_per_run
    if slots == 1 and not asked:  # what is there is not even looked for
        return GpuMemory(shared)
    devices = gpus()
    totals = [device.total for device in devices]
    share = share_of(settings.gpu_memory, int(settings.gpu_memory_per_run), slots, totals)
    if share is None:
        env = growth_variables(os.environ) if devices else {}
        return GpuMemory({**shared, **env}, {"grows": True} if env else None)
    if not can_attach():
        raise HprunError(
            "The memory of GPUs cannot be limited: hprun is installed in a folder with"
            f" {os.pathsep!r} in its name, which PYTHONPATH cannot hold.",
            hint="Install it in another folder.",
        )
    env = cap_variables(share, totals, os.environ)
    limits = {
        "part": share.part,
        "size": share.size,
        "least": least_part(share, totals),
        "totals": {device.name: device.total for device in devices},
        "jax": next(iter(env.values()), None),
        "mps": pipes is not None,
    }
    if pipes is not None:
        env |= mps_variables(share, totals, os.environ)
    return GpuMemory({**shared, **env}, limits)


@lru_cache(maxsize=1)
def gpus() -> tuple[Device, ...]:
    """The devices that runs may use, as they were when this was asked first."""
    probe = Probe()
    try:
        return tuple(visible(probe.devices(), os.environ.get("CUDA_VISIBLE_DEVICES")))
    finally:
        probe.close()
