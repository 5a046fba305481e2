"""What would help several runs to share GPUs, with the commands for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hprun.gpu.probing import Device

_START = "`nvidia-cuda-mps-control -d` (`echo quit | nvidia-cuda-mps-control` ends it)"


def sharing_advice(
    devices: Sequence[Device], pipes: str | None, *, installed: bool
) -> tuple[str, bool]:
    """What to say about it, and whether several runs could not share a GPU as it is.

    `pipes` is where MPS runs, None if it does not; `installed` says whether it could.
    """
    exclusive = _numbers([one for one in devices if one.exclusive])
    words, bad = [], False
    if pipes is not None:
        words.append(f"MPS runs in {pipes}, and runs use it")
        others = _numbers([one for one in devices if not one.exclusive])
        if others:
            command = _commands(others, "-c EXCLUSIVE_PROCESS")
            words.append(f"to keep out programs that go around it: {command}")
    elif exclusive:
        bad = True
        words.append(
            f"GPU {', '.join(exclusive)} lets only one process in, so a second run fails: --mps, or"
            f" {_START}, or {_commands(exclusive, '-c DEFAULT')}"
        )
    elif installed:
        words.append(
            "MPS does not run; with it small runs use a GPU together instead of in turns: --mps for"
            f" one search, or for all programs {_START}"
        )
    else:
        words.append(
            "runs take turns: nvidia-cuda-mps-control, by which they would not, is not here"
        )
    idle = _numbers([one for one in devices if one.persistent is False])
    if idle:
        words.append(
            f"to keep the driver loaded, so that runs start faster: {_commands(idle, '-pm 1')}"
        )
    return "; ".join(words), bad


def _numbers(devices: Sequence[Device]) -> list[str]:
    """The numbers of the GPUs; a part of one has its number."""
    return list(dict.fromkeys(device.number.partition(":")[0] for device in devices))


def _commands(numbers: Sequence[str], option: str) -> str:
    return f"`sudo nvidia-smi -i {','.join(numbers)} {option}`"
