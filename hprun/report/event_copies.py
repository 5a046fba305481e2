"""The event files of a run in another folder, without what they say to TensorBoard's HPARAMS tab.

A script may log hyperparameters itself, and Lightning does. TensorBoard takes the columns from
whichever record of that kind it meets first, and shows each session as a row: hprun's would be
hidden. So a file that has such records, or may still get some, is copied without them, and any
other is linked.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from hprun.metrics.folder import RunFolder
from hprun.metrics.records import HEADER, frame, scan
from hprun.report.hparams_records import is_of_plugin, may_be_of_plugin

_CHUNK = 1 << 22
_OVERLAP = 16  # bytes: more than what is looked for


class RunFiles:
    """Keeps the event files of one run at `target`, laid out as they are below `source`."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source, self._target = source, target
        self._folder = RunFolder(source)
        self._copies: dict[str, _Copy | None] = {}
        self._links: list[Path] = []

    def look(self, *, over: bool) -> int:
        """Take over what is new; `over` says that nothing more is written. How many files there are."""
        paths = self._folder.files()[0]
        if over and not self._copies and not self._links and not any(map(_says_something, paths)):
            self._link_all(paths)
        if self._links:
            for link in self._links:
                if not link.exists():
                    link.unlink(missing_ok=True)
            return len(paths)
        for path in self._copies.keys() - set(paths):
            del self._copies[path]
            with contextlib.suppress(OSError):
                self._place(path).unlink()
        for path in paths:
            with contextlib.suppress(OSError):
                self._take(path, over=over)
        return len(paths)

    def _link_all(self, paths: list[str]) -> None:
        """Link what stands in the run's folder and is or holds event files: a few links for all."""
        for name in sorted({Path(p).relative_to(self._source).parts[0] for p in paths}):
            link = self._target / name
            with contextlib.suppress(OSError):
                self._link(self._source / name, link)
                self._links.append(link)

    def _link(self, path: Path, link: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        # Relative, so that the cache can be moved.
        link.symlink_to(os.path.relpath(path.resolve(), link.parent.resolve()))

    def _place(self, path: str) -> Path:
        return self._target / os.path.relpath(path, self._source)

    def _take(self, path: str, *, over: bool) -> None:
        if path not in self._copies:
            place = self._place(path)
            if over and not _says_something(path):
                self._link(Path(path), place)
                self._copies[path] = None
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            self._copies[path] = _Copy(path, place)
        copy = self._copies[path]
        if copy is not None:
            copy.extend()


class _Copy:
    """An event file that is copied as it grows, whole records at a time."""

    def __init__(self, source: str, target: Path) -> None:
        self._source, self._target = source, target
        self._offset = 0
        target.write_bytes(b"")

    def extend(self) -> None:
        """Copy what was added. Raises OSError."""
        size = os.stat(self._source).st_size  # noqa: PTH116
        if size <= self._offset:
            return
        with open(self._source, "rb") as source, self._target.open("ab") as target:  # noqa: PTH123
            self._copy(source, target, size)

    def _copy(self, source: BinaryIO, target: BinaryIO, size: int) -> None:
        need = HEADER
        while size - self._offset >= need:
            source.seek(self._offset)
            data = source.read(min(size - self._offset, max(_CHUNK, need)))
            found = scan(data, at_end=self._offset + len(data) >= size)
            target.write(b"".join(frame(p) for p in found.payloads if not is_of_plugin(p)))
            self._offset += found.end
            need = found.need
            if not found.end and need <= len(data):
                return


def _says_something(path: str) -> bool:
    """Whether a file may hold records for the HPARAMS tab; one that cannot be read may."""
    before = b""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            while data := file.read(_CHUNK):
                if may_be_of_plugin(before + data):
                    return True
                before = data[-_OVERLAP:]
    except OSError:
        return True
    return False
