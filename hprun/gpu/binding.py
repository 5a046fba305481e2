"""Which GPUs a search may use, and how a run is bound to one: `--gpus`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.errors import ConfigError
from hprun.gpu.probing import Device, find, visible

VISIBLE = "CUDA_VISIBLE_DEVICES"
_ORDER = "CUDA_DEVICE_ORDER"
_AS_NVML = "PCI_BUS_ID"  # the order in which NVIDIA's library numbers devices
NONE = "none"

HIDDEN: Mapping[str, str] = {VISIBLE: "-1"}
"""What hides all devices. Not the empty text, which many a script takes for "not set"."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A device that runs may be bound to, and the variables that bind one to it."""

    device: Device
    env: Mapping[str, str]

    @property
    def text(self) -> str:
        """As it is written down: UUID, number and name."""
        return f"{self.device.uuid} {self.device.number} {self.device.name}"

    def is_meant(self, text: str) -> bool:
        """Say whether this device was written down."""
        return text.split(" ", 1)[0] == self.device.uuid


def binding_words(text: str) -> str:
    """`GPU 0 (NVIDIA A100)` for what was written down."""
    _, number, name = text.split(" ", 2)
    return f"GPU {number} ({name})"


def bindings(devices: Sequence[Device], gpus: str, env: Mapping[str, str]) -> list[Binding]:
    """The devices that runs may be bound to, in a fixed order.

    `gpus` are numbers or the beginnings of UUIDs, with commas; "" is all that `env`, the inherited
    environment, leaves. Raises ConfigError for what is not there.
    """
    setting = env.get(VISIBLE)
    left = visible(devices, setting)
    if gpus == NONE:
        return []
    chosen = left
    if gpus:
        chosen = []
        for name in gpus.split(","):
            chosen += _named(name.strip(), devices, left, gpus)
        if len({device.uuid for device in chosen}) < len(chosen):
            raise ConfigError(f"--gpus {gpus} names a GPU twice.", hint="Name each once.")
    return [Binding(device, _env(device, devices, env)) for device in chosen]


def _named(
    name: str, devices: Sequence[Device], left: Sequence[Device], gpus: str
) -> Sequence[Device]:
    """The device of that name; of one that is cut into parts, all of them."""
    one = find(devices, name)
    found = [one] if one is not None else [d for d in devices if d.number.startswith(f"{name}:")]
    if not found:
        there = ", ".join(f"{device.number} ({device.name})" for device in left)
        raise ConfigError(
            f"--gpus {gpus}: there is no GPU {name}." if name else f"--gpus {gpus} names no GPU.",
            hint=f"There are: {there}."
            if there
            else "NVIDIA's driver tells of none that could be"
            " used; see `hprun doctor`, or leave --gpus out.",
        )
    if any(device not in left for device in found):
        raise ConfigError(
            f"--gpus {gpus}: {VISIBLE} hides GPU {name}.", hint=f"Set it otherwise: `{VISIBLE}=…`."
        )
    return found


def _env(device: Device, devices: Sequence[Device], env: Mapping[str, str]) -> dict[str, str]:
    """What binds a run: the word by which the inherited variable names the device, or its number.

    CUDA numbers devices by speed unless it is told to take the order of the bus, which is that of
    NVIDIA's library; where the user wants it by speed, the UUID is what both understand.
    """
    setting = env.get(VISIBLE)
    if setting is not None:
        words = (word.strip() for word in setting.split(","))
        return {VISIBLE: next(word for word in words if find(devices, word) == device)}
    if ":" in device.number or env.get(_ORDER, _AS_NVML) != _AS_NVML:
        return {VISIBLE: device.uuid}
    return {VISIBLE: device.number, _ORDER: _AS_NVML}
