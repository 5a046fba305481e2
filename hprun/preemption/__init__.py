"""What a cloud does to its machines: notices that one is taken back, and files for its boot."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.preemption.machine import find_server

if TYPE_CHECKING:
    from hprun.preemption.watcher import Watcher


def watch(
    stop: Callable[[str], None],
    warn: Callable[[str], None] | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    sys_folder: Path = Path("/sys"),
    pause: Callable[[float], bool] | None = None,
) -> Watcher | None:
    """Watch for this machine being taken back; None where it belongs to no cloud.

    From a thread of the watcher, `stop` is called once, with the reason, when the machine goes
    away within two minutes or less; the watcher then rests. `warn` is called at most once, when it
    will go away within the hour. Both must return at once. `pause` waits for some seconds and says
    whether to give up (for tests). Never raises, asks no host but a link-local one or this
    machine, and heeds no proxy.
    """
    server = find_server(env, sys_folder)
    if server is None:
        return None
    from hprun.preemption.watcher import Watcher

    return Watcher(server, stop, warn or (lambda _text: None), pause)
