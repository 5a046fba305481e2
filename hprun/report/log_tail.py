"""The last lines of a log of any size."""

from __future__ import annotations

import re
from pathlib import Path

_BLOCK = 64 * 1024  # bytes: enough for a traceback, little to read
_LONG = 300  # characters of a line that are worth showing
_NOT_FOUND = re.compile(r"No such file or directory: '([^'\n]+)'")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def tail(path: Path, lines: int) -> list[str]:
    """The last lines, with what would move a terminal's cursor taken out; [] for no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _BLOCK))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    # A progress bar rewrites its line: what stood there last counts.
    last = [_CONTROL.sub("", line.rstrip("\r").rsplit("\r", 1)[-1]) for line in text.split("\n")]
    kept = [line for line in last if line.strip()][-lines:]
    return [line if len(line) <= _LONG else line[:_LONG] + " …" for line in kept]


def not_copied(log: Path, workspace: Path) -> str:
    """The top folder or file that a run missed though the workspace has it; "" if that is not it.

    For the hint that git ignores what the script reads.
    """
    for line in reversed(tail(log, 4)):
        found = _NOT_FOUND.search(line)
        if found:
            path = Path(found[1])
            inside = not path.is_absolute() and ".." not in path.parts
            return path.parts[0] if inside and (workspace / path).exists() else ""
    return ""
