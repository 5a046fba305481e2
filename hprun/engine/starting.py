"""An attempt that was claimed becomes a process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.autolog import environment, forget
from hprun.engine.layouts import Layouts
from hprun.engine.listening import Place
from hprun.engine.run_environment import run_env
from hprun.engine.work import Work
from hprun.executors import Launch, LocalExecutor
from hprun.files import Lock
from hprun.paths import Cache, RunPaths
from hprun.store import Store

if TYPE_CHECKING:  # most searches have no use for it
    from hprun.engine.packing_runs import Packing


class Starting:
    """Starts the attempts of one search, each in the folder that was laid out for it."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        search: str,
        work: Work,
        *,
        layouts: Layouts,
        executor: LocalExecutor,
        packing: Packing | None,
    ) -> None:
        self._store = store
        self._cache = cache
        self._search = search
        self._work = work
        self._layouts = layouts
        self._executor = executor
        self._packing = packing

    def ahead(self, runs: Sequence[int]) -> None:
        """Lay out the runs that come next, while there is nothing else to do."""
        self._layouts.ahead(runs, self._work)

    def start(self, place: Place, attempt: int, lock: Lock) -> None:
        """Start an attempt that holds its lock; the lock is then the process's.

        Raises OSError and HprunError where that cannot be: the lock is the caller's still.
        """
        paths, work = self._cache.run(place.folder), self._work
        rendering = self._layouts.take(place, attempt, work)
        if attempt == 1 or self._store.is_fresh(place.run, attempt):
            _set_aside(paths.log, attempt - 1)
            forget(paths.checkpoint, record=True)
        self._executor.start(
            Launch(
                run=place.run,
                attempt=attempt,
                paths=paths,
                command=[work.interpreter, _as_path(work.template.script), *rendering.argv],
                env=self._env(place, paths),
                lock=lock,
            )
        )

    def _env(self, place: Place, paths: RunPaths) -> dict[str, str]:
        work = self._work
        env = {**work.env, **run_env(place, work.shape, self._search, paths.folder)}
        if self._packing is not None:
            env |= self._packing.env(place.run)
        return {**env, **environment(paths.checkpoint, work.checkpoint, env, work.limits)}


def _as_path(script: str) -> str:
    """A script whose name begins with a dash is no option."""
    return f"./{script}" if script.startswith("-") else script


def _set_aside(log: Path, attempt: int) -> None:
    """Keep what attempts before a retry printed, but not where it counts for the metric."""
    if attempt and log.exists():
        log.rename(log.with_name(f"{log.stem}.attempt-{attempt}{log.suffix}"))
