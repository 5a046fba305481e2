"""Names that a mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Collection


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A hint that offers the nearest of the known names, or nothing where none is near.

    `lr` is near `Config.lr`, and the other way round.
    """
    import difflib

    last = name.rpartition(".")[2]
    near = difflib.get_close_matches(name, known, n=3) or [
        candidate for candidate in known if candidate.rpartition(".")[2] == last
    ]
    return f"did you mean {' or '.join(near)}?" if near else ""
