"""The difference of two versions of a file, as lines to show."""

from __future__ import annotations

from hprun.errors import RenderError
from hprun.script.source import decode


def unified_diff(before: bytes, after: bytes, path: str) -> list[str]:
    """The unified diff, line by line without line ends; empty where nothing differs."""
    import difflib

    old, new = _lines(before, path), _lines(after, path)
    return list(difflib.unified_diff(old, new, f"{path} (yours)", f"{path} (trial)", lineterm=""))


def _lines(data: bytes, path: str) -> list[str]:
    """The file's lines; one that is not in its encoding shows a replacement character."""
    try:
        text = decode(data, path)[2] if path.endswith(".py") else data.decode("utf-8", "replace")
    except RenderError:
        text = data.decode("utf-8", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
