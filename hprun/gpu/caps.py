"""How much of a GPU's memory each run may have, and the variables that say so. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.errors import HprunError

_LEAST = 64 << 20
"""No framework computes anything in fewer bytes."""

_JAX = "XLA_PYTHON_CLIENT_MEM_FRACTION"
_JAX_TOO = "XLA_CLIENT_MEM_FRACTION"
_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"
_GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"
MPS_LIMIT = "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"


@dataclass(frozen=True, slots=True)
class Share:
    """What a run may have of each device: a part of it, or so many bytes. One of them is None."""

    part: float | None = None
    size: int | None = None

    def part_of(self, total: int) -> float:
        """The part of a device of `total` bytes."""
        return self.part if self.part is not None else min(1.0, (self.size or 0) / total)

    def bytes_of(self, total: int) -> int:
        """The bytes of a device of `total` bytes."""
        return int(self.part * total) if self.part is not None else (self.size or 0)


def share_of(part: float, size: int, slots: int, totals: Sequence[int]) -> Share | None:
    """What each of `slots` runs may have of devices of `totals` bytes; None if nothing is asked.

    `part` (0 to 1) of each device is for all of them together, `size` (bytes) for each one; 0 asks
    nothing. Raises HprunError for what cannot be had.
    """
    if not part and not size:
        return None
    option = "--gpu-memory" if part else "--gpu-memory-per-run"
    if not totals:
        raise HprunError(
            f"{option} limits the memory of GPUs, and there is none.",
            hint="`hprun doctor` says what it finds. Without the option, runs use the processor.",
        )
    smallest = min(totals)
    share = Share(part=part / slots) if part else Share(size=size)
    if share.bytes_of(smallest) < _LEAST:
        raise HprunError(
            f"{option} leaves each of {slots} runs {share.bytes_of(smallest) / 1e6:.0f} MB of a GPU.",
            hint="Run fewer at once with `--jobs`, or give them more.",
        )
    if size and slots * size > smallest:
        fitting = smallest // size
        raise HprunError(
            f"{slots} at once with {size / 1e9:.1f} GB each do not fit on a GPU of"
            f" {smallest / 1e9:.1f} GB.",
            hint=f"`--jobs {fitting}` would, or --gpu-memory-per-run {smallest // slots // 10**6}M."
            if fitting
            else f"One run would take more than there is: say at most {smallest // 10**6}M.",
        )
    return share


def least_part(share: Share, totals: Sequence[int]) -> float:
    """The part that is no more than the share on any of the devices."""
    return min(share.part_of(total) for total in totals)


def cap_variables(share: Share, totals: Sequence[int], given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a share, for what reads variables; what is `given` already stays.

    JAX: it refuses to start where both of its names are set, and every version reads the older.
    """
    if _JAX in given or _JAX_TOO in given:
        return {}
    part = max(1, int(least_part(share, totals) * 10_000)) / 10_000  # never more than the share
    return {_JAX: f"{part:.4f}"}


def growth_variables(given: Mapping[str, str]) -> dict[str, str]:
    """The variables that let frameworks take memory as they need it, beside what is `given`."""
    found = {} if _GROWTH in given else {_GROWTH: "true"}
    if not given.keys() & {_PREALLOCATE, _JAX, _JAX_TOO}:
        found[_PREALLOCATE] = "false"
    return found


def mps_variables(share: Share, totals: Sequence[int], given: Mapping[str, str]) -> dict[str, str]:
    """The limit that MPS keeps for each run, of the devices in the order in which it sees them."""
    if MPS_LIMIT in given:
        return {}
    limits = [f"{n}={share.bytes_of(total) >> 20}M" for n, total in enumerate(totals)]
    return {MPS_LIMIT: ",".join(limits)}
