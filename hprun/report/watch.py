"""Watching a search from any terminal: reads the store and the runs' files, and changes nothing."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from typing import Any

import psutil
from rich.live import Live

from hprun.gpu.probing import Probe
from hprun.metrics import Resolved, RunReader, read_run
from hprun.model import FAILURES, Ended, Run, Running, Values
from hprun.paths import Cache
from hprun.report.curve_now import current
from hprun.report.keys import Keys
from hprun.report.leaders import leaders
from hprun.report.log_tail import tail
from hprun.report.results import Result
from hprun.report.terminal import by_rich
from hprun.report.watch_picture import Standing, picture
from hprun.report.watching import Quit, Row, StopTrial, View, arranged, key_names, press
from hprun.report.words import score_words, size_words, value_words
from hprun.store import SearchRow, Store

_LOOK_S = 1.0
_RANKED = 200  # trials that are shown besides those that run
_CURVES = 10  # of ended runs read at each look: files are many, and a person waits
_LOG_LINES = 200


class Watch:
    """One search on a terminal, until a key ends it.

    `state` says how the search is by its row and its counts, `stop_trial` asks for a trial's end.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        row: SearchRow,
        state: Callable[[SearchRow, dict[str, int]], str],
        stop_trial: Callable[[int], None],
    ) -> None:
        self._store, self._cache, self._row = store, cache, row
        self._state, self._stop_trial = state, stop_trial
        self._probe = Probe()
        self._view = View()
        self._rows: list[Row] = []
        self._readers: dict[int, RunReader] = {}
        self._curves: dict[int, tuple[float, ...]] = {}

    def run(self) -> None:
        """Look again each second, and at once at a key; ^C ends the watching alone."""
        console = by_rich()
        self._standing, looked = self._look(), time.monotonic()
        screen = Live(console=console, screen=True, auto_refresh=False)
        with contextlib.suppress(KeyboardInterrupt), Keys() as keys, screen as live:
            over = False
            while not over:
                live.update(self._picture(console.width, console.height), refresh=True)
                over = self._heed(keys, max(0.0, looked + _LOOK_S - time.monotonic()))
                if time.monotonic() - looked >= _LOOK_S:
                    self._standing, looked = self._look(), time.monotonic()
                over |= keys.descriptor is None and self._standing.state != "running"
        self._probe.close()

    def _heed(self, keys: Keys, seconds: float) -> bool:
        """Wait for a key, and do what it says; True if that is to quit."""
        if keys.descriptor is None:
            time.sleep(seconds)
            return False
        if not select.select([keys.descriptor], [], [], seconds)[0]:
            return False
        for name in key_names(keys.typed()):
            shown = arranged(self._rows, self._view, self._standing.direction)
            self._view, act = press(self._view, name, shown)
            if isinstance(act, Quit):
                return True
            if isinstance(act, StopTrial):
                self._stop_trial(act.trial)
        return False

    def _picture(self, width: int, height: int) -> Any:
        log: list[str] = []
        if self._view.log is not None:
            folder = self._store.run(self._view.log, self._row.id).folder
            log = tail(self._cache.run(folder).log, _LOG_LINES)
        return picture(self._standing, self._rows, self._view, log, width, height)

    def _look(self) -> Standing:
        store, row = self._store, self._row
        counts = store.counts(row.id)
        self._rows = self._all_rows()
        running, queued = counts.get("running", 0), counts.get("queued", 0)
        typical = store.typical_seconds(row.id)
        left = (running + queued) * typical / max(1, running) if typical and running else None
        scored = [r for r in self._rows if r.score is not None and r.state == "completed"]
        best = arranged(scored, View(), row.metric.direction)[:1] if row.metric else []
        return Standing(
            name=row.name,
            state=self._state(row, counts),
            metric=row.metric,
            total=sum(counts.values()),
            running=running,
            queued=queued,
            failed=sum(counts.get(outcome.value, 0) for outcome in FAILURES),
            elapsed=max(0.0, time.time() - row.created),
            left=left,
            best="".join(
                f"best {row.metric}: {score_words(b.score)}  trial {b.trial}  {value_words(b.values)}"
                for b in best
            ),
            machine=self._machine(),
        )

    def _machine(self) -> str:
        memory = psutil.virtual_memory()
        words = [f"CPU {psutil.cpu_percent():.0f} %"]
        words.append(f"memory {size_words(memory.used)} of {size_words(memory.total)}")
        words += [
            f"GPU {device.number}{_busy(device.busy)}"
            f" {size_words(device.used)} of {size_words(device.total)}"
            for device in self._probe.devices()
        ]
        rows = self._store.searches()
        found = next((row.at_once for row in rows if row.id == self._row.id), None)
        if found is not None:
            words.append(f"{found.count} at once: {found.why}")
        return "   ".join(words)

    def _all_rows(self) -> list[Row]:
        """The active runs, and the first trials of the ranking of which none is active."""
        store, row = self._store, self._row
        claimed = store.claimed(row.id)
        places = {one.run.id: store.place(row.id, one.run.id) for one in claimed}
        trials = {place[0] for place in places.values()}
        parts = store.runs_per_trial(row.id)
        found = [
            self._active(one.run, places[one.run.id], parts)
            for one in claimed
            if isinstance(one.run.state, Running)
        ]
        self._readers = {run: self._readers[run] for run in self._readers if run in places}
        fresh = _CURVES
        for result in leaders(store, row.id, row.metric, _RANKED):
            if result.trial in trials:
                continue
            first = result.parts[0].run
            if first.id not in self._curves and isinstance(first.state, Ended) and fresh:
                fresh -= 1
                self._curves[first.id] = self._curve(first)
            found.append(_ended(result, self._curves.get(first.id, ())))
        return found

    def _active(self, run: Run, place: tuple[int, int, int, Values], parts: int) -> Row:
        trial, fold, _, values = place
        paths = self._cache.run(run.folder)
        started = run.state.started if isinstance(run.state, Running) else time.time()
        curve: tuple[float, ...] = ()
        words = "-"
        if self._row.metric is not None:
            reader = self._readers.get(run.id)
            if reader is None:
                wanted = [self._row.metric.name]
                reader = RunReader(paths.folder, log=paths.log, since=started, wanted=wanted)
                self._readers[run.id] = reader
            reader.poll()
            words, curve = current(reader, self._row.metric)
        part = f"{fold + 1}/{parts}" if parts > 1 else ""
        seconds = max(0.0, time.time() - started)
        return Row(trial, run.id, part, values, "running", None, words, curve, seconds)

    def _curve(self, run: Run) -> tuple[float, ...]:
        if self._row.metric is None:
            return ()
        paths = self._cache.run(run.folder)
        since = self._store.since(run.id)
        reading = read_run(paths.folder, self._row.metric, log=paths.log, since=since)
        return reading.curve.values if isinstance(reading, Resolved) else ()


def _busy(share: float | None) -> str:
    return f" {100 * share:.0f} %" if share is not None else ""


def _ended(result: Result, curve: tuple[float, ...]) -> Row:
    """A trial none of whose runs is active: ended, or still to come."""
    words = score_words(result.score) if result.score is not None else result.note or "-"
    return Row(
        trial=result.trial,
        run=result.parts[0].run.id,
        part=f"{result.n}/{len(result.parts)}" if len(result.parts) > 1 else "",
        values=result.values,
        state="queued" if result.state == "running" else result.state,
        score=result.score,
        metric=words,
        curve=curve,
        seconds=result.seconds,
    )
