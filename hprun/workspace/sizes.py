"""How much room folders take."""

from __future__ import annotations

import os
from pathlib import Path


def disk_size(folder: Path, seen: set[tuple[int, int]] | None = None) -> int:
    """Bytes on the disk below `folder`; a file with several names counts once per `seen`."""
    seen = set() if seen is None else seen
    total = 0
    stack = [folder]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except OSError:
            continue
        for entry in entries:
            stat = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                stack.append(Path(entry.path))
            elif (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_blocks * 512
    return total
