"""What a run's process is given, so that its trainings are looked after, and what that leaves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hprun.autolog.checkpoints_option import Every

SETTINGS = "HPRUN_AUTOLOG"
"""The variable that carries the settings; gone from the environment once Python has started."""
LIMITS = "HPRUN_GPU_LIMITS"
"""The same for what the script may take of the memory of GPUs."""

_SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")  # noqa: PTH100, PTH118, PTH120
SITE_FILE = Path(_SITE, "sitecustomize.py")
"""What runs first in a script's Python."""
_PATH = "PYTHONPATH"


def environment(
    folder: Path,
    every: Every | None,
    base: Mapping[str, str],
    limits: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Give the variables to set over `base`, a run's environment, for its next attempt.

    `folder` is where its checkpoints go: beside its working folder, the same for all attempts; it
    need not exist. With `off` there are no checkpoints, but still curves; with None neither.
    `limits` are what the script may take of the memory of GPUs. Empty where nothing is to be done,
    or hprun itself lies in a folder that PYTHONPATH cannot name.
    """
    if not can_attach() or (every is None and limits is None):
        return {}
    theirs = base.get(_PATH, "")
    record = os.path.abspath(record_path(folder))  # noqa: PTH100 - not resolved: links stay as named
    given = {_PATH: f"{_SITE}{os.pathsep}{theirs}" if theirs else _SITE}
    if every is not None:
        where = os.path.abspath(folder)  # noqa: PTH100
        given[SETTINGS] = json.dumps({"folder": where, "record": record, "every": every})
    if limits is not None:
        given[LIMITS] = json.dumps({**limits, "record": record})
    return given


def can_attach() -> bool:
    """Say whether PYTHONPATH can name the folder that hprun's own part of a run lies in."""
    return os.pathsep not in _SITE


def record_path(folder: Path) -> Path:
    """Where it is written down what was added: `fold-0.autolog` for `fold-0.checkpoint`."""
    return folder.with_name(f"{folder.name.removesuffix('.checkpoint')}.autolog")


def forget(folder: Path, *, record: bool = False) -> None:
    """Remove a run's checkpoints; with `record`, also what was written down of them.

    After a run completed, the first; when its working folder is made anew, both. Raises OSError
    where something that is there cannot be removed.
    """
    if os.path.lexists(folder):
        import shutil

        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
    if record:
        record_path(folder).unlink(missing_ok=True)
