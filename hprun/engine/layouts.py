"""The folders in which runs work: made when a run starts, or ahead of that when there is time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable

from hprun.engine.listening import Place
from hprun.engine.lookout import Lookout
from hprun.engine.plan import render
from hprun.engine.work import Work
from hprun.errors import HprunError
from hprun.files import Lock, write_plainly
from hprun.model import Queued, Run
from hprun.paths import Cache
from hprun.script import Rendering
from hprun.store import Store
from hprun.workspace import copy_workspace


class Layouts:
    """Lays out runs of one search, and knows those that wait laid out, with their places."""

    def __init__(self, store: Store, cache: Cache, search: int, lookout: Lookout) -> None:
        self._store = store
        self._cache = cache
        self._search = search
        self._lookout = lookout
        self._ahead: dict[int, tuple[Place, Rendering]] = {}

    def place(self, run: int) -> Place:
        """Where a run that is about to start stands."""
        if run in self._ahead:
            return self._ahead[run][0]
        return self._lookout.place(self._store.run(run, self._search), wanted=True)

    def take(self, place: Place, attempt: int, work: Work) -> Rendering:
        """What a run executes, whose folder is ready with that. Raises OSError."""
        ahead = self._ahead.pop(place.run, None)
        return ahead[1] if ahead is not None and attempt == 1 else self._lay_out(place, work)

    def ahead(self, runs: Iterable[int], work: Work) -> None:
        """Make the copies of the runs that come next, while there is nothing else to do.

        Only of those that were never tried, and with their lock held meanwhile: another search
        may want the same run. What goes wrong here is met again, and told, when the run starts.
        """
        for number in runs:
            if number not in self._ahead:
                run = self._store.run(number, self._search)
                with contextlib.suppress(OSError, HprunError):
                    self._try_ahead(run, work)

    def _try_ahead(self, run: Run, work: Work) -> None:
        lock = Lock(self._cache.run(run.folder).lock)
        if run.state != Queued(0) or not lock.acquire():
            return
        with lock:
            place = self._lookout.place(run, wanted=True)
            self._ahead[run.id] = place, self._lay_out(place, work)

    def _lay_out(self, place: Place, work: Work) -> Rendering:
        """Copy the workspace for a run, and write its values beside it."""
        paths = self._cache.run(place.folder)
        rendering = render(work.template, place.values, work.shape, place.fold, place.repeat)
        copy_workspace(work.snapshot(), paths.folder, rendering.written)
        write_plainly(paths.values, json.dumps(dict(place.values), indent=1).encode())
        return rendering
