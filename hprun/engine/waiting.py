"""The next runs that wait, found without passing again by those that are done."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from hprun.store import Store

_RESCAN_S = 5.0  # between looks from the start, while other processes keep writing


class Waiting:
    """Remembers up to where no run of a search waits.

    Only what this coordinator does and what others write can change that: the first is told by
    `requeued`, the second shows in the database's version.
    """

    def __init__(self, store: Store, search: int) -> None:
        self._store = store
        self._search = search
        self._after = 0  # no run up to this one waits
        self._version = -1
        self._scanned = 0.0
        self._preferred = set[int]()  # runs to start before others
        self._ahead: list[int] = []  # those of them that wait

    def prefer(self, runs: Iterable[int]) -> None:
        """Have these runs started before all others, as often as they come to wait."""
        self._preferred.update(runs)
        self._ahead = self._store.waiting_of(self._preferred)

    def is_preferred(self, run: int) -> bool:
        """Say whether a run is one that was to start before others."""
        return run in self._preferred

    def first(self, count: int, now: float) -> list[int]:
        """The next runs, at most `count`, in order; `now` in seconds, only its differences count."""
        found = self._in_order(count + len(self._ahead), now)
        if self._ahead:
            self._ahead = self._store.waiting_of(self._ahead)
        return [*self._ahead, *(run for run in found if run not in self._ahead)][:count]

    def _in_order(self, count: int, now: float) -> list[int]:
        version = self._store.version()
        if version != self._version and now - self._scanned >= _RESCAN_S:
            return self._scan(count, version, now)
        found = self._look(count)
        if len(found) < count and version != self._version:
            return self._scan(count, version, now)
        return found

    def requeued(self, run: int) -> None:
        """Take note that a run waits again."""
        self._after = min(self._after, run - 1)
        if run in self._preferred and run not in self._ahead:
            self._ahead.append(run)

    def _scan(self, count: int, version: int, now: float) -> list[int]:
        self._after, self._version, self._scanned = 0, version, now
        if self._preferred:
            self._ahead = self._store.waiting_of(self._preferred)
        return self._look(count)

    def _look(self, count: int) -> list[int]:
        found = [run.id for run in self._store.queued(self._search, count, after=self._after)]
        self._after = found[0] - 1 if found else sys.maxsize
        return found
