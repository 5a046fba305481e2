"""Being the only coordinator of a search."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hprun.cli.options import now
from hprun.engine.question import Question
from hprun.engine.writing_down import Begun, search_key, write_down
from hprun.errors import CacheError
from hprun.files import Lock
from hprun.paths import Cache
from hprun.store import SearchRow, Store


@contextmanager
def held(store: Store, cache: Cache, question: Question) -> Iterator[Begun]:
    """Hold the lock of a search while it is written down and worked on. Raises CacheError."""
    known = store.search_by_key(search_key(question, cache))
    if known is not None:
        with lock_search(store, cache, known):
            yield write_down(question, store, cache, now())
        return
    begun = write_down(question, store, cache, now())
    with lock_search(store, cache, begun.row):
        yield begun


@contextmanager
def lock_search(store: Store, cache: Cache, row: SearchRow) -> Iterator[None]:
    """Be the only coordinator of a search. Raises CacheError where there is one."""
    path = cache.search_lock(row.name)
    lock = Lock(path)
    try:
        taken = lock.acquire()
    except OSError as error:
        raise CacheError(
            f"{path} cannot be written: {error.strerror}.", hint="Name another cache with --cache."
        ) from error
    if not taken:
        pid = path.read_text("ascii").strip() or "unknown"
        counts = store.counts(row.id)
        waiting, running = counts.get("queued", 0), counts.get("running", 0)
        total = sum(counts.values())
        raise CacheError(
            f"{row.name} is being searched already, by process {pid}:"
            f" {total - waiting - running} of {total} done, {running} running.",
            hint="Watch it with `hprun status --watch`, or end it with `hprun stop`.",
        )
    with lock:
        lock.write(str(os.getpid()))
        yield
