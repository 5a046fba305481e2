"""An error of somebody else's code in a few words: what, and in which line."""

from __future__ import annotations

import traceback
from pathlib import Path

_OURS = str(Path(__file__).parents[2])


def where(error: BaseException) -> str:
    """`ZeroDivisionError: division by zero (mine.py line 12)`."""
    words = "".join(traceback.format_exception_only(type(error), error)[-1:]).strip()
    place = _place(error)
    return f"{words} ({place})" if place else words


def story(error: BaseException) -> list[str]:
    """The traceback in lines, from where the other code begins; none where there is nothing."""
    frames = _theirs(error)
    return "".join(traceback.format_list(frames)).splitlines()


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name} line {error.lineno}"
    frames = _theirs(error)
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"{Path(own[-1].filename).name} line {own[-1].lineno}" if own else ""


def _theirs(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames from the first one that is neither hprun's nor the import system's."""
    frames = traceback.extract_tb(error.__traceback__)
    for place, frame in enumerate(frames):
        if not frame.filename.startswith((_OURS, "<frozen importlib")):
            return frames[place:]
    return []
