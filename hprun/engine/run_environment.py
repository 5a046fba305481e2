"""What a run finds in its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hprun.engine.listening import Place
from hprun.engine.plan import Shape


def run_env(place: Place, shape: Shape, search: str, folder: Path) -> dict[str, str]:
    """What one run, which works in `folder`, finds in its environment beside `base_env`."""
    where = os.path.abspath(folder)  # noqa: PTH100 - not resolved: links stay as named
    env = {"HPRUN_SEARCH": search, "HPRUN_TRIAL": str(place.trial), "HPRUN_FOLDER": where}
    if shape.folds:
        env |= {"HPRUN_FOLD": str(place.fold), "HPRUN_FOLDS": str(shape.folds)}
    if shape.repeats > 1:
        env |= {"HPRUN_SEED": str(shape.seed + place.repeat), "HPRUN_REPEAT": str(place.repeat)}
    return env


_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def base_env(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of every run: hprun's own, with `more`."""
    return {"PYTHONUNBUFFERED": "1", **os.environ, **more}


def thread_env(slots: int, cores: int) -> dict[str, str]:
    """The variables that give a run its part of the cores, where the user has not set them.

    They are those that OpenMP, OpenBLAS, MKL, Accelerate, NumExpr and TensorFlow read.
    """
    threads = str(max(1, cores // slots))
    return {name: threads for name in _THREADS if name not in os.environ}
