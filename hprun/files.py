"""The only ways in which hprun writes a file or holds a lock."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType


def replace_whole(path: Path, data: bytes) -> None:
    """Write `path` so that it is there whole or not at all, unless power is lost; by one writer.

    Raises OSError.
    """
    partial = f"{path}.new"
    write_plainly(partial, data)
    os.replace(partial, path)  # noqa: PTH105


def write_plainly(path: Path | str, data: bytes) -> None:
    """Write a file over what is there. Raises OSError.

    With three calls of the system: a search has many small files, and `open` makes seven of it.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def read_plainly(path: Path | str) -> bytes:
    """What is in a small file. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    data = b""
    try:
        while part := os.read(descriptor, 1 << 16):
            data += part
        return data
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Write `path` so that it is there whole or not at all, also after a loss of power.

    Keeps the mode of the file that was there. Raises OSError.
    """
    temporary = path.with_name(f".{path.name[:40]}.{os.urandom(6).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


class Lock:
    """A lock that the kernel drops when its last holder dies.

    Works by flock(2), which a child inherits with the descriptor; so a run's process keeps the
    lock that the coordinator took for it. Not to be used on network file systems.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody holds it; say whether that worked. Raises OSError.

        Tries for a moment, since `is_locked` holds a lock for as long as it looks.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o644)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, flags, 0o644)
        for pause_s in (0.01, 0.02, 0.04, None):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES) and pause_s is not None:
                    time.sleep(pause_s)
                    continue
                os.close(descriptor)
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    return False
                raise
            break
        self._descriptor = descriptor
        return True

    @property
    def descriptor(self) -> int:
        """The open descriptor, to hand to a child; only between acquire and release."""
        assert self._descriptor is not None, "the lock is not held"
        return self._descriptor

    def write(self, text: str) -> None:
        """Leave a word for whoever finds the lock held."""
        self.clear()
        os.pwrite(self.descriptor, text.encode(), 0)

    def clear(self) -> None:
        """Take away what an earlier holder left."""
        os.ftruncate(self.descriptor, 0)

    def release(self) -> None:
        """Let go; a child that inherited the descriptor keeps the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Say whether some process holds the lock at `path`; a missing file is not locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
