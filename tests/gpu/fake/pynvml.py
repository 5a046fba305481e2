"""NVIDIA's library for devices that do not exist: what they are stands in the file FAKE_NVML."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

NVML_DEVICE_MIG_ENABLE = 1
NVML_COMPUTEMODE_EXCLUSIVE_PROCESS = 3


class NVMLError(Exception):
    """What the real one raises."""


def _devices():
    return json.loads(Path(os.environ["FAKE_NVML"]).read_text("utf-8"))["devices"]


def nvmlInit():
    if "FAKE_NVML" not in os.environ:
        raise NVMLError("no driver")


def nvmlShutdown():
    """Nothing is held."""


def nvmlSystemGetDriverVersion():
    return b"580.65"


def nvmlDeviceGetCount():
    return len(_devices())


def nvmlDeviceGetHandleByIndex(index):
    device = _devices()[index]
    if device.get("lost"):
        raise NVMLError("GPU is lost")
    return device


def nvmlDeviceGetMigMode(handle):
    if "parts" not in handle:
        raise NVMLError("not supported")
    return (NVML_DEVICE_MIG_ENABLE, NVML_DEVICE_MIG_ENABLE)


def nvmlDeviceGetMaxMigDeviceCount(handle):
    return 7


def nvmlDeviceGetMigDeviceHandleByIndex(handle, index):
    if index >= len(handle["parts"]):
        raise NVMLError("not found")
    return handle["parts"][index]


def nvmlDeviceGetMemoryInfo(handle):
    return SimpleNamespace(total=handle["total"], used=handle["used"])


def nvmlDeviceGetUtilizationRates(handle):
    if "busy" not in handle:
        raise NVMLError("not supported")
    return SimpleNamespace(gpu=handle["busy"])


def nvmlDeviceGetComputeRunningProcesses(handle):
    return [
        SimpleNamespace(pid=int(pid), usedGpuMemory=used)
        for pid, used in handle.get("processes", {}).items()
    ]


def nvmlDeviceGetComputeMode(handle):
    return handle.get("mode", 0)


def nvmlDeviceGetPersistenceMode(handle):
    if "persistent" not in handle:
        raise NVMLError("not supported")
    return handle["persistent"]


def nvmlDeviceGetUUID(handle):
    return handle["uuid"]


def nvmlDeviceGetName(handle):
    return handle["name"].encode()
