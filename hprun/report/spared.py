"""What stopping runs early has spared."""

from __future__ import annotations

from collections.abc import Iterable

from hprun.model import Outcome
from hprun.report.words import count_words
from hprun.store import EndedPart


def spared_words(parts: Iterable[EndedPart]) -> str:
    """A sentence on how many runs were stopped early, and how much less was trained by that.

    A run that would have gone on is taken for as long as the longest that completed; "" where
    none was stopped.
    """
    ended = list(parts)
    stopped = [part for part in ended if part.outcome is Outcome.STOPPED]
    if not stopped:
        return ""
    whole = max((_values(p) for p in ended if p.outcome is Outcome.COMPLETED), default=0)
    words = f"{count_words(len(stopped), 'run was', 'runs were')} stopped early"
    if not whole:
        return f"{words}."
    done = sum(map(_values, ended))
    all_ = done + sum(max(0, whole - _values(part)) for part in stopped)
    return f"{words}: {100 * (1 - done / all_):.0f} % less to train than all to their end."


def _values(part: EndedPart) -> int:
    track = part.detail.get("track")
    return int(track["values"]) if track else 0
