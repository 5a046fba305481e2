"""What turns a place in the queue into a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass
from hprun.engine.listening import Place
from hprun.engine.plan import Shape
from hprun.script import Template
from hprun.workspace import Snapshot


@dataclass(frozen=True, slots=True)
class Work:
    """What turns a place into a process: `snapshot` freezes the workspace when first called.

    `checkpoint` is after how many epochs trainings are saved that do not save themselves, `auto`
    or `off`; None adds nothing to the script's process. `limits` are what its process is told of
    the memory of GPUs; None if nothing.
    """

    template: Template
    shape: Shape
    interpreter: str
    env: Mapping[str, str]
    checkpoint: int | str | None
    snapshot: Callable[[], Snapshot]
    limits: Mapping[str, Any] | None = None


def run_env(place: Place, shape: Shape, search: str, folder: Path) -> dict[str, str]:
    """What one run, which works in `folder`, finds in its environment beside `base_env`."""
    where = os.path.abspath(folder)  # noqa: PTH100 - not resolved: links stay as named
    env = {"HPRUN_SEARCH": search, "HPRUN_TRIAL": str(place.trial), "HPRUN_FOLDER": where}
    if shape.folds:
        env |= {"HPRUN_FOLD": str(place.fold), "HPRUN_FOLDS": str(shape.folds)}
    if shape.repeats > 1:
        env |= {"HPRUN_SEED": str(shape.seed + place.repeat), "HPRUN_REPEAT": str(place.repeat)}
    return env


def base_env(slots: int, cores: int) -> dict[str, str]:
    """The environment of every run: so many threads that `slots` runs share the cores.

    What the user set wins. The variables are those that OpenMP, OpenBLAS, MKL, Accelerate,
    NumExpr and TensorFlow read.
    """
    threads = str(max(1, cores // slots))
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    ours = dict.fromkeys(names, threads) | {"PYTHONUNBUFFERED": "1"}
    return ours | dict(os.environ)
