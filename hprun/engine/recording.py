"""What ends and what begins is written down, all of a turn at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hprun.engine.decide import End, Requeue
from hprun.engine.layouts import Layouts
from hprun.engine.listening import Place
from hprun.engine.lookout import Lookout
from hprun.files import Lock
from hprun.paths import Cache
from hprun.store import Close, SearchRow, Store

if TYPE_CHECKING:  # most searches have no use for it
    from hprun.engine.packing_runs import Packing

Claim = tuple[Place, int, Lock]
"""An attempt that is to be started: of which run, its number, and the run's lock, held."""


class Recording:
    """Ends, requeues and claims the runs of one search in the queue."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        search: SearchRow,
        *,
        lookout: Lookout,
        layouts: Layouts,
        packing: Packing | None,
    ) -> None:
        self._store = store
        self._cache = cache
        self._search = search
        self._lookout = lookout
        self._layouts = layouts
        self._packing = packing

    def write(
        self,
        ends: Sequence[End | Requeue],
        closes: Mapping[int, Close],
        starts: Sequence[int],
        now: float,
    ) -> list[Claim]:
        """Write down in one transaction how attempts ended, `closes` those whose run is over, and
        claim the runs to start; those that nobody else had claimed, with their locks held.

        Raises CacheError, and then has written nothing and holds no lock.
        """
        claims: list[Claim] = []
        try:
            with self._store.transaction():
                for action in ends:
                    self._end(action, closes, now)
                for place in map(self._layouts.place, starts):
                    self._claim(place, claims, now)
        except BaseException:
            for _, _, lock in claims:
                lock.release()
            raise
        return claims

    def _end(self, action: End | Requeue, closes: Mapping[int, Close], now: float) -> None:
        if isinstance(action, End):
            self._store.end(closes[action.run], self._search.metric, now)
            return
        self._store.requeue(
            action.run, action.attempt, action.why, now,
            lost=action.lost, failed=action.failed, full=action.full,
        )  # fmt: skip
        self._lookout.waiting.requeued(action.run)

    def _claim(self, place: Place, claims: list[Claim], now: float) -> None:
        # The lock first: whoever sees the run claimed finds it locked, or its process dead.
        lock = Lock(self._cache.run(place.folder).lock)
        if not lock.acquire():
            return
        device = self._packing.bind(place.run) if self._packing is not None else ""
        boot = self._lookout.boot
        attempt = self._store.claim(place.run, self._search.id, boot, now, device)
        if attempt is not None:
            claims.append((place, attempt, lock))
            return
        lock.release()
        self._unbind(place.run)

    def give_back(self, place: Place, attempt: int, why: str, now: float) -> None:
        """Put a run back whose attempt was claimed and could not be started."""
        with self._store.transaction():
            self._store.requeue(place.run, attempt, why, now, lost=False)
        self._lookout.waiting.requeued(place.run)
        self._unbind(place.run)

    def _unbind(self, run: int) -> None:
        if self._packing is not None:
            self._packing.unbind(run)
