"""How far the active runs of a search are: what they have written of its metric, and when."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from hprun.dataclass import dataclass
from hprun.engine.listening import Place
from hprun.gpu.tuning import Pace
from hprun.metrics import Resolved, RunReader
from hprun.metrics.creations import Creations
from hprun.metrics.textsources import STDOUT
from hprun.model import Metric
from hprun.paths import Cache, RunPaths
from hprun.store import Store

_EVERY_S = 0.25  # between looks into the files


@dataclass(eq=False)
class _Followed:
    """A run that is read; `begun` is how many values it had when it was first seen."""

    paths: RunPaths
    reader: RunReader
    pace: Pace
    begun: int = 0


class Paces:
    """Follows the curves of runs. Without a metric nobody knows how far a run is."""

    def __init__(self, store: Store, cache: Cache, metric: Metric | None) -> None:
        self._store = store
        self._cache = cache
        self._metric = metric
        self._followed: dict[int, _Followed] = {}
        self._creations = Creations()
        self._looked = 0.0

    def close(self) -> None:
        """No more to follow."""
        self._creations.close()

    def look(self, active: Mapping[int, Place], now: float) -> Mapping[int, Pace]:
        """How far each active run is; `now` in seconds since the epoch."""
        for run, place in active.items():
            if run not in self._followed:
                self._follow(run, place, now)
        if self._metric is not None and not 0 <= now - self._looked < _EVERY_S:
            self._looked = now
            for run in active:
                self._read(self._followed[run], self._metric, now)
        return {run: self._followed[run].pace for run in active}

    def finish(self, run: int, now: float) -> int:
        """Stop following a run that has ended; how many values it wrote since it was followed."""
        followed = self._followed.pop(run, None)
        if followed is None:
            return 0
        if self._metric is not None:
            self._read(followed, self._metric, now, ended=True)
        self._creations.forget(followed.paths.folder)
        return followed.pace.values - followed.begun

    def _follow(self, run: int, place: Place, now: float) -> None:
        paths = self._cache.run(place.folder)
        wanted = [] if self._metric is None else [self._metric.name]
        reader = RunReader(paths.folder, log=paths.log, since=self._store.since(run), wanted=wanted)
        self._followed[run] = followed = _Followed(paths, reader, Pace(run, 0, now))
        if self._metric is not None:
            self._creations.watch(paths.folder)
            self._read(followed, self._metric, now)
            followed.begun = followed.pace.values

    def _read(
        self, followed: _Followed, metric: Metric, now: float, *, ended: bool = False
    ) -> None:
        reader, pace = followed.reader, followed.pace
        new = ended or self._creations.new_in(followed.paths.folder)
        if not reader.poll(look_for_new=new) and not ended:
            return
        reading = reader.reading(metric, ended=ended)
        if not isinstance(reading, Resolved) or reading.points.size == pace.values:
            return
        at = reader.written(metric) or now
        if reading.series.startswith(STDOUT):
            with suppress(OSError):
                at = followed.paths.log.stat().st_mtime
        # What an attempt before this one wrote says nothing of how fast this one is.
        followed.pace = Pace(pace.run, reading.points.size, min(now, max(at, pace.at)))
