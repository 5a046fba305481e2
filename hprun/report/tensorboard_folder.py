"""The folder that TensorBoard reads: laid out once, then kept up with a search that goes on.

For each run that has begun it holds a folder, named by values, with what hprun knows of the run
and the event files that the run writes. Nothing is written into the runs' own folders.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from hprun.dataclass import dataclass
from hprun.model import Ended, Metric, Running, State
from hprun.paths import Cache
from hprun.report.event_copies import RunFiles
from hprun.report.hparams import SPACE, Session, Sheet, metric_tag, sheet
from hprun.report.hparams_records import head, session_records, space_record
from hprun.report.leaders import leaders
from hprun.report.results import Result, results
from hprun.space import Parameter
from hprun.store import Store


@dataclass(eq=False)
class _Laid:
    """What has been written of a session, and the state that its run had then."""

    written: dict[str, bytes]
    files: RunFiles
    began: float
    run: int
    settled: State | None = None


class TensorBoardFolder:
    """Keeps the folder of a search, of the best `top` trials if that is not None.

    `parameters` is the space as far as it is known. What lies in the folder already is put aside
    until `tidy`, for to remove a thousand runs takes longer than to lay twenty out.
    """

    def __init__(
        self,
        folder: Path,
        cache: Cache,
        search: int,
        metric: Metric | None,
        *,
        parameters: Sequence[Parameter] = (),
        top: int | None = None,
    ) -> None:
        self.folder = folder
        self._cache, self._search, self._metric = cache, search, metric
        self._parameters, self._top = parameters, top
        self._laid: dict[str, _Laid] = {}
        self._space: Sheet | None = None
        self._spaces = 0
        with contextlib.suppress(FileNotFoundError):
            folder.rename(folder.with_name(f"{folder.name}.old-{time.time_ns()}"))
        folder.mkdir(parents=True)

    def tidy(self) -> None:
        """Remove what lay in the folder before."""
        for old in self.folder.parent.glob(f"{self.folder.name}.old-*"):
            shutil.rmtree(old, ignore_errors=True)

    @property
    def live(self) -> bool:
        """Whether any run that is shown may still write."""
        return any(laid.settled is None for laid in self._laid.values())

    def look(self, store: Store) -> int:
        """Write down what is new; how many runs are shown. Raises CacheError and OSError."""
        shown = sheet(self._parameters, self._ranked(store), self._metric)
        self._describe(shown)
        wanted = {session.folder: session.run.id for session in shown.sessions}
        for name, laid in list(self._laid.items()):
            if wanted.get(name) != laid.run:
                del self._laid[name]
                self._remove(name)
        for session in shown.sessions:
            self._lay(session)
        return len(shown.sessions)

    def _ranked(self, store: Store) -> list[Result]:
        if self._top is not None:
            return leaders(store, self._search, self._metric, self._top)
        return results(store.trials(self._search, self._metric), self._metric)

    def _describe(self, shown: Sheet) -> None:
        """Write the columns; others later go into another folder, for the first word stands."""
        if self._space is not None and self._space.columns == shown.columns:
            return
        self._space = shown
        before = self.folder / _numbered(self._spaces)
        self._spaces += 1
        now = time.time()
        record = head(now) + space_record(shown, now)
        _append(self.folder / _numbered(self._spaces), record, 0)
        shutil.rmtree(before, ignore_errors=True)

    def _lay(self, session: Session) -> None:
        folder = self.folder / session.folder
        laid = self._laid.get(session.folder)
        if laid is None:
            source = self._cache.run(session.run.folder).folder
            files = RunFiles(source, folder)
            laid = _Laid({}, files, self._began(session), session.run.id)
            self._laid[session.folder] = laid
        state = session.run.state
        if laid.settled == state:
            return
        tag = metric_tag(self._metric) if self._metric else ""
        records = session_records(session, tag, laid.began, self._ended(session))
        new = [
            record
            for what, record in records.items()
            if what not in laid.written or (what == "score" and record != laid.written[what])
        ]
        if new:
            data = b"".join(new if laid.written else [head(laid.began), *new])
            _append(folder, data, session.run.id)
            laid.written |= records
        over = isinstance(state, Ended)
        laid.files.look(over=over)
        laid.settled = state if over else None

    def _remove(self, name: str) -> None:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        if folder.parent != self.folder:
            with contextlib.suppress(OSError):  # other folds are still there
                folder.parent.rmdir()

    def _began(self, session: Session) -> float:
        match session.run.state:
            case Running(started=started):
                return started
            case Ended(seconds=seconds):
                return self._ended(session) - seconds
        return time.time()

    def _ended(self, session: Session) -> float:
        """When a run ended, by the file that says how."""
        try:
            return self._cache.run(session.run.folder).record.stat().st_mtime
        except OSError:
            return time.time()


def _numbered(number: int) -> str:
    return SPACE if number == 1 else f"{SPACE}-{number}"


def _append(folder: Path, data: bytes, run: int) -> None:
    """Say more of a run; by its number a reader knows one that took another's place."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"events.out.tfevents.{run}.hprun").open("ab", buffering=0) as file:
        file.write(data)
