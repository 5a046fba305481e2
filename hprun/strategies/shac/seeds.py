"""Random numbers that depend on the seed and on what they are for, and on nothing else."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """A generator of its own for each purpose and number, the same in every process."""
    import numpy as np

    return np.random.default_rng([seed % 2**64, zlib.crc32(purpose.encode()), *numbers])
