"""Whether a run that failed ran out of memory, by what it printed and how it ended. Pure."""

from __future__ import annotations

import re

from hprun.dataclass import dataclass

SHOWN = 16_384
"""So many bytes from a log's end are enough to tell."""

_TRACEBACK = "Traceback (most recent call last)"
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_LINES = 60  # from the end, where there is no traceback
_KILLED = 137  # as a shell tells of SIGKILL


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """What was exhausted: the machine's own memory if `host`, or else a device's."""

    why: str
    host: bool


# What the frameworks print; the first that is found counts.
_SIGNS = (
    (
        (
            r"torch\.(?:cuda\.)?OutOfMemoryError|CUDA out of memory|CUDA error: out of memory"
            r"|HIP out of memory|MPS backend out of memory"
        ),
        Exhaustion("torch ran out of GPU memory", host=False),
    ),
    (
        r"OOM when allocating tensor[^\n]*device:CPU",
        Exhaustion("TensorFlow ran out of memory", host=True),
    ),
    (
        r"ResourceExhaustedError|OOM when allocating tensor",
        Exhaustion("TensorFlow ran out of GPU memory", host=False),
    ),
    (
        r"RESOURCE_EXHAUSTED: [^\n]*(?:[Oo]ut of memory|allocat)",
        Exhaustion("XLA ran out of device memory", host=False),
    ),
    (
        (
            r"CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED"
            r"|CUDNN_STATUS_ALLOC_FAILED"
        ),
        Exhaustion("CUDA ran out of memory", host=False),
    ),
    (
        (
            r"DefaultCPUAllocator: (?:can't|not enough) |(?:^|\n)MemoryError\b|_ArrayMemoryError"
            r"|std::bad_alloc|\[Errno 12\] Cannot allocate memory"
        ),
        Exhaustion("the machine's memory was exhausted", host=True),
    ),
)
_WORKER = r"DataLoader worker \([^\n]*\) is killed by signal: Killed"
_BY_KERNEL = Exhaustion("the kernel killed it for want of memory", host=True)


def exhaustion(tail: str, status: int, *, kernel_killed: bool) -> Exhaustion | None:
    """Say whether a run ran out of memory that ended with `status` and printed `tail` at last.

    `kernel_killed` says that the kernel killed something for want of memory while it ran. What was
    caught and printed before another error ended the run does not count.
    """
    if status == 0:
        return None
    last = _last_error(tail)
    if kernel_killed and (status == _KILLED or re.search(_WORKER, last)):
        return _BY_KERNEL
    if status == _KILLED:
        return None
    return next((meaning for sign, meaning in _SIGNS if re.search(sign, last)), None)


def _last_error(tail: str) -> str:
    """From the last traceback on, and those that led to it; without one, the last lines."""
    at = tail.rfind(_TRACEBACK)
    if at < 0:
        return "\n".join(tail.splitlines()[-_LINES:])
    while tail[:at].rstrip().endswith(_CHAINED):
        before = tail.rfind(_TRACEBACK, 0, at)
        if before < 0:
            break
        at = before
    return tail[at:]
