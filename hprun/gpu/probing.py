"""What accelerators there are, and what is on them, as NVIDIA's library tells."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hprun.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU, or a part of one that the system gives out by itself (MIG).

    `number` is NVIDIA's own, `uuid` what CUDA_VISIBLE_DEVICES takes for just this one. Memory is
    in bytes; `busy` is the part of the time at which it computed lately, None where it does not
    tell. `processes` are those on it, with the memory of each (None: not told, as in a container).
    `exclusive` devices let only one process in, `persistent` ones keep the driver loaded.
    """

    number: str
    uuid: str
    name: str
    total: int
    used: int
    busy: float | None
    processes: Mapping[int, int | None]
    exclusive: bool = False
    persistent: bool | None = None


class Probe:
    """Asks NVIDIA's library; without it, or without a driver, there is no device."""

    def __init__(self) -> None:
        self._nvml: Any = None
        with contextlib.suppress(Exception):
            import pynvml

            pynvml.nvmlInit()
            self._nvml = pynvml

    def close(self) -> None:
        """Let the library go."""
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            with contextlib.suppress(Exception):
                nvml.nvmlShutdown()

    def driver(self) -> str:
        """The driver's version; "" without one."""
        if self._nvml is None:
            return ""
        return _text(self._nvml.nvmlSystemGetDriverVersion())

    def devices(self) -> list[Device]:
        """All devices of this machine; of a GPU that is cut into parts, the parts."""
        found: list[Device] = []
        nvml = self._nvml
        if nvml is None:
            return found
        for index in range(nvml.nvmlDeviceGetCount()):
            # A device that has fallen off the bus answers with an error; the others still do.
            with contextlib.suppress(nvml.NVMLError):
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                parts = list(self._parts(handle))
                if parts:
                    found += [
                        self._device(part, f"{index}:{number}") for number, part in enumerate(parts)
                    ]
                else:
                    found.append(self._device(handle, str(index)))
        return found

    def _parts(self, handle: Any) -> Iterator[Any]:
        nvml = self._nvml
        try:
            if nvml.nvmlDeviceGetMigMode(handle)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
                return
            most = nvml.nvmlDeviceGetMaxMigDeviceCount(handle)
        except nvml.NVMLError:  # most devices cannot be cut
            return
        for number in range(most):
            with contextlib.suppress(nvml.NVMLError):
                yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)

    def _device(self, handle: Any, number: str) -> Device:
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        busy: float | None = None
        with contextlib.suppress(nvml.NVMLError):
            busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
        processes: dict[int, int | None] = {}
        with contextlib.suppress(nvml.NVMLError):
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle):
                processes[int(process.pid)] = process.usedGpuMemory
        exclusive, persistent = False, None
        with contextlib.suppress(nvml.NVMLError):
            mode = nvml.nvmlDeviceGetComputeMode(handle)
            exclusive = mode == nvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS
        with contextlib.suppress(nvml.NVMLError):
            persistent = bool(nvml.nvmlDeviceGetPersistenceMode(handle))
        return Device(
            number,
            _text(nvml.nvmlDeviceGetUUID(handle)),
            _text(nvml.nvmlDeviceGetName(handle)),
            int(memory.total),
            int(memory.used),
            busy,
            processes,
            exclusive,
            persistent,
        )


def _text(value: str | bytes) -> str:
    """Older versions of the library answer with bytes."""
    return value.decode() if isinstance(value, bytes) else value


def visible(devices: Sequence[Device], setting: str | None) -> list[Device]:
    """Those of the devices that `CUDA_VISIBLE_DEVICES` leaves, in its order; None leaves all.

    As CUDA reads it: numbers or the beginnings of UUIDs, up to the first that is none.
    Source: CUDA C++ Programming Guide, CUDA Environment Variables.
    """
    if setting is None:
        return list(devices)
    found: list[Device] = []
    for name in setting.split(","):
        device = find(devices, name.strip())
        if device is None or device in found:
            break
        found.append(device)
    return found


def find(devices: Sequence[Device], name: str) -> Device | None:
    """The device of that number, or the one whose UUID begins so; None if there is none."""
    if not name:
        return None
    for device in devices:
        if name == device.number:
            return device
    whole = [one for one in devices if one.uuid.startswith(name) and not name.isdigit()]
    return whole[0] if len(whole) == 1 else None
