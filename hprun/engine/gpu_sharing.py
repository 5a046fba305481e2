"""Whether the runs of a search share GPUs by way of MPS, and whose control daemon that takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hprun.config import Settings
from hprun.engine.placing import Placing
from hprun.errors import HprunError
from hprun.gpu.mps import Daemon, check_program, running


def check_sharing(settings: Settings, placing: Placing) -> None:
    """Refuse `--mps` where it cannot be, before anything is written. Raises HprunError."""
    if not settings.mps or running(os.environ) is not None:
        return
    if not placing.devices:
        raise HprunError(
            "--mps shares GPUs, and there is none.",
            hint="`hprun doctor` says what it finds. Without the option, runs use the processor.",
        )
    check_program()


@contextmanager
def sharing(settings: Settings, folder: Path, say: Callable[[str], None]) -> Iterator[Path | None]:
    """Give the pipe directory of the daemon that runs are to use; None where there is none.

    One that runs already is used. With `--mps` and without such, one of our own is started in
    `folder`, and stopped in the end; so is one that a coordinator left there which died: runs of it
    may still use it. Raises HprunError.
    """
    own = Daemon(folder)
    found = None if own.runs else running(os.environ)
    if found is None and settings.mps and not own.runs:
        own.start()
    if found is not None or not own.runs:
        if found is not None:
            say(f"Runs share GPUs by way of MPS, which runs already in {found}")
        yield found
        return
    say("Runs share GPUs by way of MPS, which ends with the search")
    try:
        yield own.pipes
    finally:
        why = own.stop()
        if why:
            say(f"MPS could not be stopped: {why}. Its pipes are in {own.pipes}")
