"""Checkpoints on disk: whole or not there, with checksums, the newest two of each training.

A checkpoint is a folder named by the number of epochs that it holds. It is written under another
name, its files and a manifest of their sizes and checksums are flushed to the disk, and then it is
renamed. One that does not agree with its manifest is damaged and is passed over.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_MANIFEST = "manifest.json"
_FORMAT = 1
_CHUNK = 1 << 20
_KEPT = 2


class Checkpoints:
    """The checkpoints of one training, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, number: int, write: Callable[[Path], None]) -> None:
        """Keep what `write` puts into the folder it is given. Raises OSError and what it raises."""
        final = self._path(number)
        made = final.with_name(f"{final.name}.{os.getpid()}.new")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        try:
            write(made)
            files = {path.name: _sum(path, flush=True) for path in made.iterdir()}
            manifest = {"format": _FORMAT, "number": number, "files": files}
            with (made / _MANIFEST).open("w", encoding="utf-8") as file:
                json.dump(manifest, file)
                file.flush()
                os.fsync(file.fileno())
            shutil.rmtree(final, ignore_errors=True)  # of an attempt that got as far before
            made.rename(final)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        _flush_folder(self.folder)
        self.keep(_KEPT)

    def keep(self, count: int) -> None:
        """Remove all but the newest ones, and what broken-off saves left."""
        for number in self._numbers()[count:]:
            shutil.rmtree(self._path(number), ignore_errors=True)
        for path in self.folder.glob("*.new"):
            shutil.rmtree(path, ignore_errors=True)

    def sound(self, damaged: Callable[[int], None]) -> Iterator[tuple[int, Path]]:
        """Give number and folder of each whole checkpoint, newest first; tell of the others."""
        for number in self._numbers():
            if _is_sound(self._path(number), number):
                yield number, self._path(number)
            else:
                damaged(number)

    def forget_after(self, number: int) -> None:
        """Remove those newer than `number`: training goes on from there."""
        for newer in self._numbers():
            if newer > number:
                shutil.rmtree(self._path(newer), ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def _numbers(self) -> list[int]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError:
            return []
        return sorted((int(name) for name in names if name.isdigit()), reverse=True)


def _is_sound(path: Path, number: int) -> bool:
    try:
        manifest: Any = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"]
        if manifest["format"] != _FORMAT or manifest["number"] != number or not files:
            return False
        return all(
            _sum(path / Path(name).name, flush=False) == facts for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _sum(path: Path, *, flush: bool) -> dict[str, int]:
    """Size and CRC-32 of a file; with `flush`, see to it that it is on the disk."""
    size = crc = 0
    with path.open("rb+" if flush else "rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                break
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
        if flush:
            os.fsync(file.fileno())
    return {"size": size, "crc32": crc}


def _flush_folder(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
