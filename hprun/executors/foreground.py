"""A process on the user's own terminal, which is waited for whatever signals come."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> int:
    """Run a command in `folder`; its status, or 128 + N where signal N ended it.

    A terminal sends ^C to both: the process does with it what it likes, and is waited for.
    SIGTERM and SIGHUP are passed on. Raises OSError for a program that cannot be started.
    """
    process = subprocess.Popen(list(command), cwd=folder, env=dict(env))

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
