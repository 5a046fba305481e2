"""What `--search` names: a strategy of hprun's, an entry point, or a class in a file or module."""

from __future__ import annotations

import os
import re
from collections.abc import Container
from dataclasses import replace
from pathlib import Path

from hprun.dataclass import dataclass
from hprun.errors import ConfigError

_IN_A_FILE = re.compile(r"(?P<source>.+?\.py):(?P<name>[^\W\d]\w*)(?::(?P<options>.*))?", re.DOTALL)
_IN_A_MODULE = re.compile(
    r"(?P<source>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)(?::(?P<options>.*))?", re.DOTALL
)
_A_FILE = re.compile(r"(.+?\.py)(:.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """A strategy as it is named: `tpe`, `FILE.py:CLASS`, `MODULE:CLASS`; `str` gives that.

    `source` is the file or the module, and "" for a name alone. `options` is the text behind it.
    """

    name: str
    source: str = ""
    options: str = ""

    @property
    def is_file(self) -> bool:
        """Whether the class is in a file that is named by its path."""
        return self.source.endswith(".py")

    def __str__(self) -> str:
        return f"{self.source}:{self.name}" if self.source else self.name


def read_reference(text: str, own: Container[str]) -> Reference:
    """Read `NAME`, `FILE.py:CLASS` or `MODULE:CLASS`, each with `:OPTION=VALUE,…` behind it.

    A word before the first colon that is in `own` names a strategy of hprun's, whatever follows.
    Else what stands behind the colon is a class, unless it has a `=`. Raises ConfigError for a
    file without a class.
    """
    name, _, options = text.partition(":")
    if name in own:
        return Reference(name, options=options)
    found = _IN_A_FILE.fullmatch(text)
    if found is None and (file := _A_FILE.fullmatch(text)):
        raise ConfigError(
            f"--search {text} does not say which class of {file[1]}", hint=f"write {file[1]}:CLASS"
        )
    found = found or _IN_A_MODULE.fullmatch(text)
    if found is None:
        return Reference(name, options=options)
    return Reference(found["name"], found["source"], found["options"] or "")


def moved(text: str, own: Container[str], here: Path, workspace: Path) -> str:
    """The same for a search that lies in `workspace`: a file `here` is named as seen from there.

    However a file is named, the search is the same, and goes on where its workspace is moved to.
    """
    reference = read_reference(text, own)
    if not reference.is_file:
        return text
    full = os.path.normpath(here / Path(reference.source).expanduser())
    relative = Path(os.path.relpath(full, workspace)).as_posix()
    options = f":{reference.options}" if reference.options else ""
    return f"{replace(reference, source=relative)}{options}"
