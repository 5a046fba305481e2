"""One event file, read as it grows."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from hprun.metrics.bulk import BulkIntake
from hprun.metrics.intake import Intake
from hprun.metrics.numpy_when_worth import numpy_when_worth
from hprun.metrics.points import FilePoints
from hprun.metrics.records import scan

_CHUNK = 1 << 19
_PREFIX = 24
"""First bytes that tell a file from another in its place: they hold its first wall time."""


class EventFile:
    """Follows one event file, whole records at a time.

    `skipped` counts the damaged bytes that were passed over, `unreadable` the intact records that
    are no events, `pending` the bytes at the end that make no record (yet).
    """

    def __init__(self, path: str, keep: Callable[[str], bool] | None = None) -> None:
        self.path = path
        self._keep = keep
        self._stamp = (0, 0, 0, 0)
        self._forget()

    def _forget(self) -> None:
        self.points = FilePoints(self._keep)
        self._intake = Intake(self.points)
        self._bulk: BulkIntake | None = None
        self.skipped = self.pending = 0
        self._offset = self._need = 0
        self._prefix = b""

    @property
    def unreadable(self) -> int:
        """How many intact records are no events."""
        return self._intake.unreadable

    @property
    def inode(self) -> tuple[int, int]:
        """Device and number: the same for two names of one file."""
        return self._stamp[:2]

    def poll(self) -> bool:
        """Read what was added; True if that changed anything. A file in trouble waits."""
        try:
            now = os.stat(self.path)  # noqa: PTH116  (a Path per file doubles the time)
            stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
            # Opening a pipe would wait for its writer.
            if stamp == self._stamp or not stat.S_ISREG(now.st_mode):
                return False
            with open(self.path, "rb", buffering=0) as file:  # noqa: PTH123
                changed = self._read(file, replaced=stamp[:2] != self._stamp[:2])
        except OSError:
            return False
        self._stamp = stamp
        return changed

    def _read(self, file: BinaryIO, *, replaced: bool) -> bool:
        size = os.fstat(file.fileno()).st_size
        prefix = file.read(_PREFIX)
        changed = False
        if replaced or size < self._offset or not prefix.startswith(self._prefix):
            changed = bool(self._offset)
            self._forget()
        self._prefix = prefix
        before = self._offset, self.skipped
        self._read_on(file, size)
        self.pending = max(0, size - self._offset)
        return changed or before != (self._offset, self.skipped)

    def _read_on(self, file: BinaryIO, size: int) -> None:
        """Take in chunks up to `size`; what is written meanwhile is for the next time."""
        while size - self._offset >= max(self._need, 1):
            wanted = min(max(_CHUNK, self._need), size - self._offset)
            file.seek(self._offset)
            data = file.read(wanted)
            at_end = self._offset + len(data) >= size
            whole = self._take(data, size - self._offset)
            payloads, end, skipped, self._need = scan(data[whole:], at_end=at_end)
            for payload in payloads:
                self._intake.decode(payload)
            self._offset += whole + end
            self.skipped += skipped
            if at_end or len(data) < wanted:
                return

    def _take(self, data: bytes, ahead: int) -> int:
        """Take the records at the beginning of `data` that are whole and intact; gives their size."""
        at = 0
        np = numpy_when_worth(len(data), ahead)
        if np is not None:
            if self._bulk is None:
                self._bulk = BulkIntake(np, self._intake)
            at = self._bulk.take(data)
        return self._intake.take(data, at)
