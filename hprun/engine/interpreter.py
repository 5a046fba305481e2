"""Which Python runs the script."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hprun.config import Settings
from hprun.errors import WorkspaceError


def check_interpreter(settings: Settings) -> None:
    """Refuse a Python that is not there before anything is written. Raises WorkspaceError."""
    program = interpreter(settings)
    if os.path.isabs(program) and os.path.isfile(program) and os.access(program, os.X_OK):  # noqa: PTH113, PTH117
        return
    import shutil

    if shutil.which(program) is None:
        raise WorkspaceError(f"--python {program}: there is no such program.")


def interpreter(settings: Settings) -> str:
    """The Python that runs the script: `--python`, the active environment's, or hprun's own."""
    if settings.python:
        return settings.python
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        candidate = Path(os.environ.get(variable, "")) / "bin" / "python"
        if os.environ.get(variable) and candidate.exists():
            return str(candidate)
    return sys.executable
