"""Keeping logs from filling the disk: head and tail stay, the middle goes."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02  # linux/falloc.h
_BLOCK = 1 << 20


def hold_down(log: Path, limit: int) -> None:
    """Give back the room of a growing log's middle, while its writer goes on appending.

    The file keeps its length and has a hole (fallocate(2)); where the file system cannot do
    that, nothing happens until `settle`.
    """
    try:
        stat = log.stat()
        if limit <= 0 or sys.platform != "linux" or stat.st_blocks * 512 <= 2 * limit:
            return
        with log.open("r+b") as file:
            head, tail = limit // 2, stat.st_size - limit // 2
            start, end = -(-head // 4096) * 4096, tail // 4096 * 4096
            call = ctypes.CDLL(None, use_errno=True).fallocate
            call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
            call(file.fileno(), _KEEP_SIZE | _PUNCH_HOLE, start, end - start)
    except OSError:
        return


def settle(log: Path, limit: int) -> int:
    """Rewrite the log of an ended run to its head and tail; how many bytes were left out."""
    try:
        size = log.stat().st_size
        if limit <= 0 or size <= limit:
            return 0
        left_out = size - limit
        partial = log.with_name(f"{log.name}.partial")
        with log.open("rb") as source, partial.open("wb") as target:
            _copy(source.fileno(), target.fileno(), limit // 2)
            note = f"\n--- {left_out:,} bytes left out here (--max-log) ---\n"
            target.write(note.encode())
            target.flush()
            os.lseek(source.fileno(), size - limit // 2, os.SEEK_SET)
            _copy(source.fileno(), target.fileno(), limit // 2)
        partial.replace(log)
    except OSError:
        return 0
    return left_out


def _copy(source: int, target: int, count: int) -> None:
    while count > 0 and (block := os.read(source, min(count, _BLOCK))):
        os.write(target, block)
        count -= len(block)
