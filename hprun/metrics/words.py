"""The words of a metric's name, and those that name a part of the data."""

from __future__ import annotations

import re

_PIECES = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[A-Z]+\d*(?![a-z])|[A-Z]?[^\WA-Z_]+")

SPLITS = {
    **dict.fromkeys(("val", "valid", "validation", "eval", "evaluation", "dev"), "val"),
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Words for a part of the data, and one to stand for all of the same meaning."""


def pieces(name: str) -> list[str]:
    """Split at all that is no letter or digit: `val/mAP_50` gives val, mAP, 50."""
    return _PIECES.findall(name)


def parts(piece: str) -> list[str]:
    """Split a piece where a capital begins a word: `valLoss` gives val, loss."""
    return [part.lower() for part in _PARTS.findall(piece)]


def words(name: str) -> list[str]:
    """All words of a name in lower case, also those run together in CamelCase."""
    return [word for piece in pieces(name) for word in parts(piece)]
