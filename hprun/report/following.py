"""Keeping TensorBoard's folder up with a search, for as long as TensorBoard runs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hprun.errors import CacheError
from hprun.paths import Cache
from hprun.report.tensorboard_folder import TensorBoardFolder
from hprun.store import Store

_EVERY_S = 1.0
_SHARE = 20  # a look may take this part of the time


@contextmanager
def followed(shown: TensorBoardFolder, cache: Cache) -> Iterator[None]:
    """Look again and again in a child, until the block or this process ends, however it does.

    The child has the reading end of a pipe whose only writing end is here: the kernel closes it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(writing)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for TensorBoard, which ends us
            _follow(shown, cache, reading)
        except BaseException:  # noqa: BLE001 - there is no other way to say it
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(reading)
    try:
        yield
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def _follow(shown: TensorBoardFolder, cache: Cache, ends: int) -> None:
    shown.tidy()
    store: Store | None = None
    seen = _stamps(cache)
    pause = _EVERY_S
    while not select.select([ends], [], [], pause)[0]:
        now = _stamps(cache)
        if now == seen and not shown.live:
            continue
        began = time.monotonic()
        # A full disk, or a file that goes away: it is looked at again.
        with contextlib.suppress(CacheError, OSError):
            store = store or Store(cache.database, create=False)
            shown.look(store)
            seen = now
        pause = max(_EVERY_S, _SHARE * (time.monotonic() - began))


def _stamps(cache: Cache) -> list[tuple[int, int]]:
    """What changes when anything is written into the queue."""
    return [_stamp(cache.database), _stamp(Path(f"{cache.database}-wal"))]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
