"""Folders to measure in, all removed at the end of the whole benchmark and not before.

ext4 hands out the inodes of files that were deleted in the last minutes only after a search that
takes a hundred times as long as the file's creation, so whoever comes after a clean-up would pay
for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@cache
def _all() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="hprun-benchmark-", ignore_cleanup_errors=True)


@contextmanager
def scratch_folder() -> Iterator[str]:
    """An empty folder."""
    yield str(Path(tempfile.mkdtemp(dir=_all().name)))
