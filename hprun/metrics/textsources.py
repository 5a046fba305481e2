"""The text that a run leaves: its log, and the JSON, JSONL and CSV files in its folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hprun.metrics.logtext import LogFile, names_in_log
from hprun.metrics.resolve import explicit_forms
from hprun.metrics.textfiles import names_in, rank_of, read_text
from hprun.model import Curve

STDOUT = "stdout"
"""How the log is written where a run is named: `stdout//fitness`."""

_GRAIN = 20_000_000
"""Nanoseconds by which a file's time may lag behind the clock."""

_SECOND = 1_000_000_000

Stamp = tuple[int, int, int]


class TextSeries(NamedTuple):
    """A curve out of a text; `series` is `file//key` or `stdout//name`."""

    series: str
    curve: Curve
    notes: tuple[str, ...]


class TextSources:
    """Looks for names in a run's texts; what has not changed is not read again.

    Only files changed at `since` (seconds since the epoch) or later count: the others came with
    the workspace.
    """

    def __init__(self, root: Path, log: Path | None, since: float) -> None:
        self._root = os.fspath(root)
        self._log = None if log is None else os.fspath(log)
        self._since = since
        self._paths: Sequence[str] = ()
        self._stamps: dict[str, Stamp] | None = None
        self._logs: dict[str, LogFile] = {}
        self._curves: dict[tuple[str, str, bool], tuple[Stamp, TextSeries | None]] = {}

    def poll(self, paths: Sequence[str], *, watch: bool) -> bool:
        """Take the folder's files; with `watch`, look at them: True if any of them changed."""
        self._paths = [path for path in paths if rank_of(path) is not None]
        if not watch:
            return False
        before = self._stamps
        self._look()
        return bool(self._stamps) if before is None else before != self._stamps

    def find(self, name: str, *, ended: bool) -> tuple[str, list[TextSeries]] | None:
        """Give the first kind of text that holds the name, in words, and the curves there."""
        self._look()
        if "//" in name:
            found = list(self._explicit(name, ended=ended))
            return ("as written", found) if found else None
        line = self._in_log(name, ended=ended)
        if line is not None:
            return "line on stdout", [line]
        for rank in (0, 1):
            ranked = (path for path in self._files() if rank_of(path) == rank)
            found = list(self._in_files(((path, name) for path in ranked), ended=ended))
            if found:
                return "text file", found
        return None

    def names(self) -> list[str]:
        """List the names in the log, and the keys and columns of all files that count."""
        found = dict.fromkeys(names_in_log(self._log) if self._log else [])
        for path in self._files():
            found.update(dict.fromkeys(_names_in(path)))
        return list(found)

    def _look(self) -> None:
        """Note the state of every text that counts."""
        stamps: dict[str, Stamp] = {}
        for path in [*self._paths, *([self._log] if self._log else [])]:
            try:
                now = os.stat(path)  # noqa: PTH116
            except OSError:
                continue
            recent = path == self._log or _changed_since(now.st_mtime_ns, self._since)
            if recent and stat.S_ISREG(now.st_mode):
                stamps[path] = (now.st_ino, now.st_size, now.st_mtime_ns)
        self._stamps = stamps

    def _files(self) -> list[str]:
        return [path for path in self._stamps or () if path != self._log]

    def _explicit(self, name: str, *, ended: bool) -> Iterator[TextSeries]:
        """`file//key`: the file's whole path, or else the end of it."""
        forms = list(explicit_forms(name))
        for place, key in forms:
            if place == STDOUT:
                line = self._in_log(key, ended=ended)
                if line is not None:
                    yield line
        whole = [(p, key) for p in self._files() for place, key in forms if self._label(p) == place]
        ends = [
            (path, key)
            for path in self._files()
            for place, key in forms
            if place and self._label(path).endswith(f"/{place}")
        ]
        yield from self._in_files(whole or ends, ended=ended)

    def _in_log(self, name: str, *, ended: bool) -> TextSeries | None:
        if self._log is None:
            return None
        log = self._logs.setdefault(name, LogFile(self._log, name))
        log.poll()
        curve = log.curve(ended=ended)
        return None if curve is None else TextSeries(f"{STDOUT}//{name}", curve, ())

    def _in_files(self, wanted: Iterable[tuple[str, str]], *, ended: bool) -> Iterator[TextSeries]:
        for path, key in wanted:
            stamp = (self._stamps or {})[path]
            known = self._curves.get((path, key, ended))
            if known is None or known[0] != stamp:
                known = stamp, self._read(path, key, ended=ended)
                self._curves[path, key, ended] = known
            if known[1] is not None:
                yield known[1]

    def _read(self, path: str, key: str, *, ended: bool) -> TextSeries | None:
        try:
            merged = read_text(path, key, ended=ended)
        except OSError:
            return None
        if merged is None:
            return None
        return TextSeries(f"{self._label(path)}//{key}", merged.curve(), tuple(merged.notes()))

    def _label(self, path: str) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def _names_in(path: str) -> list[str]:
    try:
        return names_in(path)
    except OSError:
        return []


def _changed_since(changed: int, since: float) -> bool:
    """Compare a file's time (ns) with a moment (s), as far as the file system's clock tells."""
    if changed % _SECOND == 0:
        return changed >= int(since) * _SECOND
    return changed >= int(since * _SECOND) - _GRAIN
