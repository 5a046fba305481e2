"""Scripts that were written for Studio: what they import of it, on the path of their runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_SITE = str(Path(__file__).absolute().with_name("studio_site"))
_IMPORTS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+studio\b", re.MULTILINE)
_PATH = "PYTHONPATH"


def imports_studio(texts: Iterable[bytes]) -> bool:
    """Whether one of the files imports Studio."""
    return any(_IMPORTS.search(text) for text in texts)


def studio_path(base: Mapping[str, str]) -> dict[str, str]:
    """The variables to set over `base`, so that `from studio import fs_tracker` is found.

    Behind what the user has there, before what is installed: Studio's own module knows of nothing
    but what Studio's workers lay out.
    """
    theirs = base.get(_PATH, "")
    return {_PATH: f"{theirs}{os.pathsep}{_SITE}" if theirs else _SITE}
