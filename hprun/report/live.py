"""A running search on a terminal: one table that is drawn again as things happen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hprun.dataclass import dataclass
from hprun.engine.listening import Place
from hprun.metrics import RunReader
from hprun.metrics.creations import Creations
from hprun.paths import Cache
from hprun.report.curve_column import has_room, natural_width
from hprun.report.curve_now import current
from hprun.report.keys import Keys
from hprun.report.lines import Lines
from hprun.report.progress import Progress
from hprun.report.ranking_table import value_names
from hprun.report.rich_console import make_table
from hprun.report.sparkline import CURVE, sparkline
from hprun.report.terminal import by_rich
from hprun.report.words import score_words, time_words, value_words
from hprun.report.words_in_colour import Column
from hprun.store import AtOnce, Close

_REDRAW_S = 0.5
_READ_S = 1.0  # between looks into the event files of active runs


@dataclass
class _Active:
    place: Place
    begun: float
    reader: RunReader
    words: str = "-"
    curve: tuple[float, ...] = ()


class LiveTable(Lines):
    """Shows counts, the best so far, the time left and each active run.

    Failures and what a metric came to mean are printed above the table and stay; how each run
    ended is in the ranking at the end.
    """

    def __init__(
        self,
        name: str,
        progress: Progress,
        cache: Cache,
        workspace: Path,
        quit_: Callable[[], None],
        *,
        verbose: bool,
    ) -> None:
        super().__init__(progress, cache, workspace, verbose=verbose, brief=not verbose)
        self._name = name
        self._active: dict[int, _Active] = {}
        self._stopping = self._paused = self._at_once = ""
        self._drawn = self._read = 0.0
        self._keys = Keys(quit_)
        self._creations = Creations()
        self._console = self._terminal = by_rich(stderr=True)
        self._live = Live(console=self._terminal, auto_refresh=False, transient=True)

    def __enter__(self) -> LiveTable:
        self._keys.__enter__()
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._live.stop()
        self._keys.__exit__(kind, error, trace)
        self._creations.close()

    def descriptors(self) -> list[int]:
        """The keyboard."""
        return [] if self._keys.descriptor is None else [self._keys.descriptor]

    def started(self, place: Place, attempt: int) -> None:
        """A row more."""
        super().started(place, attempt)
        self._add(place)

    def adopted(self, place: Place, attempt: int) -> None:
        """A row more, and a word on where it comes from."""
        super().adopted(place, attempt)
        self._add(place)

    def _add(self, place: Place) -> None:
        paths = self._cache.run(place.folder)
        wanted = [self.progress.metric.name] if self.progress.metric is not None else []
        reader = RunReader(paths.folder, log=paths.log, since=time.time(), wanted=wanted)
        self._creations.watch(paths.folder)
        self._active[place.run] = _Active(place, time.monotonic(), reader)
        self._draw()

    def _remove(self, place: Place) -> None:
        self._active.pop(place.run, None)
        self._creations.forget(self._cache.run(place.folder).folder)

    def ended(self, place: Place, close: Close) -> None:
        """A row less."""
        self._remove(place)
        super().ended(place, close)
        self._draw()

    def requeued(self, place: Place, why: str) -> None:
        """A row less."""
        self._remove(place)
        super().requeued(place, why)
        self._draw()

    def paused(self, why: str) -> None:
        """Say so below the table, for as long as it is so."""
        self._paused = f"starting nothing more for now: {why}" if why else ""
        self._draw()

    def at_once(self, at_once: AtOnce) -> None:
        """Say so above the table, for as long as it is so."""
        self._at_once = f"{at_once.count} at once: {at_once.why}"
        self._draw()

    def stopping(self, why: str) -> None:
        """Say so below the table."""
        self._stopping = "stopping: waiting for the runs to end (^C: at once)"
        if why != "softly":
            self._stopping = "stopping at once"
        self._draw()

    def looked(self) -> None:
        """Heed the keys; draw again, but not more often than a person can read."""
        self._keys.read()
        now = time.monotonic()
        if now - self._read >= _READ_S and self.progress.metric is not None:
            self._read = now
            for active in self._active.values():
                folder = self._cache.run(active.place.folder).folder
                active.reader.poll(look_for_new=self._creations.new_in(folder))
                active.words, active.curve = current(active.reader, self.progress.metric)
        if now - self._drawn >= _REDRAW_S:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        parts: list[Text | Table] = [self._head(), self._best()]
        if self._at_once:
            parts.append(Text(self._at_once, style="dim", no_wrap=True, overflow="ellipsis"))
        if self._active:
            parts.append(self._table())
        if self._stopping or self._paused:
            parts.append(Text(self._stopping or self._paused, style="yellow"))
        if self._gone:
            return
        try:
            self._live.update(Group(*parts), refresh=True)
        except OSError:  # the terminal was closed; the search goes on or stops as it is told
            self._gone = True

    def _head(self) -> Text:
        progress = self.progress
        running = len(self._active)
        queued = max(0, progress.runs - progress.done - running)
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(self._name, style="bold")
        head.append(f"  {progress.done}/{progress.runs} done, {running} running, {queued} queued")
        if progress.failed:
            head.append(f", {progress.failed} failed", style="red")
        left = progress.seconds_left()
        head.append(f"  {time_words(time.monotonic() - progress.begun)}", style="dim")
        head.append(f", {time_words(left)} left" if left is not None else "", style="dim")
        if self._keys.descriptor is not None and not self._stopping:
            head.append("  q: stop", style="dim")
        return head

    def _best(self) -> Text:
        progress = self.progress
        if progress.metric is None:
            return Text("")
        if progress.best is None:
            return Text(f"best {progress.metric}: none yet", style="dim")
        score, trial, values = progress.best
        words = value_words(values)
        return Text(
            f"best {progress.metric}: {score_words(score)}  trial {trial}  {words}",
            style="green",
            no_wrap=True,
            overflow="ellipsis",
        )

    def _table(self) -> Table:
        metric = self.progress.metric
        names = value_names([a.place for a in self._active.values()])
        columns = [Column("trial", right=True, keep=True), Column("fold", right=True, keep=True)]
        columns += [Column(name, right=True) for name in names]
        columns += [Column(metric.name if metric else "", keep=True)]
        columns += [Column("time", right=True, keep=True)]
        now, active = time.monotonic(), list(self._active.values())
        rows = []
        for one in active:
            row = [str(one.place.trial), str(one.place.fold)]
            row += [str(one.place.values.get(name, "-")) for name in names]
            rows.append([*row, one.words, time_words(now - one.begun)])
        width = self._terminal.width
        if has_room(natural_width(columns, rows), width):
            columns.insert(-1, Column("curve", keep=True))
            for row, one in zip(rows, active, strict=True):
                row.insert(-1, sparkline(one.curve, CURVE))
        return make_table(columns, rows, width)
