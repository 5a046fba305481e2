"""What runs are told of the memory of GPUs: a limit, or to take no more than they need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from hprun.autolog import can_attach
from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.placing import Placing
from hprun.errors import HprunError


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """The variables that all runs get, and what hprun's own part in their process is told."""

    env: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] | None = None


def gpu_memory(settings: Settings, placing: Placing, pipes: Path | None = None) -> GpuMemory:
    """What runs are told of the one device that each of them sees. Raises HprunError.

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
    devices = [binding.device for binding in placing.devices]
    totals = [device.total for device in devices]
    # With -j auto nobody knows how many there will be: packing sees to it that all together stay
    # within the part, and each run may have the whole of it, taken as it is needed.
    at_once = 1 if placing.auto else placing.per_device
    share = share_of(settings.gpu_memory, int(settings.gpu_memory_per_run), at_once, totals)
    if share is None:
        env = growth_variables(os.environ) if devices and placing.per_device > 1 else {}
        return GpuMemory({**shared, **env}, {"grows": True} if env else None)
    if not can_attach():
        raise HprunError(
            "The memory of GPUs cannot be limited: hprun is installed in a folder with"
            f" {os.pathsep!r} in its name, which PYTHONPATH cannot hold.",
            hint="Install it in another folder.",
        )
    env = cap_variables(share, totals, os.environ)
    if placing.auto:
        env |= growth_variables(os.environ)
    limits = {
        "part": share.part,
        "size": share.size,
        "least": least_part(share, totals),
        "totals": {device.name: device.total for device in devices},
        "jax": next(iter(env.values()), None),
        "mps": pipes is not None,
    }
    if pipes is not None:
        env |= mps_variables(share, [min(totals)], os.environ)  # each sees one device
    return GpuMemory({**shared, **env}, limits)
