"""NumPy, imported once a process has read so much that this pays."""

from __future__ import annotations

import os
import sys
from typing import Any

_PAYS = 2 << 20
"""Bytes of event files whose reading takes about as long without NumPy as its import."""

_FEW = 16 << 10
"""Bytes that are read more quickly one record at a time."""

_THREADS = "OPENBLAS_NUM_THREADS"

_so_far = 0


def numpy_when_worth(size: int, ahead: int) -> Any:
    """Give NumPy if it helps to read `size` bytes now, of `ahead` that are there to be read.

    None where it does not help, or is missing.
    """
    global _so_far  # noqa: PLW0603
    _so_far += size
    pays = _so_far >= _PAYS or ahead >= _PAYS or "numpy" in sys.modules
    if size < _FEW or not pays:
        return None
    if "numpy" not in sys.modules and _THREADS not in os.environ:
        # Its linear algebra is of no use here: it need not start a thread for each core. Only the
        # C library is told, so that no process that is started meanwhile inherits this.
        os.putenv(_THREADS, "1")
        try:
            return _numpy()
        finally:
            os.unsetenv(_THREADS)
    return _numpy()


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy
